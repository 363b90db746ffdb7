// Package pgserver runs a real PostgreSQL of its own, in a temporary folder,
// for the local stack and for tests: TLS when given a certificate, SCRAM for
// every login, loopback only. Nothing it holds is meant to survive it, so it
// trades durability for speed; it is no way to keep data.
//
// The server is the machine's own where there is one: the folder named by
// POSTGRES_BIN, PATH, or where Debian, Homebrew and Postgres.app put it. Else
// its binaries are downloaded once, into runbook/postgres below the user's
// cache folder (os.UserCacheDir), from the Maven repository named by
// POSTGRES_REPOSITORY or, without it, the public one.
package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runbook/internal/ca"
	"runbook/internal/scratch"
)

// portAttempts bounds how often a port is lost to another process between
// being found free and being bound. Once is rare; five times is not chance.
const portAttempts = 5

// Options says what a server is to be. The zero value is a server without TLS
// on a free port.
type Options struct {
	Port     int               // 0: a free one
	TLS      ca.Pair           // what the server presents; zero: TLS off
	Settings map[string]string // of postgresql.conf, over this package's own
}

// Server is a running PostgreSQL. Its methods are not for concurrent use, save
// Connect and URL.
type Server struct {
	Port    int
	Dir     string // holds the data folder and the server's log; removed by Stop
	Version string // as the server says it, such as "15.18"

	folder   *scratch.Dir
	runAs    account
	binaries string
	settings map[string]string
	password string // of the superuser
	process  *process
}

// Start makes a cluster and starts a server on it, and returns when it answers.
// The caller ends it with Stop. Cancelling ctx ends the start, not the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	return start(ctx, o, freePort)
}

func start(ctx context.Context, o Options, port func() (int, error)) (*Server, error) {
	folder, err := scratch.New("runbook-postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: folder.Path, folder: folder, password: rand.Text(), settings: settings(o)}
	err = s.prepare(ctx, o)
	if err == nil {
		err = s.listen(ctx, o.Port, port)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting PostgreSQL: %w", err), s.Stop())
	}
	return s, nil
}

// prepare brings everything into the folder that the server reads at start.
func (s *Server) prepare(ctx context.Context, o Options) (err error) {
	if s.runAs, err = unprivileged(); err != nil {
		return err
	}
	if s.binaries, err = s.findBinaries(ctx); err != nil {
		return err
	}
	if err := s.makeCluster(ctx); err != nil {
		return err
	}
	if o.TLS.Certificate == nil {
		return nil
	}
	return s.writeCertificate(o.TLS)
}

// listen starts the server on the port wanted, or when that is 0 on the first
// that next offers and nobody else has taken meanwhile.
func (s *Server) listen(ctx context.Context, wanted int, next func() (int, error)) (err error) {
	for attempt := 1; ; attempt++ {
		s.Port = wanted
		if wanted == 0 {
			if s.Port, err = next(); err != nil {
				return err
			}
		}
		err = s.run(ctx)
		if err == nil || wanted != 0 || attempt == portAttempts || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
}

// Stop ends the server and removes its folder. A second call does nothing.
func (s *Server) Stop() error {
	return errors.Join(s.Halt(), s.folder.Remove())
}

// URL is the address of a database of this server as the role given sees it,
// without any parameter.
func (s *Server) URL(role, password, database string) *url.URL {
	return &url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(role, password),
		Host:   net.JoinHostPort(loopback, strconv.Itoa(s.Port)),
		Path:   "/" + database,
	}
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

func (s *Server) logFile() string { return filepath.Join(s.Dir, "log") }

// own gives path, made by this process, to the account the server runs as.
func (s *Server) own(path string) error {
	if s.runAs.current {
		return nil
	}
	return os.Chown(path, int(s.runAs.uid), int(s.runAs.gid))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
