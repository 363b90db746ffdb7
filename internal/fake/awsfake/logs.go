package awsfake

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

type logEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventID       string `json:"eventId"`
}

type filtered struct {
	Events    []logEvent `json:"events"`
	NextToken string     `json:"nextToken,omitempty"`
	Searched  []string   `json:"searchedLogStreams"`
}

type logFilter struct {
	LogGroupName, FilterPattern, NextToken string
	StartTime, EndTime                     *number // milliseconds
	Limit                                  number
	StartFromHead                          *bool
}

const (
	maxEvents  = 10_000 // on a page
	maxPattern = 1024   // characters
)

// Events are handed out newest first only from here on.
var newestFirstSince = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func filterLogEvents(s State, in input) (any, error) {
	var asked logFilter
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	group, ok := s.LogGroups[asked.LogGroupName]
	if !ok {
		return nil, fault{http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist."}
	}
	if asked.Limit < 0 || asked.Limit > maxEvents || len(asked.FilterPattern) > maxPattern {
		return nil, fault{http.StatusBadRequest, "InvalidParameterException", "Value at 'limit' or 'filterPattern' failed to satisfy constraint: Member is too large"}
	}
	newestFirst := asked.StartFromHead != nil && !*asked.StartFromHead
	if newestFirst && (asked.StartTime == nil || int64(*asked.StartTime) < newestFirstSince.UnixMilli()) {
		return nil, fault{http.StatusBadRequest, "InvalidParameterException", "startFromHead false needs a startTime on or after 2024-01-01"}
	}
	matches, err := pattern(asked.FilterPattern)
	if err != nil {
		return nil, err
	}
	events := slices.DeleteFunc(slices.Clone(group), func(e LogEvent) bool {
		return !asked.spans(e.Time) || !matches(e.Message)
	})
	slices.SortStableFunc(events, func(a, b LogEvent) int { return a.Time.Compare(b.Time) })
	// The token, not the request, says which way the next page goes.
	token, turned := strings.CutPrefix(asked.NextToken, "back-")
	if turned || (newestFirst && token == "") {
		slices.Reverse(events)
	}
	out, err := s.logPage(events, token, asked.Limit)
	if (turned || newestFirst) && out.NextToken != "" {
		out.NextToken = "back-" + out.NextToken
	}
	return out, err
}

// logPage puts an empty page before each page with events, when the State says
// so.
func (s State) logPage(events []LogEvent, token string, limit number) (filtered, error) {
	token, afterEmpty := strings.CutPrefix(token, "empty-")
	if s.EmptyPages && !afterEmpty {
		if token == "" {
			token = "from-0"
		}
		return filtered{Events: []logEvent{}, NextToken: "empty-" + token, Searched: []string{}}, nil
	}
	page, next, err := paged(events, token, s.pageSize(cmp.Or(limit, maxEvents)))
	out := filtered{Events: []logEvent{}, NextToken: next, Searched: []string{}}
	for n, e := range page {
		ms := e.Time.UnixMilli()
		out.Events = append(out.Events, logEvent{e.Stream, ms, e.Message, ms, fmt.Sprintf("%d-%d", ms, n)})
	}
	return out, err
}

func (f logFilter) spans(t time.Time) bool {
	ms := number(t.UnixMilli())
	return (f.StartTime == nil || ms >= *f.StartTime) && (f.EndTime == nil || ms <= *f.EndTime)
}

var term = regexp.MustCompile(`^(\??)(?:"([^"]*)"|(\w+))(?:\s+|$)`)

// pattern reads the two simplest kinds of a filter: every term, or, with
// question marks, any term. A quoted one may hold spaces and signs.
func pattern(text string) (func(string) bool, error) {
	any := strings.HasPrefix(text, "?")
	var terms []string
	for rest := strings.TrimSpace(text); rest != ""; {
		found := term.FindStringSubmatch(rest)
		// The service passes over terms with a question mark beside others.
		if found == nil || any != (found[1] == "?") {
			return nil, fault{http.StatusBadRequest, "InvalidParameterException", "This stand-in knows plain and quoted terms or ?terms only."}
		}
		terms, rest = append(terms, found[2]+found[3]), rest[len(found[0]):]
	}
	return func(message string) bool {
		contains := func(term string) bool { return strings.Contains(message, term) }
		if any {
			return slices.ContainsFunc(terms, contains)
		}
		return !slices.ContainsFunc(terms, func(term string) bool { return !contains(term) })
	}, nil
}
