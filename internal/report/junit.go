package report

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"
)

// subsystems is the order of the suites; any other comes after, as met.
var subsystems = []string{"Database", "API", "Function", "Storage", "CDN", "State"}

// The elements hold what the readers of JUnit files agree on. Properties of a
// testcase are the exception: Jenkins' junit plugin and gotestsum have them,
// the schema of Jenkins' xunit plugin does not. The root has no count of the
// skipped, for that schema refuses it.
type testsuites struct {
	XMLName xml.Name    `xml:"testsuites"`
	Name    string      `xml:"name,attr"`
	Time    string      `xml:"time,attr"` // of the clock: suites overlap
	Suites  []testsuite `xml:"testsuite"`
	tally
}

type testsuite struct {
	Name      string `xml:"name,attr"`
	Timestamp string `xml:"timestamp,attr"`
	Time      string `xml:"time,attr"` // sum of its testcases
	tally
	Skipped int        `xml:"skipped,attr"`
	Cases   []testcase `xml:"testcase"`
}

type tally struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
}

type testcase struct {
	Name       string     `xml:"name,attr"`
	Classname  string     `xml:"classname,attr"`
	Time       string     `xml:"time,attr"`
	Properties []property `xml:"properties>property"`
	Skipped    *outcome   `xml:"skipped"`
	Error      *outcome   `xml:"error"`
	Failure    *outcome   `xml:"failure"`
	SystemOut  *cdata     `xml:"system-out"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type outcome struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	cdata
}

// cdata keeps lines and quotes readable to people who open the file.
type cdata struct {
	Text string `xml:",cdata"`
}

func junit(r Run) ([]byte, error) {
	root := testsuites{Name: "smoke " + r.Environment, Time: seconds(r.Took)}
	for _, pages := range bySubsystem(append(slices.Clip(r.Pages), ofItself(r)...)) {
		suite := newTestsuite(r, pages)
		root.Suites = append(root.Suites, suite)
		root.Tests += suite.Tests
		root.Failures += suite.Failures
		root.Errors += suite.Errors
	}
	body, err := xml.MarshalIndent(root, "", "  ")
	return slices.Concat([]byte(xml.Header), body, []byte("\n")), err
}

// ofItself is the page that a run has about itself while it cannot be believed.
func ofItself(r Run) []Page {
	p := Page{Name: "Run", Subsystem: "Run", Severity: "P0", Verdict: Inconclusive}
	switch {
	case r.Aborted != "":
		p.Reason, p.Message = "aborted", r.Aborted
	case !r.Finished:
		p.Reason, p.Message = didNotFinish, "the run did not finish"
	case len(r.Pages) == 0:
		p.Reason, p.Message = "no-page", "no page ran"
	default:
		return nil
	}
	return []Page{p}
}

func bySubsystem(pages []Page) [][]Page {
	order := slices.Clone(subsystems)
	groups := map[string][]Page{}
	for _, p := range pages {
		if !slices.Contains(order, p.Subsystem) {
			order = append(order, p.Subsystem)
		}
		groups[p.Subsystem] = append(groups[p.Subsystem], p)
	}
	var sorted [][]Page
	for _, name := range order {
		if len(groups[name]) > 0 {
			sorted = append(sorted, groups[name])
		}
	}
	return sorted
}

func newTestsuite(r Run, pages []Page) testsuite {
	// Readers take a time without a zone for UTC; the strictest schema allows no zone.
	s := testsuite{Name: pages[0].Subsystem, Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
	var took time.Duration
	for _, p := range pages {
		c := newTestcase(r, p)
		s.Cases = append(s.Cases, c)
		s.Tests++
		s.Failures += count(c.Failure)
		s.Errors += count(c.Error)
		s.Skipped += count(c.Skipped)
		took += p.Took
	}
	s.Time = seconds(took)
	return s
}

func count(o *outcome) int {
	if o == nil {
		return 0
	}
	return 1
}

func newTestcase(r Run, p Page) testcase {
	c := testcase{
		Name:       p.Name,
		Classname:  "smoke." + p.Subsystem,
		Time:       seconds(p.Took),
		Properties: properties(r, p),
	}
	why := because(p)
	switch p.Verdict {
	case Passed:
	case Degraded:
		c.SystemOut = &why.cdata
	case Failed:
		why.Type = cmp.Or(p.Severity, string(Failed))
		c.Failure = &why
	case Inconclusive:
		why.Type = cmp.Or(p.Reason, string(Inconclusive))
		c.Error = &why
	case NotApplicable:
		c.Skipped = &why
	default:
		c.Error = &outcome{Type: didNotFinish, Message: "did not finish", cdata: cdata{"did not finish"}}
	}
	return c
}

// because repeats the message in a text that lacks it: GitLab shows the text
// alone, Jenkins both.
func because(p Page) outcome {
	o := outcome{Message: cmp.Or(p.Message, string(p.Verdict)), cdata: cdata{p.Text}}
	if !strings.Contains(p.Text, o.Message) {
		o.Text = strings.TrimRight(o.Message+"\n"+p.Text, "\n")
	}
	return o
}

func properties(r Run, p Page) []property {
	all := []property{
		{"severity", p.Severity},
		{"subsystem", p.Subsystem},
		{"verdict", cmp.Or(string(p.Verdict), didNotFinish)},
		{"provider", r.Provider},
		{"environment", r.Environment},
	}
	for _, f := range p.Facts {
		all = append(all, property{"fact." + f.Name, f.Value})
	}
	return all
}

// seconds has three decimals: more would break Surefire's schema.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(inSeconds(d), 'f', 3, 64)
}
