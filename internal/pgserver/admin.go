package pgserver

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"runbook/internal/ca"

	"github.com/jackc/pgx/v5"
)

// Connect opens a session of the superuser, without TLS, so that no fault of
// the server's certificate is in its way. The caller closes it.
func (s *Server) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	address := s.URL(superuser, s.password, database)
	address.RawQuery = "sslmode=disable"
	return pgx.Connect(ctx, address.String())
}

// Exec runs SQL as the superuser in a session of its own. Several statements
// separated by semicolons are one transaction.
func (s *Server) Exec(ctx context.Context, database, sql string) error {
	conn, err := s.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// Configure changes a setting and reloads. Settings that need a restart take
// hold at the next Restart.
func (s *Server) Configure(ctx context.Context, setting, value string) error {
	s.settings[setting] = value
	if err := s.writeConfiguration(); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// SetCertificate changes what the server presents to new connections.
func (s *Server) SetCertificate(ctx context.Context, pair ca.Pair) error {
	if err := s.writeCertificate(pair); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// Standby restarts the server as a standby that follows nobody: it answers, in
// recovery, and takes no writes.
func (s *Server) Standby(ctx context.Context) error {
	if err := s.write(filepath.Join(s.data(), "standby.signal"), ""); err != nil {
		return err
	}
	return s.Restart(ctx)
}

// Reload has the server read its files again and returns when connections
// opened from now on see them.
func (s *Server) Reload(ctx context.Context) error {
	before, err := s.loaded(ctx)
	if err != nil {
		return fmt.Errorf("reloading PostgreSQL: %w", err)
	}
	if err := s.process.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return fmt.Errorf("reloading PostgreSQL: %w", err)
	}
	for {
		after, err := s.loaded(ctx)
		if err != nil {
			return fmt.Errorf("reloading PostgreSQL: %w", err)
		}
		if after.After(before) {
			return nil
		}
		time.Sleep(pollInterval)
	}
}

// loaded is when the configuration was read that a new session sees.
func (s *Server) loaded(ctx context.Context) (at time.Time, err error) {
	conn, err := s.Connect(ctx, "postgres")
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT pg_conf_load_time()").Scan(&at)
	return at, err
}
