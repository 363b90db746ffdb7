package pgserver

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"runbook/internal/ca"
)

const (
	loopback  = "127.0.0.1"
	superuser = "administrator"

	// hba asks everyone for a password, with or without TLS: whether a
	// connection is encrypted is for the client's sslmode to find out.
	hba = "host all all " + loopback + "/32 scram-sha-256\n"
)

// settings is the server's configuration before it knows its port.
func settings(o Options) map[string]string {
	s := map[string]string{
		"listen_addresses":        loopback,
		"unix_socket_directories": "",
		"password_encryption":     "scram-sha-256",
		"max_connections":         "20",
		"shared_buffers":          "16MB",
		"fsync":                   "off",
		"synchronous_commit":      "off",
		"full_page_writes":        "off",
		"lc_messages":             "C",
		"log_line_prefix":         "",
		"ssl":                     "off",
		"ssl_cert_file":           "server.crt",
		"ssl_key_file":            "server.key",
	}
	if o.TLS.Certificate != nil {
		s["ssl"] = "on"
	}
	maps.Copy(s, o.Settings)
	return s
}

// makeCluster runs initdb, with the superuser's password in a file: arguments
// are for all the machine to see.
func (s *Server) makeCluster(ctx context.Context) error {
	password := filepath.Join(s.Dir, "password")
	if err := s.write(password, s.password+"\n"); err != nil {
		return err
	}
	defer os.Remove(password)
	// initdb makes the data folder, in one that it may write.
	if err := os.Mkdir(s.data(), 0o700); err != nil {
		return err
	}
	if err := s.own(s.data()); err != nil {
		return err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(s.binaries, "initdb"),
		"--pgdata", s.data(), "--username", superuser, "--pwfile", password, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--wal-segsize", "1", "--no-sync")
	initdb.Dir, initdb.Env, initdb.SysProcAttr = s.Dir, environment(), s.runAs.attributes()
	initdb.Cancel = func() error { return initdb.Process.Signal(syscall.SIGTERM) }
	initdb.WaitDelay = 5 * time.Second // initdb removes what it made, which takes a moment
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, complaint(out))
	}
	return s.write(filepath.Join(s.data(), "pg_hba.conf"), hba)
}

// writeConfiguration replaces the configuration file that initdb made.
func (s *Server) writeConfiguration() error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(s.settings[name], "'", "''"))
	}
	return s.write(filepath.Join(s.data(), "postgresql.conf"), text.String())
}

func (s *Server) writeCertificate(pair ca.Pair) error {
	if err := s.write(filepath.Join(s.data(), "server.crt"), string(pair.Certificate)); err != nil {
		return err
	}
	return s.write(filepath.Join(s.data(), "server.key"), string(pair.Key))
}

// write makes a file that only the server's account can read.
func (s *Server) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return s.own(path)
}

// environment is all that a process of the server inherits: no PG* variable
// changes what it does, no secret of the caller is lent to another account.
// Without a locale the server refuses to start on macOS.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
}

// complaint is the line of a program's output that says what went wrong: where
// a port is taken the reason comes before the fatal error, which holds none.
func complaint(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, marker := range []string{"could not bind", "PANIC:", "FATAL:", "ERROR:", "error:", "child process"} {
		if i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, marker) }); i >= 0 {
			return strings.TrimSpace(lines[i])
		}
	}
	return lines[len(lines)-1]
}
