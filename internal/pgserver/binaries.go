package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// errNotFound tells what to do on a machine without PostgreSQL.
var errNotFound = errors.New("no PostgreSQL on this machine: " +
	"install it (apt-get install postgresql, brew install postgresql) or set POSTGRES_BIN to the folder of initdb and postgres")

// packaged is where packages put the binaries that they leave out of PATH,
// each pattern with one folder per major version.
var packaged = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian
	"/usr/pgsql-*/bin",                                   // Red Hat, from postgresql.org
	"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
}

// findBinaries is the folder that holds initdb and postgres.
func (s *Server) findBinaries(ctx context.Context) (string, error) {
	if named := os.Getenv("POSTGRES_BIN"); named != "" {
		if !complete(named) {
			return "", fmt.Errorf("POSTGRES_BIN=%s: no initdb and postgres in that folder", named)
		}
		return filepath.Abs(named)
	}
	if found, ok := installed(os.Getenv("PATH"), packaged); ok {
		return found, nil
	}
	binaries, err := s.download(ctx)
	if err != nil {
		return "", fmt.Errorf("%w; the download failed: %w", errNotFound, err)
	}
	return binaries, nil
}

// installed looks along path, then through the folders that match patterns,
// the newest version of each first.
func installed(path string, patterns []string) (folder string, ok bool) {
	for _, folder := range filepath.SplitList(path) {
		if filepath.IsAbs(folder) && complete(folder) {
			return folder, true
		}
	}
	for _, pattern := range patterns {
		folders, _ := filepath.Glob(pattern)
		slices.SortFunc(folders, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
		if i := slices.IndexFunc(folders, complete); i >= 0 {
			return folders[i], true
		}
	}
	return "", false
}

func complete(folder string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// major is the version in the name of a package's folder, such as 17 in
// postgresql@17; 0 where the name has none.
func major(folder string) float64 {
	name := filepath.Base(filepath.Dir(folder))
	version, _ := strconv.ParseFloat(strings.TrimLeftFunc(name, func(r rune) bool { return !unicode.IsDigit(r) }), 64)
	return version
}
