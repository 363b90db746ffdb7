package diag_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/report"
)

const token = `t0ken/w%rd+"q"&x`

// outputs are those of a stack with a password in a URL and a token.
var outputs = `STACK_OUTPUTS={"databaseUrl": "postgres://app:` + url.QueryEscape(token) + `@db.example.com/shop", "databaseInstanceId": "shop-db", "apiToken": "t0ken/w%rd+\"q\"&x", "odd": "a b; rm -rf $HOME", "connection": "example.com:shop:europe-west1:shop-db"}`

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "diag")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "pages.test")
	out, err := exec.Command("go", "test", "-c", "-race", "-o", file, "./testdata/pages").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// ran is how a run of the pages ended.
type ran struct {
	code   int
	out    string
	dir    string
	report report.Run
}

func (r ran) page(name string) report.Page {
	for _, p := range r.report.Pages {
		if p.Name == name {
			return p
		}
	}
	return report.Page{}
}

func command(t *testing.T, environ []string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	file, err := binary()
	require.NoError(t, err)
	dir := t.TempDir()
	c := exec.Command(file, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), environ...)
	return c, dir
}

func run(t *testing.T, environ []string, args ...string) ran {
	t.Helper()
	c, dir := command(t, environ, args...)
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return read(t, dir, c.ProcessState.ExitCode(), string(out))
}

func read(t *testing.T, dir string, code int, out string) ran {
	t.Helper()
	r := ran{code: code, out: out, dir: dir}
	var err error
	r.report, err = report.Read(filepath.Join(dir, "reports", "local", "results.json"))
	require.NoError(t, err, out)
	return r
}

func TestVerdictsReachTheReport(t *testing.T) {
	t.Parallel()
	r := run(t, []string{outputs})
	assert.Equal(t, 1, r.code, r.out)
	for name, want := range map[string]report.Page{
		"TestDatabasePasses":     {Verdict: report.Passed},
		"TestDatabaseDegrades":   {Verdict: report.Degraded, Message: "83% of the limit"},
		"TestAPIFails":           {Verdict: report.Failed, Message: "the health check answers 503; Not equal: expected: 1 actual : 2"},
		"TestFunctionCannotTell": {Verdict: report.Inconclusive, Reason: "no-permission", Message: "the instance: asking rds:DescribeDBInstances: access denied"},
		"TestFunctionIsWrong":    {Verdict: report.Failed, Message: "state Failed, want Active"},
		"TestStorageIsAbsent":    {Verdict: report.NotApplicable, Message: "uploadsBucketName is not among the stack's outputs"},
		"TestStateIsSkipped":     {Verdict: report.NotApplicable, Message: "this stack has no state"},
		"TestCDNSpendsItsBudget": {Verdict: report.Inconclusive, Reason: "out-of-time", Message: "asking: P1 budget of 50ms spent"},
		"TestCDNStaysWrong":      {Verdict: report.Failed, Message: "status 503 (still so after 1 attempts, P1 budget of 50ms spent)"},
	} {
		got := r.page(name)
		assert.Equal(t, want.Verdict, got.Verdict, name)
		assert.Equal(t, want.Reason, got.Reason, name)
		assert.Equal(t, want.Message, got.Message, name)
	}
	settled := r.page("TestCDNSettles")
	assert.Equal(t, report.Degraded, settled.Verdict)
	assert.Regexp(t, `^right only after .*s, at attempt 3: status 503$`, settled.Message)
	assert.Equal(t, []report.Fact{{Name: "took", Value: "1.2ms"}}, r.page("TestDatabasePasses").Facts)
	assert.Equal(t, "aws", r.report.Provider)
	assert.Contains(t, r.out, "smoke: stop: 1 passed, 2 degraded, 3 failed, 2 inconclusive, 2 not-applicable")
}

func TestAFailedPageShowsItsParagraph(t *testing.T) {
	t.Parallel()
	r := run(t, []string{outputs}, "-test.run", "TestAPIFails")
	text := r.page("TestAPIFails").Text
	golden := "P1 API failed: the health check answers 503; Not equal: expected: 1 actual : 2\n\n" +
		"Seen:\n    status: 503\n    url: postgres://app:***@db.example.com/shop\n    evidence: reports/local/evidence/TestAPIFails.txt\n\n" +
		"The claim does not hold.\n\nWhen this is false, customers see an error.\n\nIf it fails:\n" +
		"    aws rds describe-db-instances --db-instance-identifier shop-db <missing>\n" +
		"    psql -h db.example.com -p 5432 -U app shop # <apiToken> 'a b; rm -rf $HOME' shop-db"
	assert.Equal(t, golden, text)
	evidence, err := os.ReadFile(filepath.Join(r.dir, "reports", "local", "evidence", "TestAPIFails.txt"))
	require.NoError(t, err)
	assert.Equal(t, "GET postgres://app:***@db.example.com/shop", string(evidence))
}

func TestCommandsOfEveryProviderAreShownWhereItIsUnknown(t *testing.T) {
	t.Parallel()
	text := run(t, []string{`STACK_DATABASE_URL=postgres://db/x`}, "-test.run", "TestAPIFails").page("TestAPIFails").Text
	assert.Contains(t, text, "aws: aws rds")
	assert.Contains(t, text, "gcp: gcloud sql")
}

func TestExitStatusFollowsTheGate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		code int
	}{
		{"-test.run=TestDatabase", 0},
		{"-test.run=TestFunctionCannotTell", 3},
		{"-test.run=TestFunction", 1},
		{"-test.run=TestAPIFails -gate=P0", 0},
		{"-test.run=TestAPIFails -gate=P1", 1},
		{"-test.run=TestFunctionCannotTell -gate=P1", 0},
		{"-test.run=TestStateIsSkipped", 4},
		{"-test.run=NoSuchPage", 4},
		{"-severity=P3", 4},
		{"-severity=P0 -test.run=TestDatabase", 0},
		{"-severity=PX", 4},
	} {
		r := run(t, []string{outputs}, strings.Fields(c.args)...)
		assert.Equal(t, c.code, r.code, "%s: %s", c.args, r.out)
		if strings.Contains(c.args, "TestAPIFails") {
			assert.Equal(t, report.Failed, r.page("TestAPIFails").Verdict, "what the gate lets pass stays in the report")
		}
		if c.code == 4 {
			assert.Regexp(t, `(?m)^smoke: .*$`, r.out)
			junit, err := os.ReadFile(filepath.Join(r.dir, "reports", "local", "junit.xml"))
			require.NoError(t, err)
			assert.Contains(t, string(junit), "<error", "a report must not be green when nothing was asked")
		}
	}
}

func TestASeverityThatIsNotSelectedIsSkipped(t *testing.T) {
	t.Parallel()
	r := run(t, []string{outputs, "SMOKE_SEVERITY=P0"}, "-test.run=TestDatabase")
	assert.Equal(t, 0, r.code, r.out)
	assert.Equal(t, "not selected: severity P0", r.page("TestDatabaseDegrades").Message)
	assert.Equal(t, report.Passed, r.page("TestDatabasePasses").Verdict)
}

func TestARequiredSubsystemMustBeThere(t *testing.T) {
	t.Parallel()
	r := run(t, []string{outputs, "SMOKE_REQUIRE=Storage"}, "-test.run=TestStorage")
	assert.Equal(t, 1, r.code)
	assert.Equal(t, "Storage is required (SMOKE_REQUIRE): uploadsBucketName is not among the stack's outputs", r.page("TestStorageIsAbsent").Message)
}

func TestUnusableInputIsOneLineAndAReport(t *testing.T) {
	t.Parallel()
	for _, environ := range [][]string{nil, {"STACK_OUTPUTS={"}, {`STACK_OUTPUTS={"databaseUrl": "[secret]"}`}, {outputs, "SMOKE_TIMEOUT=soon"}} {
		c, dir := command(t, environ)
		out, err := c.CombinedOutput()
		require.Error(t, err)
		assert.Equal(t, 4, c.ProcessState.ExitCode())
		assert.Regexp(t, `^smoke: [^\n]+\n$`, string(out))
		junit, err := os.ReadFile(filepath.Join(dir, "reports", "local", "junit.xml"))
		require.NoError(t, err)
		assert.Contains(t, string(junit), "<error")
	}
}

// leaks reports the forms of the token that stand in text.
func leaks(text string) []string {
	var found []string
	for _, form := range []string{token, url.QueryEscape(token), url.PathEscape(token), `t0ken/w%rd+\"q\"\u0026x`, `t0ken/w%rd+\"q\"&x`, base64.StdEncoding.EncodeToString([]byte(token))} {
		if strings.Contains(text, form) {
			found = append(found, form)
		}
	}
	return found
}

func TestAPanicLeaksNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	for how, page := range map[string]string{"panic": "TestStatePanics", "panic elsewhere": "TestStatePanicsElsewhere"} {
		r := run(t, []string{outputs, "MISBEHAVE=" + how}, "-test.run=TestDatabase|"+page+"$")
		assert.Equal(t, 3, r.code, r.out)
		assert.Contains(t, r.out, "panic: token ***")
		assert.Contains(t, r.out, "goroutine ")
		assert.Empty(t, leaks(r.out))
		assert.NotEqual(t, report.Passed, r.page(page).Verdict, how)
		for _, file := range []string{"junit.xml", "results.json"} {
			text, err := os.ReadFile(filepath.Join(r.dir, "reports", "local", file))
			require.NoError(t, err)
			assert.Empty(t, leaks(string(text)))
		}
	}
}

func TestAPageThatExitsIsNotGreen(t *testing.T) {
	t.Parallel()
	r := run(t, []string{outputs, "MISBEHAVE=exit"}, "-test.run=TestStateExits")
	assert.Equal(t, 3, r.code, r.out)
}

func TestTheRunEndsInTime(t *testing.T) {
	t.Parallel()
	for how, page := range map[string]string{"wait": "TestStateWaits", "hang": "TestStateHangs"} {
		r := run(t, []string{outputs, "MISBEHAVE=" + how, "SMOKE_TIMEOUT=300ms"}, "-test.run=TestDatabasePasses|"+page)
		assert.Equal(t, 3, r.code, r.out)
		assert.Equal(t, report.Passed, r.page("TestDatabasePasses").Verdict)
		if how == "wait" {
			assert.Equal(t, "SMOKE_TIMEOUT of 300ms spent", r.page(page).Message)
		} else {
			assert.Empty(t, r.page(page).Verdict)
			assert.Contains(t, r.out, "a page did not end")
		}
	}
}

func TestAnInterruptedRunIsAHold(t *testing.T) {
	t.Parallel()
	c, dir := command(t, []string{outputs, "MISBEHAVE=wait"}, "-test.run=TestStateWaits")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	require.NoError(t, c.Start())
	awaitPage(t, dir)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Error(t, c.Wait())
	r := read(t, dir, c.ProcessState.ExitCode(), out.String())
	assert.Equal(t, 3, r.code, r.out)
	assert.Equal(t, "the run was interrupted (terminated)", r.page("TestStateWaits").Message)
	assert.Equal(t, "interrupted", r.page("TestStateWaits").Reason)
}

func TestAKilledRunNamesWhatHadNotEnded(t *testing.T) {
	t.Parallel()
	c, dir := command(t, []string{outputs, "MISBEHAVE=wait"}, "-test.run=TestStateWaits|TestDatabasePasses")
	require.NoError(t, c.Start())
	awaitPage(t, dir)
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	junit, err := os.ReadFile(filepath.Join(dir, "reports", "local", "junit.xml"))
	require.NoError(t, err)
	assert.Contains(t, string(junit), "did not finish")
	assert.Contains(t, string(junit), `name="TestStateWaits"`)
}

func awaitPage(t *testing.T, dir string) {
	t.Helper()
	require.Eventually(t, func() bool {
		r, err := report.Read(filepath.Join(dir, "reports", "local", "results.json"))
		return err == nil && len(r.Pages) > 0 && r.Pages[len(r.Pages)-1].Name == "TestStateWaits"
	}, 20*time.Second, 10*time.Millisecond)
}

func TestListingAsksNothing(t *testing.T) {
	t.Parallel()
	c, dir := command(t, nil, "-test.list=Test")
	out, err := c.CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(out), "TestDatabasePasses")
	assert.NoDirExists(t, filepath.Join(dir, "reports"))
}
