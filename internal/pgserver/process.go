package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// patience is how long a server may take over each way of stopping before
	// it is told less politely. A fast shutdown of so small a server takes a
	// fraction of a second.
	patience = 4 * time.Second
	// pollInterval is the pause between two attempts to reach a server that is
	// starting: short beside the half second that takes.
	pollInterval = 20 * time.Millisecond
)

// process is the postmaster and how it ended.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
}

// run starts the server on the cluster and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	s.settings["port"] = fmt.Sprint(s.Port)
	if err := s.writeConfiguration(); err != nil {
		return err
	}
	log, err := os.Create(s.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(s.binaries, "postgres"), "-D", s.data())
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.Dir, environment(), s.runAs.attributes()
	cmd.Stdout, cmd.Stderr = log, log
	if s.process, err = launch(cmd); err != nil {
		return err
	}
	if err := s.awaitAnswer(ctx); err != nil {
		return errors.Join(err, s.Halt())
	}
	return nil
}

// launch starts cmd from a thread that lives as long as the process does,
// because the death of the starting thread is what the kernel takes for the
// death of the parent.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			close(p.ended)
		}
	}()
	return p, <-started
}

// awaitAnswer polls until the server lets its superuser in. SCRAM proves both
// ways, so that whoever answers is this server and not another on its port;
// whoever holds the port and never answers holds this up only until the server
// has given up on it.
func (s *Server) awaitAnswer(ctx context.Context) error {
	alive, died := context.WithCancel(ctx)
	defer died()
	ended := s.process.ended
	go func() {
		defer died()
		select {
		case <-ended:
		case <-alive.Done():
		}
	}()
	for {
		version, err := s.identify(alive)
		if err == nil {
			s.Version = version
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-alive.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
			}
			out, _ := os.ReadFile(s.logFile())
			return fmt.Errorf("postgres ended: %s", complaint(out))
		}
	}
}

func (s *Server) identify(ctx context.Context) (version string, err error) {
	conn, err := s.Connect(ctx, "postgres")
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SHOW server_version").Scan(&version)
	version, _, _ = strings.Cut(version, " ") // packagers add their own after it
	return version, err
}

// Halt ends the server and keeps its folder, for Restart. What does not end by
// a fast shutdown is made to. On a server that has ended it does nothing.
func (s *Server) Halt() error {
	if s.process == nil {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := s.process.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping PostgreSQL: %w", err)
		}
		select {
		case <-s.process.ended:
			s.process = nil
			return nil
		case <-time.After(patience):
		}
	}
	return fmt.Errorf("stopping PostgreSQL: process %d does not end", s.process.cmd.Process.Pid)
}

// Restart ends the server, if it runs, and starts it on the same port.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Halt(); err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("restarting PostgreSQL: %w", err)
	}
	return nil
}
