package drill

import (
	"encoding/xml"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/report"
)

// enter runs the calling test again within a local stack and reports whether this is that
// second run.
func enter(t *testing.T, flavour, fault string) bool {
	t.Helper()
	if os.Getenv(within) != "" {
		return true
	}
	t.Parallel()
	args := []string{"-flavour", flavour, "--", os.Args[0], "-test.v", "-test.run", "^" + t.Name() + "$"}
	if fault != "" {
		args = append([]string{"-fault", fault}, args...)
	}
	c := exec.Command(programs.local, args...)
	c.Env = append(os.Environ(), within+"="+filepath.Dir(programs.local))
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: "+t.Name(), "the inner test must have run")
	return false
}

// pages runs the compiled pages in a folder of their own.
func pages(t *testing.T, environ []string, args ...string) (code int, out, dir string) {
	t.Helper()
	dir = t.TempDir()
	c := exec.Command(programs.smoke, args...)
	c.Dir, c.Env = dir, append(os.Environ(), environ...)
	text, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return c.ProcessState.ExitCode(), string(text), dir
}

func TestAHealthyStackIsGreen(t *testing.T) {
	for flavour, environment := range flavours {
		t.Run(flavour, func(t *testing.T) {
			if !enter(t, flavour, "") {
				return
			}
			const runs = 50
			for range runs {
				code, out, dir := pages(t, nil)
				require.Equal(t, 0, code, out)
				run, err := report.Read(filepath.Join(dir, "reports", environment, "results.json"))
				require.NoError(t, err)
				for _, p := range run.Pages {
					require.Contains(t, []report.Verdict{report.Passed, report.NotApplicable}, p.Verdict, "%s: %s", p.Name, p.Message)
				}
			}
		})
	}
}

// A compiled binary needs no Go, no source and no folder of its own.
func TestTheBinaryAloneAnswersWithItsExitStatus(t *testing.T) {
	if !enter(t, "aws", "api-answers-503") {
		return
	}
	bare := []string{"PATH=", "HOME=/nonexistent", "GOROOT=", "GOCACHE="}
	for args, want := range map[string]int{
		"-test.run=Database":                                       0,
		"-test.run=API":                                            1,
		"-test.run=API -gate=P0 -severity=P1":                      0,
		"-test.run=TestAPIAnswersQuickly":                          3,
		"-test.run=TestAPIAnswersItsHealthCheck|Database -gate=P0": 1,
		"-test.run=NoSuchPage":                                     4,
	} {
		code, out, _ := pages(t, bare, strings.Fields(args)...)
		assert.Equal(t, want, code, "%s: %s", args, out)
	}
}

func TestAKilledRunLosesNothing(t *testing.T) {
	if !enter(t, "aws", "api-slow") {
		return
	}
	for range 20 {
		dir := t.TempDir()
		c := exec.Command(programs.smoke)
		c.Dir = dir
		require.NoError(t, c.Start())
		file := filepath.Join(dir, "reports", "local", "junit.xml")
		require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, 20*time.Second, time.Millisecond)
		time.Sleep(rand.N(400 * time.Millisecond)) // the moment is the point
		require.NoError(t, c.Process.Kill())
		require.Error(t, c.Wait())

		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var suites junit
		require.NoError(t, xml.Unmarshal(content, &suites), string(content))
		_, err = report.Read(filepath.Join(dir, "reports", "local", "results.json"))
		require.NoError(t, err)
		for name, outcome := range suites.outcomes() {
			if strings.HasPrefix(name, "TestAPIAnswers") { // in eight seconds
				assert.Equal(t, "error", outcome, name)
			}
			assert.NotEqual(t, "failure", outcome, name)
		}
		assert.Equal(t, "error", suites.outcomes()["Run"], "a run that was cut off is not green")
	}
}

// junit is what both reports have in common.
type junit struct {
	Suites []struct {
		Cases []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func (j junit) outcomes() map[string]string {
	found := map[string]string{}
	for _, s := range j.Suites {
		for _, c := range s.Cases {
			switch {
			case c.Failure != nil:
				found[c.Name] = "failure"
			case c.Error != nil:
				found[c.Name] = "error"
			case c.Skipped != nil:
				found[c.Name] = "skipped"
			default:
				found[c.Name] = "passed"
			}
		}
	}
	return found
}

func readJUnit(t *testing.T, file string) junit {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var j junit
	require.NoError(t, xml.Unmarshal(content, &j))
	return j
}

// gotestsum knows no errors: a page that could not look is a failure to go test.
func TestGotestsumSeesTheSameNamesAndOutcomes(t *testing.T) {
	if !enter(t, "aws", "database-password-rotated") {
		return
	}
	dir := t.TempDir()
	theirs := filepath.Join(dir, "gotestsum.xml")
	c := exec.Command("go", "tool", "gotestsum", "--junitfile", theirs, "--", "./smoke")
	c.Dir = "../.."
	c.Env = append(os.Environ(), "SMOKE_REPORTS="+dir)
	out, err := c.CombinedOutput()
	require.Error(t, err, string(out))
	want := readJUnit(t, theirs).outcomes()
	delete(want, "TestMain") // gotestsum's name for the exit status
	got := readJUnit(t, filepath.Join(dir, "local", "junit.xml")).outcomes()
	for name, outcome := range got {
		if outcome == "error" {
			got[name] = "failure"
		}
	}
	assert.Equal(t, want, got)
	assert.Contains(t, got, "TestDatabaseAcceptsItsCredentials")
}

func TestGoTestAsksAgainEachTime(t *testing.T) {
	if !enter(t, "aws", "") {
		return
	}
	for _, reports := range []string{"reports", t.TempDir()} {
		for range 2 {
			c := exec.Command("go", "test", "-run", "Database", "./smoke")
			c.Dir = "../.."
			c.Env = append(os.Environ(), "SMOKE_REPORTS="+reports, "ENVIRONMENT=drill")
			out, err := c.CombinedOutput()
			require.NoError(t, err, string(out))
			assert.NotContains(t, string(out), "(cached)")
		}
		if !filepath.IsAbs(reports) {
			reports = filepath.Join("../..", reports)
		}
		found := readJUnit(t, filepath.Join(reports, "drill", "junit.xml")).outcomes()
		require.NotEmpty(t, found)
		for name := range found {
			assert.True(t, strings.HasPrefix(name, "TestDatabase"), name)
		}
		require.NoError(t, os.RemoveAll(filepath.Join(reports, "drill")))
	}
}

// Secrets travel in the environment, never in arguments, which every user of a machine
// can read.
func TestNoArgumentHoldsASecret(t *testing.T) {
	if !enter(t, "aws", "api-slow") {
		return
	}
	c := exec.Command(programs.smoke)
	c.Dir = t.TempDir()
	require.NoError(t, c.Start())
	defer func() { _ = c.Wait() }()
	secret := password(t, os.Getenv("STACK_OUTPUTS"), "databaseUrl")
	read := 0
	for range 50 {
		lines, err := exec.Command("ps", "-eo", "args").Output()
		require.NoError(t, err)
		read += strings.Count(string(lines), programs.smoke)
		for form, text := range forms(secret) {
			assert.NotContains(t, string(lines), text, form)
		}
		time.Sleep(10 * time.Millisecond)
	}
	assert.Positive(t, read, "the run must have been seen")
	require.NoError(t, c.Process.Kill())
}
