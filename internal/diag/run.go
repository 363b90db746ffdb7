package diag

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"runbook/internal/report"
	"runbook/internal/secret"
	"runbook/internal/stack"
)

// current is the run of this process; Main sets it before any page begins.
var current *run

// run is what the pages of a run share.
type run struct {
	stack    *stack.Stack
	journal  *report.Journal
	redactor *secret.Redactor
	docs     map[string]string
	ctx      context.Context
}

func (r *run) deselects(p report.Page) bool {
	return r.stack.Setting("SMOKE_SEVERITY") != "" && !r.stack.Lists("SMOKE_SEVERITY", p.Severity)
}

func (r *run) begin(p report.Page) report.Handle {
	handle, err := r.journal.Begin(p)
	if err != nil {
		complain(err.Error())
	}
	r.keepLive()
	return handle
}

func (r *run) end(handle report.Handle, p report.Page) {
	if err := r.journal.End(handle, p); err != nil {
		complain(err.Error())
	}
}

// evidence is the folder of a run's raw evidence, beside its report.
func evidence(s *stack.Stack) string { return filepath.Join(reports(s), "evidence") }

func (r *run) attach(name, content string) (file string, err error) {
	dir := evidence(r.stack)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	file = filepath.Join(dir, name)
	return file, os.WriteFile(file, []byte(r.redactor.Redact(content)), 0o644)
}

// execute runs the pages and returns the exit status. It returns in time also when a
// page does not: what has not ended stands in the report as an error.
func (r *run) execute(m *testing.M, closers []func()) int {
	if !given("test.parallel") {
		if err := flag.Set("test.parallel", waiting); err != nil {
			complain(err.Error())
		}
	}
	done := make(chan int, 1)
	go func() { done <- m.Run() }()
	select {
	case code := <-done:
		for _, release := range closers {
			release()
		}
		return r.conclude(code)
	case <-r.overdue():
		complain(fmt.Sprintf("%v and a page did not end; it is an error in the report", context.Cause(r.ctx)))
		return r.conclude(0)
	}
}

// overdue is closed some time after the run's end, which is enough for a page to
// clean up after itself.
func (r *run) overdue() <-chan struct{} {
	const grace = 5 * time.Second
	overdue := make(chan struct{})
	context.AfterFunc(r.ctx, func() { time.AfterFunc(grace, func() { close(overdue) }) })
	return overdue
}

func given(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// conclude completes the report, sums the run up in a line and returns its exit
// status. Code is that of the testing package, which counts where no page explains it:
// a data race, for one.
func (r *run) conclude(code int) int {
	r.reconsider()
	pages := r.journal.Run().Pages
	status := judge(pages, r.stack.Setting("SMOKE_GATE"))
	var err error
	if status == statusUnusable {
		why := "no page ran: " + r.whyNone(pages)
		complain(why)
		err = r.journal.Abort(why)
	} else {
		err = errors.Join(r.journal.Close(), r.sumUp(status, pages))
	}
	if err != nil {
		complain(err.Error())
		return max(status, statusStop)
	}
	if status == statusGo && code != 0 && !anyRed(pages) {
		return code
	}
	return status
}

func (r *run) whyNone(pages []report.Page) string {
	if len(pages) == 0 {
		return fmt.Sprintf("-run %q matches no page", flag.Lookup("test.run").Value)
	}
	reasons := map[string]bool{}
	var list []string
	for _, p := range pages {
		if !reasons[p.Message] {
			reasons[p.Message] = true
			list = append(list, p.Message)
		}
	}
	return strings.Join(list, "; ")
}

// reconsider makes a page failed that was blocked by what another one should have
// reported and did not: the answer was wrong once, and no page says so.
func (r *run) reconsider() {
	pages := r.journal.Run().Pages
	for i, p := range pages {
		by, ran := find(pages, p.BlockedBy)
		if !ran || by.Verdict != report.Passed && by.Verdict != report.Degraded {
			continue
		}
		why := fmt.Sprintf("%s (%s, which asks about just that, %s)", p.Message, by.Name, by.Verdict)
		if err := r.journal.Revise(report.Handle(i), report.Failed, "", why); err != nil {
			complain(err.Error())
		}
	}
}

func find(pages []report.Page, name string) (report.Page, bool) {
	for _, p := range pages {
		if p.Name == name {
			return p, true
		}
	}
	return report.Page{}, false
}

// judge returns the exit status that the verdicts amount to. A failure counts with the
// severity of the worst page that it blocks, if that is worse than its own.
func judge(pages []report.Page, gate string) int {
	status, judged := statusGo, false
	for _, p := range pages {
		if p.Verdict == report.NotApplicable {
			continue
		}
		judged = true
		switch {
		case p.Severity > gate:
		case p.Verdict == report.Failed, blockedByFailure(pages, p):
			status = statusStop
		case !looked(p) && status == statusGo:
			status = statusHold
		}
	}
	if !judged {
		return statusUnusable
	}
	return status
}

func blockedByFailure(pages []report.Page, p report.Page) bool {
	by, ran := find(pages, p.BlockedBy)
	return ran && by.Verdict == report.Failed
}

// looked tells whether the page answered its question; one that has not ended did not.
func looked(p report.Page) bool {
	return p.Verdict == report.Passed || p.Verdict == report.Degraded || p.Verdict == report.Failed
}

func anyRed(pages []report.Page) bool {
	for _, p := range pages {
		if p.Verdict == report.Failed || p.Verdict != report.NotApplicable && !looked(p) {
			return true
		}
	}
	return false
}

// sumUp prints the summary and keeps it beside the report, for views of go test that
// hide what a test binary prints.
func (r *run) sumUp(status int, pages []report.Page) error {
	text := r.redactor.Redact(summary(status, pages, filepath.Join(reports(r.stack), "junit.xml")))
	fmt.Println(text)
	return os.WriteFile(summaryFile(r.stack), []byte(text+"\n"), 0o644)
}

func summaryFile(s *stack.Stack) string { return filepath.Join(reports(s), "summary.txt") }

// summary is the verdict, the counts, and a line for each cause and each warning.
func summary(status int, pages []report.Page, file string) string {
	words := map[int]string{statusGo: "go", statusStop: "stop", statusHold: "hold"}
	count := map[report.Verdict]int{}
	var lines []string
	waiting := map[string][]string{} // severities of the pages that each one blocks
	for _, p := range pages {
		waiting[p.BlockedBy] = append(waiting[p.BlockedBy], p.Severity)
	}
	for _, p := range pages {
		count[p.Verdict]++
		if p.Verdict == report.Failed || p.Verdict == report.Degraded || p.Verdict == report.Inconclusive && p.BlockedBy == "" {
			lines = append(lines, fmt.Sprintf("\n  %s %s: %s: %s%s", p.Severity, verdict(p), p.Name, p.Message, blocks(waiting[p.Name])))
		}
	}
	slices.Sort(lines)
	count[report.Inconclusive] += count[""]
	var counts []string
	for _, v := range []report.Verdict{report.Passed, report.Degraded, report.Failed, report.Inconclusive, report.NotApplicable} {
		if count[v] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", count[v], v))
		}
	}
	return fmt.Sprintf("smoke: %s: %s (%s)%s", words[status], strings.Join(counts, ", "), file, strings.Join(lines, ""))
}

// blocks says how many pages one blocks, and how bad the worst of them is, by which a failure
// counts at the gate.
func blocks(severities []string) string {
	if len(severities) == 0 {
		return ""
	}
	return fmt.Sprintf(" (blocks %d, %s at worst)", len(severities), slices.Min(severities))
}

// keepLive keeps go test from answering the next identical call from its cache: it does
// not store a result for which a file in the module was opened that was written
// less than two seconds before the end. The report is such a file; where it lies
// elsewhere, a stamp in the module's own report folder stands in.
func (r *run) keepLive() {
	file := filepath.Join(reports(r.stack), "junit.xml")
	if !filepath.IsLocal(file) && ours() != "" && module("go.mod") == ours() {
		file = filepath.Join("reports", ".last-run")
		if err := errors.Join(os.MkdirAll("reports", 0o755), os.WriteFile(file, nil, 0o644)); err != nil {
			complain(err.Error())
		}
	}
	// By its full name: go test takes a relative one to lie in the package's folder.
	file, err := filepath.Abs(file)
	if err != nil {
		return
	}
	if f, err := os.Open(file); err == nil {
		_ = f.Close()
	}
}
