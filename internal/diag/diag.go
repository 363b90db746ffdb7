// Package diag is the frame of a page: what every diagnostic of the runbook has in
// common, so that a page holds its question and its verdict and nothing else.
//
// Begin tags a test, applies the severity filter, makes it parallel, gives it a
// budget of time and enters it in the report. Main runs the pages and turns their
// verdicts into an exit status. Diag asks nothing of a stack itself.
package diag

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"runbook/internal/report"
	"runbook/internal/stack"
)

// Subsystem is the part of the stack a page looks at; the page's name begins with it.
type Subsystem string

// The subsystems.
const (
	Database Subsystem = "Database"
	API      Subsystem = "API"
	Function Subsystem = "Function"
	Storage  Subsystem = "Storage"
	CDN      Subsystem = "CDN"
	State    Subsystem = "State"
)

// Severity says how bad it is when a page's claim is false.
type Severity string

// The severities: an outage, major impact, minor impact or a risk, information.
const (
	P0 Severity = "P0"
	P1 Severity = "P1"
	P2 Severity = "P2"
	P3 Severity = "P3"
)

// budget is how long a page may take unless it says Within: well below the
// minute that a whole run may take, and longer than the limits of the probes, so that
// a silent peer is named by its probe and not by the budget.
const budget = 10 * time.Second

// Within gives a page another budget than 10 s.
func Within(d time.Duration) func(*D) {
	return func(page *D) { page.budget = d }
}

// D is a page at work. It is a testing.TB: what testify asserts on it becomes the
// page's verdict, and Skip makes the page not applicable.
type D struct {
	testing.TB
	run    *run
	budget time.Duration
	ctx    context.Context
	handle report.Handle

	mu     sync.Mutex
	page   report.Page
	failed []string
	minor  []string
}

// Begin makes the test a page. Call it first; it returns when the page's turn has come.
func Begin(t *testing.T, subsystem Subsystem, severity Severity, options ...func(*D)) *D {
	t.Helper()
	if current == nil {
		t.Fatal("diag.Begin needs diag.Main in TestMain")
	}
	d := &D{TB: t, run: current, budget: budget}
	d.page = report.Page{Name: t.Name(), Subsystem: string(subsystem), Severity: string(severity), Started: time.Now()}
	for _, option := range options {
		option(d)
	}
	t.Attr("subsystem", d.page.Subsystem)
	t.Attr("severity", d.page.Severity)
	d.handle = d.run.begin(d.page)
	t.Cleanup(d.end)
	if d.run.deselects(d.page) {
		d.NotApplicable("not selected: severity %s", d.run.stack.Setting("SMOKE_SEVERITY"))
	}
	t.Parallel()
	d.page.Started = time.Now()
	spent := &ended{fmt.Sprintf("%s budget of %s spent", severity, d.budget), outOfTime}
	ctx, cancel := context.WithTimeoutCause(d.run.ctx, d.budget, spent)
	t.Cleanup(cancel)
	d.ctx = ctx
	return d
}

// Context ends with the page's budget or the run, whichever is first; its cause
// says which.
func (d *D) Context() context.Context { return d.ctx }

// Stack is what was deployed.
func (d *D) Stack() *stack.Stack { return d.run.stack }

// Saw records a measured fact: it is shown when the page fails and kept in the
// report always. Values of one name stand together; an empty one is no fact.
func (d *D) Saw(name string, value any) {
	if plain(value) == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, f := range d.page.Facts {
		if f.Name == name {
			d.page.Facts[i].Value += "; " + plain(value)
			return
		}
	}
	d.page.Facts = append(d.page.Facts, report.Fact{Name: name, Value: plain(value)})
}

// Attach keeps raw evidence, such as rows or headers, in a file of the report folder, which
// is named beside the facts. The secrets in it are masked.
func (d *D) Attach(name, content string) {
	file, err := d.run.attach(d.Name()+"."+name, content)
	if err != nil {
		complain(err.Error())
		return
	}
	d.Saw("evidence", file)
}

// NoError ends the page if there is an error. One that says of itself that nothing
// could be seen makes the page inconclusive, and so does the end of the page's
// time; any other makes it failed.
func (d *D) NoError(err error) {
	if err == nil {
		return
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ") // of errors that were joined
	if reason := d.inconclusive(err); reason != "" {
		d.mu.Lock()
		d.page.Verdict, d.page.Reason, d.page.Message = report.Inconclusive, reason, d.oneLine(text)
		var blocked interface{ BlockedBy() string }
		if errors.As(err, &blocked) {
			d.page.BlockedBy = blocked.BlockedBy()
		}
		d.mu.Unlock()
	} else {
		d.note(&d.failed, text)
	}
	d.TB.FailNow()
}

func (d *D) inconclusive(err error) string {
	var own interface{ Inconclusive() string }
	if errors.As(err, &own) {
		return own.Inconclusive()
	}
	if d.ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return outOfTime
	}
	return ""
}

// Degraded notes why a claim that holds is past a warning limit.
func (d *D) Degraded(format string, args ...any) { d.note(&d.minor, fmt.Sprintf(format, args...)) }

// NotApplicable ends the page of a stack that has no such thing.
func (d *D) NotApplicable(format string, args ...any) {
	d.Helper()
	d.mu.Lock()
	d.page.Verdict, d.page.Message = report.NotApplicable, d.oneLine(fmt.Sprintf(format, args...))
	d.mu.Unlock()
	d.TB.Skip(d.page.Message)
}

// Absent returns the error of a page whose output the stack does not have, where
// SMOKE_REQUIRE lists the page's subsystem; else the page ends as not applicable.
func (d *D) Absent(err error) error {
	d.Helper()
	if !d.Stack().Lists("SMOKE_REQUIRE", d.page.Subsystem) {
		d.NotApplicable("%v", err)
	}
	return fmt.Errorf("%s is required (SMOKE_REQUIRE): %w", d.page.Subsystem, err)
}

// Errorf records a failed assertion.
func (d *D) Errorf(format string, args ...any) {
	d.note(&d.failed, assertion(fmt.Sprintf(format, args...)))
	d.TB.Fail()
}

// Error records a failed assertion.
func (d *D) Error(args ...any) { d.Errorf("%s", strings.TrimSpace(fmt.Sprintln(args...))) }

// Fatalf records a failed assertion and ends the page.
func (d *D) Fatalf(format string, args ...any) { d.Errorf(format, args...); d.TB.FailNow() }

// Fatal records a failed assertion and ends the page.
func (d *D) Fatal(args ...any) { d.Error(args...); d.TB.FailNow() }

// Skip makes the page not applicable and ends it.
func (d *D) Skip(args ...any) {
	d.Helper()
	d.NotApplicable("%s", strings.TrimSpace(fmt.Sprintln(args...)))
}

// Skipf makes the page not applicable and ends it.
func (d *D) Skipf(format string, args ...any) {
	d.Helper()
	d.NotApplicable(format, args...)
}

func (d *D) note(to *[]string, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*to = append(*to, d.oneLine(text))
}

// end settles the verdict, shows what the operator needs and enters it in the report.
func (d *D) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.page.Took = time.Since(d.page.Started)
	d.settle(panicking())
	d.page.Text = d.run.redactor.Redact(d.text())
	if d.page.Text != "" {
		_, _ = fmt.Fprintln(d.TB.Output(), d.page.Text)
	}
	d.run.end(d.handle, d.page)
}

func (d *D) settle(panicked bool) {
	p := &d.page
	switch {
	case panicked:
		p.Verdict, p.Reason, p.Message = report.Inconclusive, "panicked", "the page panicked; the terminal has the trace"
	case len(d.failed) > 0:
		p.Verdict, p.Reason, p.Message = report.Failed, "", strings.Join(d.failed, "; ")
	case p.Verdict != "":
	case d.TB.Failed():
		p.Verdict, p.Message = report.Failed, "the page was marked as failed without a reason"
	case len(d.minor) > 0:
		p.Verdict, p.Message = report.Degraded, strings.Join(d.minor, "; ")
	default:
		p.Verdict = report.Passed
	}
}

// panicking tells whether the caller runs because a page panicked. The testing
// package calls cleanups before it reports a panic, when the test does not count
// as failed yet, and a cleanup cannot recover: only the stack tells.
func panicking() bool {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.gopanic" {
			return true
		}
		if !more {
			return false
		}
	}
}

func plain(value any) string {
	if d, ok := value.(time.Duration); ok && d > time.Millisecond {
		return d.Round(100 * time.Microsecond).String()
	}
	return fmt.Sprint(value)
}

// oneLine redacts before it folds white space, which a secret may hold.
func (d *D) oneLine(text string) string { return oneLine(d.run.redactor.Redact(text)) }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
