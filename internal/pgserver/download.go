package pgserver

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloaded is the version that a machine without PostgreSQL gets.
const downloaded = embeddedpostgres.V17

// download fetches the binaries, or takes them from the cache, and returns
// their folder. Root unpacks them into the server's own folder each time: the
// account that runs them cannot enter root's cache.
func (s *Server) download(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "runbook", "postgres")
	home := filepath.Join(cache, string(downloaded))
	if !s.runAs.current {
		home = filepath.Join(s.Dir, "postgres")
	}
	binaries := filepath.Join(home, "bin")
	if complete(binaries) {
		return binaries, nil
	}
	done := make(chan error, 1)
	go func() { done <- s.unpack(cache, home) }()
	select {
	case err := <-done:
		return binaries, err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// unpack brings the binaries to home, whole or not at all. The library only
// downloads on its way to a server of its own, which root may not run; so it is
// given a data folder that passes for a cluster, gets as far as refusing to
// start on it, and what counts is what it has unpacked by then.
func (s *Server) unpack(cache, home string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(home), ".unpack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	unpacked, decoy := filepath.Join(work, "postgres"), filepath.Join(work, "decoy")
	if err := os.Mkdir(decoy, 0o700); err != nil {
		return err
	}
	major, _, _ := strings.Cut(string(downloaded), ".")
	if err := os.WriteFile(filepath.Join(decoy, "PG_VERSION"), []byte(major+"\n"), 0o600); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	config := embeddedpostgres.DefaultConfig().Version(downloaded).Port(uint32(port)).Logger(io.Discard).
		CachePath(cache).RuntimePath(filepath.Join(work, "runtime")).BinariesPath(unpacked).DataPath(decoy)
	if repository := os.Getenv("POSTGRES_REPOSITORY"); repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	before := libraryLogs()
	refusal := embeddedpostgres.NewDatabase(config).Start()
	for _, log := range libraryLogs() {
		if !slices.Contains(before, log) {
			os.Remove(log)
		}
	}
	if !complete(filepath.Join(unpacked, "bin")) {
		return refusal
	}
	if err := os.Rename(unpacked, home); err != nil && !complete(filepath.Join(home, "bin")) {
		return fmt.Errorf("keeping the binaries: %w", err)
	}
	return nil
}

// libraryLogs are the files that the library makes at every start, one each,
// and never removes or names.
func libraryLogs() []string {
	logs, _ := filepath.Glob(filepath.Join(os.TempDir(), "embedded_postgres_log*"))
	return logs
}
