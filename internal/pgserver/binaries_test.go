package pgserver

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheNewestInstalledIsTaken(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"lib/9.6/bin", "lib/17/bin", "lib/16/bin", "lib/18/bin", "path"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, folder), 0o755))
		for _, name := range []string{"initdb", "postgres"} {
			require.NoError(t, os.WriteFile(filepath.Join(root, folder, name), nil, 0o755))
		}
	}
	require.NoError(t, os.Remove(filepath.Join(root, "lib/18/bin/postgres"))) // a client package alone
	patterns := []string{filepath.Join(root, "none", "*"), filepath.Join(root, "lib", "*", "bin")}

	found, ok := installed("relative:"+filepath.Join(root, "lib"), patterns)
	assert.True(t, ok)
	assert.Equal(t, filepath.Join(root, "lib/17/bin"), found)

	found, ok = installed(filepath.Join(root, "path"), patterns)
	assert.True(t, ok)
	assert.Equal(t, filepath.Join(root, "path"), found, "PATH goes before packages")

	_, ok = installed("", patterns[:1])
	assert.False(t, ok)
}

func TestPOSTGRES_BINIsTakenAtItsWord(t *testing.T) {
	t.Setenv("POSTGRES_BIN", t.TempDir())

	_, err := Start(t.Context(), Options{})

	assert.ErrorContains(t, err, "no initdb and postgres in that folder")
}

func TestWithoutPostgreSQLAndNetworkTheErrorSaysWhatToDo(t *testing.T) {
	bare(t)
	closed := httptest.NewServer(nil)
	closed.Close()
	t.Setenv("POSTGRES_REPOSITORY", closed.URL)

	_, err := Start(t.Context(), Options{})

	for _, part := range []string{"apt-get install postgresql", "brew install postgresql", "POSTGRES_BIN", closed.URL} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "\n")
}

// The repository serves this machine's own PostgreSQL, laid out as the real one
// lays out its archives.
func TestWithoutPostgreSQLItIsDownloadedOnce(t *testing.T) {
	archive := archived(t)
	bare(t)
	downloads := 0
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, string(downloaded)+".jar") {
			http.NotFound(w, r)
			return
		}
		downloads++
		w.Write(archive)
	}))
	defer repository.Close()
	t.Setenv("POSTGRES_REPOSITORY", repository.URL)

	for range 2 {
		s := running(t, Options{})
		assert.NotEmpty(t, s.Version)
		assert.False(t, strings.HasPrefix(s.binaries, "/usr"), s.binaries)
	}

	assert.Equal(t, 1, downloads)
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	left, err := filepath.Glob(filepath.Join(cache, "runbook", "postgres", ".unpack-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestADownloadEndsWithItsContext(t *testing.T) {
	bare(t)
	ctx, cancel := context.WithCancel(t.Context())
	stalled := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer stalled.Close()
	defer stalled.CloseClientConnections()
	t.Setenv("POSTGRES_REPOSITORY", stalled.URL)

	_, err := Start(ctx, Options{})

	assert.ErrorIs(t, err, context.Canceled)
}

// bare makes the machine one without PostgreSQL and with an empty cache.
func bare(t *testing.T) {
	t.Helper()
	before := packaged
	packaged = nil
	t.Cleanup(func() { packaged = before })
	t.Setenv("PATH", "/nonexistent")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", "")
}

// archived packs this machine's PostgreSQL: an xz-compressed tar with bin, lib
// and share, in a jar. The folders keep their places relative to each other,
// by which the binaries find their files.
func archived(t *testing.T) []byte {
	t.Helper()
	xz, err := exec.LookPath("xz")
	if err != nil {
		t.Skip("packing the archive needs xz")
	}
	binaries, ok := installed(os.Getenv("PATH"), packaged)
	if !ok {
		t.Skip("this machine has no PostgreSQL to pack")
	}
	initdb, err := filepath.EvalSymlinks(filepath.Join(binaries, "initdb"))
	require.NoError(t, err)
	binaries = filepath.Dir(initdb)
	prefix := filepath.Dir(binaries)
	if up, _, packaged := strings.Cut(prefix, "/lib/postgresql/"); packaged {
		prefix = up
	}

	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		add(t, w, prefix, filepath.Join(binaries, name))
		if filepath.Join(prefix, "bin") != binaries {
			target, err := filepath.Rel(filepath.Join(prefix, "bin"), filepath.Join(binaries, name))
			require.NoError(t, err)
			require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + name, Linkname: target}))
		}
	}
	for _, question := range []string{"--pkglibdir", "--sharedir"} {
		addAll(t, w, prefix, ask(t, binaries, question))
	}
	require.NoError(t, w.Close())

	compress := exec.Command(xz, "-0", "--threads=0", "--stdout")
	compress.Stdin = &packed
	txz, err := compress.Output()
	require.NoError(t, err)
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	member, err := z.CreateHeader(&zip.FileHeader{Name: "postgres.txz", Method: zip.Store})
	require.NoError(t, err)
	_, err = member.Write(txz)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return jar.Bytes()
}

func ask(t *testing.T, binaries, question string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(binaries, "pg_config"), question).Output()
	if err != nil {
		t.Skipf("finding the server's folders needs pg_config: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// addAll leaves out what no start reads: three quarters of the whole.
func addAll(t *testing.T, w *tar.Writer, prefix, folder string) {
	t.Helper()
	needed := regexp.MustCompile(`/(plpgsql|dict_snowball)[^/]*$|/share/.*\.(bki|sql|sample|txt)$|/timezonesets/|/tsearch_data/`)
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && needed.MatchString(path) && !strings.Contains(path, "/bitcode/") {
			add(t, w, prefix, path)
		}
		return err
	}))
}

func add(t *testing.T, w *tar.Writer, prefix, path string) {
	t.Helper()
	name, err := filepath.Rel(prefix, path)
	require.NoError(t, err)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	info, err := file.Stat()
	require.NoError(t, err)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size()}))
	_, err = io.Copy(w, file)
	require.NoError(t, err)
}
