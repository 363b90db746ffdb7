package pgserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"runbook/internal/ca"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ownerEnv = "PGSERVER_TEST_OWNER"

// TestMain lets the test binary stand in for another run: it starts a server,
// names its folder and process, and waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv(ownerEnv) == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.Dir, s.process.cmd.Process.Pid)
	select {}
}

func TestLoginIsVerifiedAndByPassword(t *testing.T) {
	authority, pair := certified(t, "127.0.0.1")
	s := running(t, Options{TLS: pair})
	const password = `p@ss/%+" &word`
	require.NoError(t, s.Exec(t.Context(), "postgres", "CREATE ROLE app LOGIN PASSWORD '"+password+"'"))

	conn := login(t, s.URL("app", password, "postgres"), "sslmode=verify-full&sslrootcert="+url.QueryEscape(authority))

	assert.IsType(t, &tls.Conn{}, conn.PgConn().Conn())
	var mechanism string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW password_encryption").Scan(&mechanism))
	assert.Equal(t, "scram-sha-256", mechanism)

	_, err := pgx.Connect(t.Context(), s.URL("app", "wrong", "postgres").String())
	assert.Equal(t, "28P01", sqlState(err), "%v", err)
}

func TestCertificateChangesWhileItRuns(t *testing.T) {
	_, pair := certified(t, "127.0.0.1")
	s := running(t, Options{TLS: pair})
	authority, other := certified(t, "db.example.org")
	trusting := "sslmode=verify-full&sslrootcert=" + url.QueryEscape(authority)

	require.NoError(t, s.SetCertificate(t.Context(), other))
	_, err := pgx.Connect(t.Context(), with(s.URL(superuser, s.password, "postgres"), trusting))
	assert.ErrorAs(t, err, new(x509.HostnameError))

	require.NoError(t, s.Configure(t.Context(), "ssl", "off"))
	_, err = pgx.Connect(t.Context(), with(s.URL(superuser, s.password, "postgres"), trusting))
	assert.ErrorContains(t, err, "server refused TLS connection")
}

func TestStandbyIsInRecovery(t *testing.T) {
	s := running(t, Options{})
	port := s.Port

	require.NoError(t, s.Standby(t.Context()))

	assert.Equal(t, port, s.Port)
	var recovering bool
	conn := login(t, s.URL(superuser, s.password, "postgres"), "")
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&recovering))
	assert.True(t, recovering)
}

func TestStopLeavesNothing(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	pid := s.process.cmd.Process.Pid
	login(t, s.URL(superuser, s.password, "postgres"), "")

	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop())

	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	assert.NoDirExists(t, s.Dir)
	_, err = net.Dial("tcp", s.URL("", "", "").Host)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestAPortLostToAnotherIsReplaced(t *testing.T) {
	squatter, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer squatter.Close()
	taken := squatter.Addr().(*net.TCPAddr).Port
	offers := 0

	s, err := start(t.Context(), Options{}, func() (int, error) {
		if offers++; offers == 1 {
			return taken, nil
		}
		return freePort()
	})

	require.NoError(t, err)
	defer s.Stop()
	assert.Equal(t, 2, offers)
	assert.NotEqual(t, taken, s.Port)
}

func TestAPortAskedForAndTakenIsAnError(t *testing.T) {
	squatter, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer squatter.Close()

	_, err = Start(t.Context(), Options{Port: squatter.Addr().(*net.TCPAddr).Port})

	require.ErrorContains(t, err, "Address already in use")
	assert.NotContains(t, err.Error(), "\n")
}

func TestACancelledStartLeavesNothing(t *testing.T) {
	root := passable(t)
	t.Setenv("TMPDIR", root)
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)

	_, err := Start(ctx, Options{})

	require.Error(t, err)
	left, err := os.ReadDir(root)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestTheKilledLeaveNoServerAndTheirFolderIsSwept(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process that its parent has died; elsewhere the server ends a minute after the sweep")
	}
	t.Setenv("TMPDIR", passable(t))
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerEnv+"=1")
	owner.Stderr = os.Stderr
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	var dir string
	var pid int
	_, err = fmt.Fscan(bufio.NewReader(out), &dir, &pid)
	require.NoError(t, err)

	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())

	require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, 20*time.Second, pollInterval)
	require.DirExists(t, dir)
	running(t, Options{})
	assert.NoDirExists(t, dir)
}

func TestSettingsReachTheServer(t *testing.T) {
	s := running(t, Options{Settings: map[string]string{"application_name": "it's", "max_connections": "7"}})
	conn := login(t, s.URL(superuser, s.password, "postgres"), "")
	for setting, want := range map[string]string{
		"application_name": "it's", "max_connections": "7", "listen_addresses": "127.0.0.1", "ssl": "off",
	} {
		var got string
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&got))
		assert.Equal(t, want, got, setting)
	}
}

func running(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	return s
}

func certified(t *testing.T, host string) (authorityFile string, pair ca.Pair) {
	t.Helper()
	authority, err := ca.New("test")
	require.NoError(t, err)
	pair, err = authority.Issue(ca.Request{Hosts: []string{host}})
	require.NoError(t, err)
	authorityFile = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(authorityFile, authority.PEM(), 0o600))
	return authorityFile, pair
}

func login(t *testing.T, address *url.URL, query string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), with(address, query))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func with(address *url.URL, query string) string {
	address.RawQuery = query
	return address.String()
}

func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// passable is a temporary folder that other accounts may pass through, which
// t.TempDir is not.
func passable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711))
	return dir
}
