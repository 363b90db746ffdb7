package report

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// renderings are the files of a report, each a function of the run alone.
var renderings = []struct {
	file   string
	render func(Run) ([]byte, error)
}{
	{"junit.xml", junit},
	{"results.json", results},
}

// A Journal records a run in a directory that no other run writes to at the
// same time. Its methods may be called from several goroutines. An error of
// one of them leaves the change recorded: the next write carries it along.
type Journal struct {
	dir   string
	clean cleaner

	mu    sync.Mutex
	run   Run
	names map[string]bool
}

// A Handle is the index of a page in [Run.Pages].
type Handle int

// Open begins the report of r in dir, which it makes, and replaces the files
// of an earlier run at once. Of r it takes the environment, the provider and
// the start, which is now when zero. A nil redact hides nothing.
//
// The caller calls Close when the last page has ended: until then junit.xml
// holds an error that says that the run did not finish.
func Open(dir string, r Run, redact func(string) string) (*Journal, error) {
	if redact == nil {
		redact = func(s string) string { return s }
	}
	clean := cleaner(redact)
	j := &Journal{
		dir:   dir,
		clean: clean,
		names: map[string]bool{},
		run: Run{
			Environment: clean.line(r.Environment, maxWord),
			Provider:    clean.line(r.Provider, maxWord),
			Started:     started(r.Started),
		},
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("opening the report: %w", err)
	}
	if err := j.write(); err != nil {
		return nil, err
	}
	return j, nil
}

// Begin records that p has begun; its verdict is ignored. A name that has been
// used already gets the suffix #01, #02 and so on, as Go's subtests do.
func (j *Journal) Begin(p Page) (Handle, error) {
	p = j.clean.page(p)
	if p.Name == "" || p.Subsystem == "" {
		return 0, fmt.Errorf("beginning a page: got name %q in subsystem %q, want both", p.Name, p.Subsystem)
	}
	p.Verdict = ""
	p.Started = started(p.Started)

	j.mu.Lock()
	defer j.mu.Unlock()
	p.Name = j.unique(p.Name)
	j.run.Pages = append(j.run.Pages, p)
	return Handle(len(j.run.Pages) - 1), j.write()
}

// End records what came of the page that h stands for. Its name, subsystem,
// severity and start stay those it began with. A page ends once, with one of
// the five verdicts; anything else is an error and leaves the page as it was.
func (j *Journal) End(h Handle, p Page) error {
	p = j.clean.page(p)

	j.mu.Lock()
	defer j.mu.Unlock()
	if h < 0 || int(h) >= len(j.run.Pages) {
		return fmt.Errorf("ending page %d: got no such page, want one that has begun", h)
	}
	begun := &j.run.Pages[h]
	if begun.Verdict != "" {
		return fmt.Errorf("ending %s: got a second end, want one: it is %s", begun.Name, begun.Verdict)
	}
	if !slices.Contains(verdicts, p.Verdict) {
		return fmt.Errorf("ending %s: got verdict %q, want one of %q", begun.Name, p.Verdict, verdicts)
	}
	p.Name, p.Subsystem, p.Severity, p.Started = begun.Name, begun.Subsystem, begun.Severity, begun.Started
	*begun = p
	return j.write()
}

// Revise replaces the verdict, the reason and the message of a page that has ended, when
// what the others found puts it in another light.
func (j *Journal) Revise(h Handle, verdict Verdict, reason, message string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if h < 0 || int(h) >= len(j.run.Pages) || j.run.Pages[h].Verdict == "" {
		return fmt.Errorf("revising page %d: got none that has ended, want one", h)
	}
	p := &j.run.Pages[h]
	p.Verdict, p.Reason, p.Message = verdict, j.clean.line(reason, maxWord), j.clean.line(message, maxMessage)
	return j.write()
}

// Abort records why the run cannot judge: unusable input, say. The message
// stands in junit.xml as an error, beside any page that ran.
func (j *Journal) Abort(message string) error {
	message = cmp.Or(j.clean.line(message, maxMessage), "no reason given")

	j.mu.Lock()
	defer j.mu.Unlock()
	j.run.Aborted = message
	j.run.Finished = true
	return j.write()
}

// Close records that the run came to its end. A page that has not ended by
// then stays an error, and so does a run of which no page ran.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.run.Finished = true
	return j.write()
}

// Run returns a copy of what is recorded, redacted.
func (j *Journal) Run() Run {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.run.clone()
}

func (j *Journal) unique(name string) string {
	unique := name
	for n := 1; j.names[unique]; n++ {
		unique = fmt.Sprintf("%s#%02d", name, n)
	}
	j.names[unique] = true
	return unique
}

func (j *Journal) write() error {
	j.run.Took = time.Since(j.run.Started)
	var errs []error
	for _, r := range renderings {
		content, err := r.render(j.run)
		if err == nil {
			err = replace(filepath.Join(j.dir, r.file), content)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// replace puts content at path in one step: a reader, or a kill, finds the old
// file or the new one. It does not sync: what it guards against is the death
// of the process, not of the machine.
func replace(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func started(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC()
}
