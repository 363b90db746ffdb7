package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a page may add to a report, in bytes before escaping. GitLab refuses a
// JUnit file of 30 MB; escaping makes one byte five at worst (a quote becomes
// &#34;), so a hundred pages, each at every limit, still fit. GitHub shows at
// most 65,535 bytes of a failure. Longer evidence belongs in a file of its own.
const (
	maxText    = 16 << 10 // some 200 lines of a terminal
	maxMessage = 1 << 10
	maxValue   = 512
	maxWord    = 64 // names of facts and environments, reasons
	maxFacts   = 64
)

// A cleaner makes strings from outside fit for a report: redacted first, while
// a secret still is as it was given, then legal in XML, then bounded.
type cleaner func(string) string

func (redact cleaner) page(p Page) Page {
	p.Name = line(p.Name)
	p.Subsystem = line(p.Subsystem)
	p.Severity = line(p.Severity)
	p.Reason = redact.line(p.Reason, maxWord)
	p.BlockedBy = line(p.BlockedBy)
	p.Message = redact.line(p.Message, maxMessage)
	p.Text = bound(legal(strings.TrimRightFunc(redact(p.Text), unicode.IsSpace)), maxText)
	p.Facts = redact.facts(p.Facts)
	p.Took = max(p.Took, 0)
	return p
}

func (redact cleaner) facts(facts []Fact) []Fact {
	clean := make([]Fact, 0, min(len(facts), maxFacts+1))
	for _, f := range facts[:min(len(facts), maxFacts)] {
		clean = append(clean, Fact{redact.line(f.Name, maxWord), redact.line(f.Value, maxValue)})
	}
	if more := len(facts) - maxFacts; more > 0 {
		clean = append(clean, Fact{"cut", fmt.Sprintf("%d of %d facts", more, len(facts))})
	}
	return clean
}

func (redact cleaner) line(s string, limit int) string {
	return bound(line(redact(s)), limit)
}

// line puts s on one line, single spaces between its words.
func line(s string) string {
	return legal(strings.Join(strings.Fields(s), " "))
}

// legal replaces what XML 1.0 has no character for.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r',
			' ' <= r && r <= '\uD7FF',
			'\uE000' <= r && r <= '\uFFFD',
			'\U00010000' <= r && r <= utf8.MaxRune:
			return r
		}
		return utf8.RuneError
	}, s)
}

// bound keeps about the first limit bytes of s and says where it cut.
func bound(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	head := strings.ToValidUTF8(s[:limit], "")
	return fmt.Sprintf("%s [cut after %d of %d bytes]", head, len(head), len(s))
}
