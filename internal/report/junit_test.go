package report

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// asGiven redacts nothing.
var asGiven = cleaner(strings.Clone)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func oneOfEach() Run {
	page := func(name, subsystem, severity string, v Verdict) Page {
		return Page{Name: name, Subsystem: subsystem, Severity: severity, Verdict: v, Started: noon, Took: 1234500 * time.Microsecond}
	}
	passed := page("TestDatabaseAcceptsItsCredentials", "Database", "P0", Passed)
	passed.Facts = []Fact{{"server", "PostgreSQL 17.2"}}
	failed := page("TestAPIAnswersItsHealthCheck", "API", "P0", Failed)
	failed.Message = `asking https://api.example.com/health: 503, want 200`
	failed.Text = "asking https://api.example.com/health: 503, want 200\n\nIf it fails:\n\taws logs tail <group> && echo ]]>"
	inconclusive := page("TestStorageIsPrivate", "Storage", "P1", Inconclusive)
	inconclusive.Reason, inconclusive.Message = "no-permission", "asking bucket uploads: AccessDenied, want its policy"
	skipped := page("TestCDNServesFromCache", "CDN", "P2", NotApplicable)
	skipped.Message = "this stack has no cdnUrl"
	degraded := page("TestDatabaseCertificateLasts", "Database", "P1", Degraded)
	degraded.Message = "the certificate expires in 12 days, want 14"
	running := page("TestStateIsUnlocked", "State", "P2", "")
	running.Took = 0
	pages := []Page{failed, skipped, passed, inconclusive, degraded, running}
	for i, p := range pages {
		pages[i] = asGiven.page(p)
	}
	return Run{
		Environment: "prod", Provider: "aws", Started: noon, Took: 3 * time.Second, Finished: true, Pages: pages,
	}
}

func rendered(t testing.TB, r Run) *element {
	t.Helper()
	file, err := junit(r)
	require.NoError(t, err)
	return conforming(t, file)
}

func TestGoldenFiles(t *testing.T) {
	for _, r := range renderings {
		got, err := r.render(oneOfEach())
		require.NoError(t, err)
		golden := "testdata/" + r.file
		if *update {
			require.NoError(t, os.WriteFile(golden, got, 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
	}
}

func TestVerdictsAreToldApart(t *testing.T) {
	root := rendered(t, oneOfEach())
	for name, want := range map[string]struct{ child, kind, message string }{
		"TestDatabaseAcceptsItsCredentials": {},
		"TestDatabaseCertificateLasts":      {child: "system-out"},
		"TestAPIAnswersItsHealthCheck":      {"failure", "P0", "asking https://api.example.com/health: 503, want 200"},
		"TestStorageIsPrivate":              {"error", "no-permission", "asking bucket uploads: AccessDenied, want its policy"},
		"TestCDNServesFromCache":            {"skipped", "", "this stack has no cdnUrl"},
		"TestStateIsUnlocked":               {"error", "did-not-finish", "did not finish"},
	} {
		outcome := root.testcase(t, name).children[1:]
		if want.child == "" {
			assert.Empty(t, outcome, name)
			continue
		}
		require.Len(t, outcome, 1, name)
		assert.Equal(t, want.child, outcome[0].name, name)
		assert.Equal(t, want.kind, outcome[0].attrs["type"], name)
		assert.Equal(t, want.message, outcome[0].attrs["message"], name)
	}
}

func TestSuitesStandInTheirOrder(t *testing.T) {
	r := oneOfEach()
	r.Pages = append(r.Pages, Page{Name: "TestQueueDrains", Subsystem: "Queue", Verdict: Passed})
	r.Finished = false
	var names []string
	for _, s := range rendered(t, r).all("testsuite") {
		names = append(names, s.attrs["name"])
	}
	assert.Equal(t, []string{"Database", "API", "Storage", "CDN", "State", "Queue", "Run"}, names)
}

func TestARunWithoutResultIsAnError(t *testing.T) {
	for kind, r := range map[string]Run{
		"did-not-finish": {},
		"no-page":        {Finished: true},
		"aborted":        {Finished: true, Aborted: "STACK_OUTPUTS: malformed JSON, want an object"},
	} {
		c := rendered(t, r).testcase(t, "Run")
		require.Len(t, c.all("error"), 1)
		assert.Equal(t, kind, c.all("error")[0].attrs["type"])
	}
}

// A hundred pages, each at every limit, stay within what GitLab takes.
func TestSizeIsBounded(t *testing.T) {
	quotes := strings.Repeat(`"`, 1<<14)
	wordy := Page{
		Name: "TestAPIAnswersItsHealthCheck", Subsystem: "API", Severity: "P0", Verdict: Failed,
		Message: quotes, Text: strings.Repeat("]]>", 1<<14),
	}
	for range 1000 {
		wordy.Facts = append(wordy.Facts, Fact{quotes, quotes})
	}
	file, err := junit(Run{Environment: quotes[:maxWord], Started: noon, Finished: true, Pages: []Page{asGiven.page(wordy)}})
	require.NoError(t, err)
	assert.Less(t, 100*len(file), gitlabBytes)

	c := conforming(t, file).testcase(t, "TestAPIAnswersItsHealthCheck")
	assert.Contains(t, c.all("failure")[0].text, "[cut after 16384 of 49152 bytes]")
	assert.Contains(t, c.all("failure")[0].attrs["message"], "[cut after 1024 of 16384 bytes]")
	assert.Equal(t, "936 of 1000 facts", c.property("fact.cut"))
}

func TestACutLeavesCharactersWhole(t *testing.T) {
	assert.Equal(t, "ab [cut after 2 of 5 bytes]", bound("ab€", 3))
	assert.Equal(t, "ab€", bound("ab€", 5))
}

func FuzzJUnit(f *testing.F) {
	f.Add("TestAPIAnswersItsHealthCheck", "API", "P0", uint8(2), "503, want 200", "line\nline", "status", "503")
	f.Add("a\x00b", "\x1b[31m", "\"", uint8(3), "]]>", "<![CDATA[ ]]>", "\xff\xfe", "\u2028\r\n")
	f.Add("x", "State", "", uint8(1), "\t \v", "&#0; &amp; \ufffe", "", "é\xe9")
	f.Fuzz(func(t *testing.T, name, subsystem, severity string, verdict uint8, message, text, fact, value string) {
		p := asGiven.page(Page{
			Name: name, Subsystem: subsystem, Severity: severity, Verdict: verdicts[int(verdict)%len(verdicts)],
			Reason: severity, Message: message, Text: text, Facts: []Fact{{fact, value}},
		})
		if p.Name == "" || p.Subsystem == "" {
			t.Skip("refused by Begin")
		}
		if p.Verdict == Inconclusive && p.Reason != "" {
			p.Reason = "x-" + p.Reason // a reason is no type of ActiveSupport's
		}
		r := Run{Environment: asGiven.line(value, maxWord), Finished: true, Pages: []Page{p}}

		c := rendered(t, r).all("testcase")

		require.Len(t, c, 1)
		assert.Equal(t, p.Name, c[0].attrs["name"])
		assert.Equal(t, "smoke."+p.Subsystem, c[0].attrs["classname"])
		assert.Equal(t, p.Facts[0].Value, c[0].property(strings.TrimSpace("fact."+p.Facts[0].Name)))
		assert.Equal(t, p.Verdict == Failed, len(c[0].all("failure")) == 1)
		for _, e := range append(c[0].all("failure"), c[0].all("system-out")...) {
			assert.Contains(t, e.text, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(p.Text))
		}
		again, err := results(r)
		require.NoError(t, err)
		assert.Equal(t, r.Pages, readBack(t, again).Pages)
	})
}
