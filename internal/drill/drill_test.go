// Package drill holds no code: its tests break the local stack in every way there is
// and see that the pages tell the truth about it.
package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/report"
)

// within is set in a test that runs again inside a local stack.
const within = "DRILL_WITHIN"

// programs are what a user runs, built once.
var programs struct{ local, smoke string }

func TestMain(m *testing.M) {
	dir, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if os.Getenv(within) == "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func build() (dir string, err error) {
	dir = os.Getenv(within)
	programs.local, programs.smoke = filepath.Join(dir, "local"), filepath.Join(dir, "smoke.test")
	if dir != "" {
		return dir, nil
	}
	if dir, err = os.MkdirTemp("", "drill"); err != nil {
		return "", err
	}
	programs.local, programs.smoke = filepath.Join(dir, "local"), filepath.Join(dir, "smoke.test")
	for _, args := range [][]string{
		{"build", "-o", programs.local, "../../fixtures/local"},
		{"test", "-c", "-o", programs.smoke, "../../smoke"},
	} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return dir, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return dir, nil
}

// fault is what the local stack says of a way to break it.
type fault struct {
	Name, Summary, Page      string
	Verdict                  report.Verdict
	Reason                   string
	Blocks, Blinds, Flavours []string
}

func faults(t *testing.T) []fault {
	t.Helper()
	out, err := exec.Command(programs.local, "-faults", "-json").Output()
	require.NoError(t, err)
	var all []fault
	require.NoError(t, json.Unmarshal(out, &all))
	require.NotEmpty(t, all)
	return all
}

// ran is how the pages ended on a stack.
type ran struct {
	code    int
	out     string
	outputs string // STACK_OUTPUTS, with the secrets in it
	dir     string
	report  report.Run
}

// flavours are those of the local stack, by the environment's name.
var flavours = map[string]string{"aws": "local", "gcp": "local-gcp"}

// smoke runs the pages in an empty folder within a local stack.
func smoke(t *testing.T, flavour, fault string, args ...string) ran {
	t.Helper()
	dir := t.TempDir()
	command := []string{"-flavour", flavour, "--", "sh", "-c", `printf %s "$STACK_OUTPUTS" >"$0"; exec "$@"`, filepath.Join(dir, "outputs"), programs.smoke, "-test.v"}
	if fault != "" {
		command = append([]string{"-fault", fault}, command...)
	}
	c := exec.Command(programs.local, append(command, args...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	outputs, err := os.ReadFile(filepath.Join(dir, "outputs"))
	require.NoError(t, err, string(out))
	run, err := report.Read(filepath.Join(dir, "reports", flavours[flavour], "results.json"))
	require.NoError(t, err, string(out))
	return ran{code: c.ProcessState.ExitCode(), out: string(out), outputs: string(outputs), dir: dir, report: run}
}

// status is the exit status that a verdict calls for.
var status = map[report.Verdict]int{report.Failed: 1, report.Inconclusive: 3}

func TestEveryFaultIsCaughtOnItsPage(t *testing.T) {
	board := &board{}
	t.Cleanup(func() { t.Log(board) })
	for _, f := range faults(t) {
		for flavour := range flavours {
			if len(f.Flavours) > 0 && !slices.Contains(f.Flavours, flavour) {
				continue
			}
			t.Run(f.Name+"/"+flavour, func(t *testing.T) {
				t.Parallel()
				r := smoke(t, flavour, f.Name)
				board.enter(f, flavour, r)
				assert.Equal(t, status[f.Verdict], r.code, r.out)
				asked := func(p report.Page) bool { return p.Name == f.Page }
				assert.True(t, slices.ContainsFunc(r.report.Pages, asked), "%s must have been asked", f.Page)
				for _, p := range r.report.Pages {
					assertExpected(t, f, p)
				}
				assertNoLeak(t, r)
			})
		}
	}
}

func assertExpected(t *testing.T, f fault, p report.Page) {
	t.Helper()
	want, reason := expected(f, p.Name)
	if want == report.Passed && p.Verdict == report.NotApplicable {
		return
	}
	assert.Equal(t, want, p.Verdict, "%s: %s", p.Name, p.Message)
	if want == report.Inconclusive {
		assert.NotContains(t, p.Text, "\n", "a page that could not look has one line to say")
	}
	if reason != "" {
		assert.Equal(t, reason, p.Reason, p.Name)
	}
}

func expected(f fault, page string) (verdict report.Verdict, reason string) {
	switch {
	case page == f.Page, slices.Contains(f.Blinds, page):
		return f.Verdict, f.Reason
	case slices.Contains(f.Blocks, page):
		return report.Inconclusive, "blocked"
	default:
		return report.Passed, ""
	}
}

// board is the table of what each fault came to.
type board struct {
	mu     sync.Mutex
	rows   []string
	caught int
	alarms int
}

func (b *board) enter(f fault, flavour string, r ran) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range r.report.Pages {
		want, _ := expected(f, p.Name)
		switch {
		case p.Name == f.Page:
			if p.Verdict == want {
				b.caught++
			}
			b.rows = append(b.rows, fmt.Sprintf("%-34s %-4s %-36s %s", f.Name, flavour, p.Name, p.Verdict))
		case want == report.Passed && p.Verdict != report.Passed && p.Verdict != report.NotApplicable:
			b.alarms++
		}
	}
}

func (b *board) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.rows)
	return fmt.Sprintf("\n%s\n\ncaught on their page: %d of %d, false alarms: %d", strings.Join(b.rows, "\n"), b.caught, len(b.rows), b.alarms)
}
