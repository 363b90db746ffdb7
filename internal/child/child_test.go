package child_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"runbook/internal/child"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// role says what the test binary stands in for: a process that runs a command,
// or such a command.
const role = "CHILD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "wrapper":
		os.Setenv(role, "counter")
		status, err := child.Run(os.Args[1:], os.Environ(), child.Signals())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(status)
	case "counter":
		count()
	default:
		// A shell starts background jobs with SIGINT ignored; what is started
		// from here is to have it as usual.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGINT)
		os.Exit(m.Run())
	}
}

// count says its process id and then each time it is asked to end. It waits a
// little after the last, for one that should not come.
func count() {
	asked := make(chan os.Signal, 9)
	signal.Notify(asked, syscall.SIGINT)
	fmt.Println(os.Getpid())
	<-asked
	for {
		fmt.Println("asked")
		select {
		case <-asked:
		case <-time.After(500 * time.Millisecond):
			fmt.Println("done")
			os.Exit(9)
		}
	}
}

func TestStatusIsTheCommands(t *testing.T) {
	for script, want := range map[string]int{
		"exit 0": 0, "exit 7": 7, "kill -KILL $$": 128 + 9, "kill -TERM $$": 128 + 15,
	} {
		status, err := child.Run([]string{"sh", "-c", script}, os.Environ(), nil)
		require.NoError(t, err)
		assert.Equal(t, want, status, script)
	}
	_, err := child.Run([]string{"/nonexistent/command"}, nil, nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestASignalReachesTheCommandOnce(t *testing.T) {
	for name, target := range map[string]func(pid int) int{
		"sent to the process":       func(pid int) int { return pid },
		"sent to its process group": func(pid int) int { return -pid },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrapper, out := start(t, &syscall.SysProcAttr{Setpgid: true}, os.Args[0])
			command := number(t, out)
			group, err := syscall.Getpgid(command)
			require.NoError(t, err)
			assert.Equal(t, command, group, "what is sent to the wrapper's group passes the command by")

			require.NoError(t, syscall.Kill(target(wrapper.Process.Pid), syscall.SIGINT))

			assert.Equal(t, "asked", line(t, out))
			assert.Equal(t, "done", line(t, out))
			assert.Equal(t, 9, exit(t, wrapper))
		})
	}
}

func TestASecondSignalKillsAllThatTheCommandStarted(t *testing.T) {
	t.Parallel()
	wrapper, out := start(t, nil, "sh", "-c", `trap 'echo asked' TERM; sleep 1000 & echo $!; while :; do wait; done`)
	grandchild := number(t, out)
	t.Cleanup(func() { syscall.Kill(grandchild, syscall.SIGKILL) })

	require.NoError(t, wrapper.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "asked", line(t, out))
	require.NoError(t, wrapper.Process.Signal(syscall.SIGTERM))

	assert.Equal(t, 128+9, exit(t, wrapper))
	assertEnds(t, grandchild)
}

// start runs argv in a wrapper with these attributes.
func start(t *testing.T, attr *syscall.SysProcAttr, argv ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	wrapper := exec.Command(os.Args[0], argv...)
	wrapper.Env = append(os.Environ(), role+"=wrapper")
	wrapper.Stderr = os.Stderr
	wrapper.SysProcAttr = attr
	return wrapper, begin(t, wrapper)
}

// begin starts the wrapper; no test leaves it running.
func begin(t *testing.T, wrapper *exec.Cmd) *bufio.Reader {
	t.Helper()
	out, err := wrapper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, wrapper.Start())
	t.Cleanup(func() {
		wrapper.Process.Kill()
		wrapper.Wait()
	})
	return bufio.NewReader(out)
}

func line(t *testing.T, out *bufio.Reader) string {
	t.Helper()
	text, err := out.ReadString('\n')
	if !errors.Is(err, io.EOF) {
		require.NoError(t, err)
	}
	return strings.TrimSpace(text)
}

func number(t *testing.T, out *bufio.Reader) int {
	t.Helper()
	n, err := strconv.Atoi(line(t, out))
	require.NoError(t, err)
	return n
}

func exit(t *testing.T, wrapper *exec.Cmd) int {
	t.Helper()
	var ended *exec.ExitError
	require.ErrorAs(t, wrapper.Wait(), &ended)
	return ended.ExitCode()
}

func assertEnds(t *testing.T, pid int) {
	t.Helper()
	assert.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, 10*time.Second, 10*time.Millisecond)
}
