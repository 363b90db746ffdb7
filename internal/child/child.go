// Package child runs a command on behalf of whoever started this process, as
// if they had started it themselves: its streams are theirs, the signals they
// send reach it once, and its exit status is the one a shell would show. It
// does not pipe, time out or restart.
package child

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signals delivers from now on what asks this process to end, in place of
// ending it. Those that it was started to ignore, as under nohup, stay ignored.
func Signals() <-chan os.Signal {
	received := make(chan os.Signal, 4)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(received, s)
		}
	}
	return received
}

// Status is the exit status that stands for a signal, as shells have it.
func Status(s os.Signal) int {
	number, ok := s.(syscall.Signal)
	if !ok {
		return 1
	}
	return 128 + int(number)
}

// Run runs the command and returns its exit status once it has ended; the
// error says why it could not be started. The first signal is passed on, or
// left alone where the terminal has sent it to the command already; any
// further one kills.
//
// In the foreground of a terminal the command stays in this process's group,
// so that it may read from the terminal. Elsewhere it leads a group of its own,
// and signals go to the whole of it.
func Run(argv, environment []string, signals <-chan os.Signal) (status int, err error) {
	// The kernel tells a command that its parent has died when the thread
	// that started it has.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	foreground := inForeground()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environment, os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !foreground}
	dieWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	target := cmd.Process.Pid
	if !foreground {
		target = -target
	}
	for first := true; ; {
		select {
		case <-ended:
			return result(cmd.ProcessState), nil
		case received := <-signals:
			switch {
			case !first:
				syscall.Kill(target, syscall.SIGKILL)
			case !foreground || received == syscall.SIGTERM:
				syscall.Kill(target, received.(syscall.Signal))
			}
			first = false
		}
	}
}

func result(state *os.ProcessState) int {
	if how := state.Sys().(syscall.WaitStatus); how.Signaled() {
		return Status(how.Signal())
	}
	return state.ExitCode()
}

// inForeground tells whether a Ctrl-C of the controlling terminal, if there is
// one, reaches this process and all its group.
func inForeground() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
