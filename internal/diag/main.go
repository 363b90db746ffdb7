package diag

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"runbook/internal/report"
	"runbook/internal/secret"
	"runbook/internal/stack"
)

// The exit statuses of a run.
const (
	statusGo       = 0 // nothing at or above the gate failed or could not be judged
	statusStop     = 1 // something failed
	statusHold     = 3 // nothing failed, something could not be judged
	statusUnusable = 4 // no page ran, or the input is unusable
)

// waiting is how many pages run at once unless -parallel says otherwise: they wait
// for answers and do not compute, so the number of cores is no measure.
const waiting = "64"

// Main runs the pages of a test binary and exits. Call it from TestMain with the
// embedded source of the pages, whose doc comments are what a failing page shows;
// the closers release what pages share, when all have ended.
//
// The run happens in a child process: its parent takes the secrets out of whatever
// the child prints, a panic's trace included, and judges a run that was killed.
func Main(m *testing.M, pages fs.FS, closers ...func()) {
	severity := flag.String("severity", "", "run the pages of these severities only, such as P0,P1 (SMOKE_SEVERITY)")
	gate := flag.String("gate", "", "fail the run for pages of this severity or worse only (SMOKE_GATE)")
	parseFlags()
	if flag.Lookup("test.list").Value.String() != "" {
		os.Exit(m.Run())
	}
	if err := enterModule(); err != nil {
		unusable(err)
	}
	s, err := stack.Load(append(os.Environ(), asEnviron("SMOKE_SEVERITY", *severity), asEnviron("SMOKE_GATE", *gate)))
	redactor := secret.NewRedactor(s.Secrets()...)
	if err != nil {
		abort(s, redactor, err)
	}
	if os.Getenv(supervised) == "" {
		os.Exit(supervise(s, redactor))
	}
	docs, err := readDocs(pages)
	if err != nil {
		unusable(err)
	}
	if err := required(s, docs); err != nil {
		abort(s, redactor, err)
	}
	ctx, cancel := runContext(s.Duration("SMOKE_TIMEOUT"))
	defer cancel()
	journal, err := open(s, redactor)
	if err != nil {
		unusable(err)
	}
	current = &run{stack: s, journal: journal, docs: docs, ctx: ctx, redactor: redactor}
	os.Exit(current.execute(m, closers))
}

// parseFlags ends the run for a flag that there is not, as for any unusable input.
func parseFlags() {
	flag.CommandLine.Init(os.Args[0], flag.ContinueOnError)
	switch err := flag.CommandLine.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		os.Exit(statusUnusable)
	}
}

// required reports a subsystem that SMOKE_REQUIRE lists and no page looks at.
func required(s *stack.Stack, docs map[string]string) error {
	for _, subsystem := range stack.Subsystems {
		looked := false
		for page := range docs {
			looked = looked || strings.HasPrefix(page, "Test"+subsystem)
		}
		if !looked && s.Lists("SMOKE_REQUIRE", subsystem) {
			return fmt.Errorf("SMOKE_REQUIRE lists %s, which no page looks at", subsystem)
		}
	}
	return nil
}

// asEnviron is a flag as an environment variable; one that was not given has no name.
func asEnviron(name, value string) string {
	if value == "" {
		return ""
	}
	return name + "=" + value
}

// enterModule makes the module's root the working directory under go test, which
// starts a test in its package's folder: file names and the report folder are then
// relative to where the engineer stands. A compiled binary stays where it is started.
func enterModule() error {
	if _, err := os.Stat("main_test.go"); err != nil {
		return nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if module(filepath.Join(dir, "go.mod")) == ours() {
			return os.Chdir(dir)
		}
	}
	return nil
}

func ours() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Path
	}
	return ""
}

// module returns the module path in the first line of a go.mod file.
func module(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Scan()
	return strings.TrimPrefix(lines.Text(), "module ")
}

// runContext ends with SMOKE_TIMEOUT or when the run is interrupted.
func runContext(timeout time.Duration) (context.Context, context.CancelFunc) {
	interrupted, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		stop(&ended{fmt.Sprintf("the run was interrupted (%s)", <-signals), "interrupted"})
	}()
	end := &ended{fmt.Sprintf("SMOKE_TIMEOUT of %s spent", timeout), outOfTime}
	return context.WithTimeoutCause(interrupted, timeout, end)
}

func reports(s *stack.Stack) string {
	return filepath.Join(s.Setting("SMOKE_REPORTS"), s.Setting("ENVIRONMENT"))
}

// open begins the report; what an earlier run left beside it goes.
func open(s *stack.Stack, redactor *secret.Redactor) (*report.Journal, error) {
	for _, old := range []string{evidence(s), summaryFile(s)} {
		if err := os.RemoveAll(old); err != nil {
			return nil, err
		}
	}
	return report.Open(reports(s), report.Run{
		Environment: s.Setting("ENVIRONMENT"),
		Provider:    s.Provider(),
		Started:     time.Now(),
	}, redactor.Redact)
}

// abort ends a run whose input is unusable: with a report that says so, so that no
// dashboard reads an earlier one.
func abort(s *stack.Stack, redactor *secret.Redactor, err error) {
	err = errors.New(redactor.Redact(err.Error()))
	journal, opened := open(s, redactor)
	if opened == nil {
		opened = journal.Abort(err.Error())
	}
	unusable(errors.Join(err, opened))
}

func unusable(err error) {
	complain(err.Error())
	os.Exit(statusUnusable)
}

func complain(text string) { _, _ = fmt.Fprintln(os.Stderr, "smoke: "+oneLine(text)) }
