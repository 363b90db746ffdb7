package child_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The terminal sends Ctrl-C to the command itself: it is not sent again.
func TestCtrlCReachesTheCommandOnce(t *testing.T) {
	t.Parallel()
	keyboard, terminal := pseudoterminal(t)
	wrapper := exec.Command(os.Args[0], os.Args[0])
	wrapper.Env = append(os.Environ(), role+"=wrapper")
	wrapper.Stdin = terminal
	wrapper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	out := begin(t, wrapper)
	number(t, out)

	// Two signals of a kind that come close together are one. So the wrapper
	// stands still until the command has had the terminal's.
	require.NoError(t, wrapper.Process.Signal(syscall.SIGSTOP))
	_, err := keyboard.WriteString("\x03")
	require.NoError(t, err)
	assert.Equal(t, "asked", line(t, out))
	require.NoError(t, wrapper.Process.Signal(syscall.SIGCONT))

	assert.Equal(t, "done", line(t, out))
	assert.Equal(t, 9, exit(t, wrapper))
}

func TestTheCommandMayReadFromTheTerminal(t *testing.T) {
	t.Parallel()
	keyboard, terminal := pseudoterminal(t)
	wrapper := exec.Command(os.Args[0], "sh", "-c", "echo ready; read answer; echo got $answer")
	wrapper.Env = append(os.Environ(), role+"=wrapper")
	wrapper.Stdin = terminal
	wrapper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	out := begin(t, wrapper)
	require.Equal(t, "ready", line(t, out))

	_, err := keyboard.WriteString("yes\n")
	require.NoError(t, err)

	assert.Equal(t, "got yes", line(t, out))
}

func TestTheCommandEndsWithItsKilledParent(t *testing.T) {
	t.Parallel()
	wrapper, out := start(t, nil, "sh", "-c", "echo $$; exec sleep 1000")
	command := number(t, out)

	require.NoError(t, wrapper.Process.Kill())

	assertEnds(t, command)
}

func pseudoterminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { keyboard.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}
