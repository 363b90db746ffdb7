package scratch_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"runbook/internal/scratch"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ownerEnv = "SCRATCH_TEST_OWNER"

// TestMain lets the test binary stand in for another run: it owns a folder,
// names it, and waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv(ownerEnv) == "" {
		os.Exit(m.Run())
	}
	dir, err := scratch.New("owned")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(dir.Path)
	select {}
}

func TestRemoveLeavesNothing(t *testing.T) {
	root := temporary(t)
	dir, err := scratch.New("run")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir.Path+"/file", nil, 0o600))

	require.NoError(t, dir.Remove())
	require.NoError(t, dir.Remove())

	assert.Empty(t, entries(t, root))
}

func TestLivingOwnersKeepTheirFolders(t *testing.T) {
	temporary(t)
	first, err := scratch.New("run")
	require.NoError(t, err)
	defer first.Remove()

	second, err := scratch.New("run")
	require.NoError(t, err)
	defer second.Remove()

	assert.DirExists(t, first.Path)
}

func TestFoldersOfTheKilledAreSwept(t *testing.T) {
	root := temporary(t)
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerEnv+"=1")
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	path, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	path = path[:len(path)-1]

	living, err := scratch.New("owned")
	require.NoError(t, err)
	assert.DirExists(t, path, "its owner is alive")
	require.NoError(t, living.Remove())

	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	other, err := scratch.New("else")
	require.NoError(t, err)
	assert.DirExists(t, path, "another prefix is another's business")
	require.NoError(t, other.Remove())

	next, err := scratch.New("owned")
	require.NoError(t, err)
	assert.NoDirExists(t, path)
	require.NoError(t, next.Remove())
	assert.Empty(t, entries(t, root))
}

func temporary(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	t.Setenv("TMPDIR", root)
	return root
}

func entries(t *testing.T, root string) []os.DirEntry {
	t.Helper()
	found, err := os.ReadDir(root)
	require.NoError(t, err)
	return found
}
