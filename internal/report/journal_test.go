package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func opened(t testing.TB) (*Journal, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "reports", "prod")
	j, err := Open(dir, Run{Environment: "prod", Provider: "aws"}, nil)
	require.NoError(t, err)
	return j, dir
}

func onDisk(t testing.TB, dir string) (*element, Run) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, "junit.xml"))
	require.NoError(t, err)
	r, err := Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	return conforming(t, file), r
}

func readBack(t testing.TB, content []byte) Run {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.json")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	r, err := Read(path)
	require.NoError(t, err)
	return r
}

func TestEachStepIsOnDisk(t *testing.T) {
	j, dir := opened(t)
	root, r := onDisk(t, dir)
	assert.Equal(t, "did-not-finish", root.testcase(t, "Run").all("error")[0].attrs["type"])
	assert.False(t, r.Finished)
	assert.Empty(t, r.Pages)

	h, err := j.Begin(Page{Name: "TestAPIAnswersItsHealthCheck", Subsystem: "API", Severity: "P0"})
	require.NoError(t, err)
	root, r = onDisk(t, dir)
	assert.Equal(t, "did-not-finish", root.testcase(t, "TestAPIAnswersItsHealthCheck").all("error")[0].attrs["type"])
	assert.Equal(t, Verdict(""), r.Pages[h].Verdict)

	require.NoError(t, j.End(h, Page{Verdict: Passed, Took: time.Second}))
	root, r = onDisk(t, dir)
	assert.Empty(t, root.testcase(t, "TestAPIAnswersItsHealthCheck").all("error"))
	assert.Equal(t, "1.000", root.testcase(t, "TestAPIAnswersItsHealthCheck").attrs["time"])
	assert.Equal(t, Passed, r.Pages[h].Verdict)
	assert.Len(t, root.all("error"), 1, "the run goes on")

	require.NoError(t, j.Close())
	root, r = onDisk(t, dir)
	assert.Empty(t, root.all("error"))
	assert.True(t, r.Finished)
}

func TestAnEarlierReportDoesNotSurvive(t *testing.T) {
	j, dir := opened(t)
	h, err := j.Begin(Page{Name: "TestAPIAnswersItsHealthCheck", Subsystem: "API"})
	require.NoError(t, err)
	require.NoError(t, j.End(h, Page{Verdict: Passed}))
	require.NoError(t, j.Close())

	_, err = Open(dir, Run{Environment: "prod"}, nil)
	require.NoError(t, err)

	root, r := onDisk(t, dir)
	assert.Len(t, root.all("error"), 1)
	assert.Empty(t, r.Pages)
}

func TestAnAbortedRunSaysWhy(t *testing.T) {
	j, dir := opened(t)
	require.NoError(t, j.Abort("STACK_OUTPUTS: malformed JSON,\nwant an object"))
	require.NoError(t, j.Close())
	root, r := onDisk(t, dir)
	assert.Equal(t, "STACK_OUTPUTS: malformed JSON, want an object", root.testcase(t, "Run").all("error")[0].attrs["message"])
	assert.Equal(t, "STACK_OUTPUTS: malformed JSON, want an object", r.Aborted)
}

func TestNamesNeverRepeat(t *testing.T) {
	j, dir := opened(t)
	for _, name := range []string{"TestX", "TestX#01", "TestX", "TestX", "Test\x00", "Test\x01"} {
		_, err := j.Begin(Page{Name: name, Subsystem: "API"})
		require.NoError(t, err)
	}
	var names []string
	for _, p := range j.Run().Pages {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"TestX", "TestX#01", "TestX#02", "TestX#03", "Test\uFFFD", "Test\uFFFD#01"}, names)
	onDisk(t, dir)
}

func TestMisuseIsAnErrorAndNeverGreen(t *testing.T) {
	j, dir := opened(t)
	_, err := j.Begin(Page{Name: "TestX"})
	require.Error(t, err)
	require.Error(t, j.End(0, Page{Verdict: Passed}))
	h, err := j.Begin(Page{Name: "TestX", Subsystem: "API", Severity: "P0", Verdict: Passed})
	require.NoError(t, err)

	require.ErrorContains(t, j.End(h, Page{}), `got verdict ""`)
	require.ErrorContains(t, j.End(h, Page{Verdict: "fine"}), `got verdict "fine"`)
	root, _ := onDisk(t, dir)
	assert.Len(t, root.testcase(t, "TestX").all("error"), 1)

	require.NoError(t, j.End(h, Page{Name: "TestY", Severity: "P3", Verdict: Failed}))
	require.ErrorContains(t, j.End(h, Page{Verdict: Passed}), "it is failed")
	root, _ = onDisk(t, dir)
	assert.Equal(t, "P0", root.testcase(t, "TestX").all("failure")[0].attrs["type"])
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	j, dir := opened(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "junit.xml.tmp"), 0o755))
	_, err := j.Begin(Page{Name: "TestX", Subsystem: "API"})
	require.ErrorContains(t, err, "writing the report")

	require.NoError(t, os.Remove(filepath.Join(dir, "junit.xml.tmp")))
	require.NoError(t, j.Close())
	root, _ := onDisk(t, dir)
	root.testcase(t, "TestX")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Open(filepath.Join(file, "prod"), Run{}, nil)
	require.ErrorContains(t, err, "opening the report")
}

func TestSecretsAreRedactedAndIdentityIsNot(t *testing.T) {
	const secret = `hunter"2` + "\n<" + `&`
	redact := func(s string) string { return strings.ReplaceAll(s, secret, "***") }
	dir := t.TempDir()
	j, err := Open(dir, Run{Environment: secret, Provider: secret}, redact)
	require.NoError(t, err)
	says := Page{
		Name: "Test" + secret, Subsystem: "API", Severity: "P0", Verdict: Inconclusive,
		Reason: secret, Message: "a " + secret, Text: "b\n" + secret, Facts: []Fact{{secret, secret}},
	}
	h, err := j.Begin(says)
	require.NoError(t, err)
	require.NoError(t, j.End(h, says))
	require.NoError(t, j.Abort(secret))

	want := Page{
		Name: `Testhunter"2 <&`, Subsystem: "API", Severity: "P0", Verdict: Inconclusive,
		Reason: "***", Message: "a ***", Text: "b\n***", Facts: []Fact{{"***", "***"}},
	}
	r := j.Run()
	want.Started = r.Pages[h].Started
	assert.Equal(t, want, r.Pages[h])
	assert.Equal(t, "***", r.Environment)
	assert.Equal(t, "***", r.Provider)
	assert.Equal(t, "***", r.Aborted)
	for _, f := range renderings {
		content, err := os.ReadFile(filepath.Join(dir, f.file))
		require.NoError(t, err)
		assert.Equal(t, strings.Count(string(content), "Test"), strings.Count(string(content), "hunter"), f.file)
	}
}

func TestRunIsACopy(t *testing.T) {
	j, _ := opened(t)
	_, err := j.Begin(Page{Name: "TestX", Subsystem: "API", Facts: []Fact{{"a", "1"}}})
	require.NoError(t, err)
	j.Run().Pages[0].Facts[0].Value = "2"
	assert.Equal(t, "1", j.Run().Pages[0].Facts[0].Value)
}

func TestReadGivesBackTheRun(t *testing.T) {
	want := oneOfEach()
	content, err := results(want)
	require.NoError(t, err)
	got := readBack(t, content)
	for i := range want.Pages {
		want.Pages[i].Took = want.Pages[i].Took.Round(time.Millisecond)
	}
	assert.Equal(t, want, got)
}

func TestReadRefusesWhatItDoesNotKnow(t *testing.T) {
	for content, says := range map[string]string{
		`{"schema_version":2}`: "got schema version 2, want 1",
		`{`:                    "unexpected end of JSON input",
	} {
		path := filepath.Join(t.TempDir(), "results.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := Read(path)
		require.ErrorContains(t, err, says)
	}
	_, err := Read(filepath.Join(t.TempDir(), "results.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPagesMayRunInParallel(t *testing.T) {
	j, dir := opened(t)
	var pages sync.WaitGroup
	for i := range 40 {
		pages.Go(func() {
			h, err := j.Begin(Page{Name: fmt.Sprintf("Test%d", i%8), Subsystem: subsystems[i%6]})
			assert.NoError(t, err)
			assert.NoError(t, j.End(h, Page{Verdict: verdicts[i%5], Message: "why"}))
		})
	}
	done := make(chan struct{})
	go func() { pages.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			onDisk(t, dir)
			j.Run()
		}
	}
	require.NoError(t, j.Close())

	root, r := onDisk(t, dir)
	assert.Len(t, r.Pages, 40)
	for name, want := range map[string]int{"testcase": 40, "failure": 8, "error": 8, "skipped": 8, "system-out": 8} {
		assert.Len(t, root.all(name), want, name)
	}
}

func BenchmarkSixtyPages(b *testing.B) {
	page := oneOfEach().Pages[0]
	for b.Loop() {
		j, err := Open(b.TempDir(), Run{Environment: "prod"}, nil)
		require.NoError(b, err)
		for range 60 {
			h, err := j.Begin(page)
			require.NoError(b, err)
			require.NoError(b, j.End(h, page))
		}
	}
}
