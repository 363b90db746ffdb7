// Package report keeps the journal of a run and renders it into the files
// that machines read: junit.xml for dashboards, results.json for programs.
//
// Both files are replaced whole at every change, so at any instant, also after
// a kill, each is valid and true. What has begun and not ended stands in
// junit.xml as an error of type did-not-finish: each page, and the run itself
// as the testcase smoke.Run/Run. A run of which no page ran is an error too.
//
// The package judges nothing: verdicts come from the pages, exit statuses are
// the caller's. It keeps no secret either: every string that a page or its
// environment supplied goes through the caller's redactor before it is kept.
//
// # results.json
//
//	schema_version        1; another number means another meaning of these fields
//	environment           name of the environment that was asked
//	provider              "aws", "gcp", or "" when unknown
//	started               RFC 3339, UTC
//	took_seconds          from started to the last change of the file
//	finished              false: the run was cut off, or goes on
//	aborted               why the run could judge nothing; "" when it could
//	counts                pages by verdict; all five words and "did-not-finish"
//	pages[]               in the order in which they began
//	  name                Go test's name, unique in the file
//	  subsystem           "Database", "API", "Function", "Storage", "CDN", "State"
//	  severity            "P0" (outage) to "P3" (information)
//	  verdict             "passed", "degraded", "failed", "inconclusive",
//	                      "not-applicable"; "" begun and not ended
//	  reason              machine word of an inconclusive, else ""
//	  blocked_by          name of the page that answers for what blocked this one, else ""
//	  message             why, on one line; "" when passed
//	  text                what the terminal shows, several lines
//	  facts[].name        what was measured
//	  facts[].value       the measurement, with its unit, on one line
//	  started             RFC 3339, UTC
//	  took_seconds        0 until the page ends
package report

import (
	"slices"
	"time"
)

// Verdict is what a page found. The zero Verdict is of a page that has begun
// and not ended.
type Verdict string

const (
	Passed        Verdict = "passed"         // looked, and it is right
	Degraded      Verdict = "degraded"       // right, but past a warning limit or only after a retry
	Failed        Verdict = "failed"         // looked, and it is wrong
	Inconclusive  Verdict = "inconclusive"   // could not look
	NotApplicable Verdict = "not-applicable" // this stack has no such thing
)

var verdicts = []Verdict{Passed, Degraded, Failed, Inconclusive, NotApplicable}

// didNotFinish is the outcome of a page or a run with a beginning and no end.
const didNotFinish = "did-not-finish"

// A Fact is one measurement, its unit in the value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Page is one diagnostic and what came of it.
type Page struct {
	Name      string        `json:"name"`      // Go test's name
	Subsystem string        `json:"subsystem"` // "Database", "API", "Function", "Storage", "CDN" or "State"
	Severity  string        `json:"severity"`  // "P0" to "P3"
	Verdict   Verdict       `json:"verdict"`
	Reason    string        `json:"reason"`     // machine word of an inconclusive: "no-permission", "blocked", "out-of-time"
	BlockedBy string        `json:"blocked_by"` // the page that answers for what blocked this one; else ""
	Message   string        `json:"message"`    // why, on one line; "" when passed
	Text      string        `json:"text"`       // what the terminal shows, several lines
	Facts     []Fact        `json:"facts"`
	Started   time.Time     `json:"started"`
	Took      time.Duration `json:"-"` // 0 until it ends
}

// A Run is one pass over the pages against one environment.
type Run struct {
	Environment string        `json:"environment"`
	Provider    string        `json:"provider"` // "aws", "gcp", or "" when unknown
	Started     time.Time     `json:"started"`
	Took        time.Duration `json:"-"`        // from Started to the last change
	Finished    bool          `json:"finished"` // false: cut off, or going on
	Aborted     string        `json:"aborted"`  // why nothing could be judged; "" when it could
	Pages       []Page        `json:"-"`        // in the order in which they began
}

func (r Run) clone() Run {
	r.Pages = slices.Clone(r.Pages)
	for i := range r.Pages {
		r.Pages[i].Facts = slices.Clone(r.Pages[i].Facts)
	}
	return r
}
