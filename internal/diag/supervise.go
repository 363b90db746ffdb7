package diag

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"runbook/internal/report"
	"runbook/internal/secret"
	"runbook/internal/stack"
)

// supervised marks the child in which the pages run. Set by hand, it runs them
// without a parent, for a debugger.
const supervised = "RUNBOOK_SUPERVISED"

// supervise runs this binary again with the same arguments and returns its exit
// status. What the child prints passes through the redactor.
func supervise(s *stack.Stack, redactor *secret.Redactor) int {
	child, flush, err := childOf(redactor)
	if err != nil {
		unusable(err)
	}
	// The child is to die with this process, and Linux ties that to the thread.
	runtime.LockOSThread()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := child.Start(); err != nil {
		unusable(err)
	}
	go func() {
		for sig := range signals {
			_ = child.Process.Signal(sig)
		}
	}()
	err = child.Wait()
	flush()
	return outcome(s, child.ProcessState, err)
}

func childOf(redactor *secret.Redactor) (*exec.Cmd, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	child := exec.Command(self, os.Args[1:]...)
	child.Env = append(os.Environ(), supervised+"=1")
	child.SysProcAttr = dieWithParent()
	// Something a page started may hold the pipes open after the child is gone.
	child.WaitDelay = 2 * time.Second
	out := redactor.Writer(os.Stdout)
	child.Stdout, child.Stderr = out, out
	flush := func() { _ = out.Close() }
	if !oneFile(os.Stdout, os.Stderr) {
		errs := redactor.Writer(os.Stderr)
		child.Stderr = errs
		flush = func() { _, _ = out.Close(), errs.Close() }
	}
	return child, flush, nil
}

// oneFile tells whether both are the same pipe or terminal, as under go test: the
// order of what is printed there must then be kept.
func oneFile(a, b *os.File) bool {
	left, err := a.Stat()
	if err != nil {
		return false
	}
	right, err := b.Stat()
	return err == nil && os.SameFile(left, right)
}

// outcome returns the child's exit status. That of a child which was killed, panicked
// or left before its end is judged by what stands in its report.
func outcome(s *stack.Stack, state *os.ProcessState, waited error) int {
	if state.ExitCode() == statusUnusable {
		return statusUnusable
	}
	run, err := report.Read(filepath.Join(reports(s), "results.json"))
	known := []int{statusGo, statusStop, statusHold}
	if err == nil && run.Finished && slices.Contains(known, state.ExitCode()) {
		return state.ExitCode()
	}
	complain(fmt.Sprintf("the run ended early (%s): what had not ended is an error in %s", state, reports(s)))
	if err != nil {
		complain(errors.Join(err, waited).Error())
	}
	if judge(run.Pages, s.Setting("SMOKE_GATE")) == statusStop {
		return statusStop
	}
	return statusHold
}
