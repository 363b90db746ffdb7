package awscloud

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"runbook/internal/cloud"
)

// GatewayErrors reads the access log, whatever its format, by the format that
// the stage is set to now. Lines from before it was changed are passed over.
func (c *Client) GatewayErrors(ctx context.Context, g cloud.Gateway, since time.Time) (cloud.Lines, error) {
	group := g.Stage.AccessLog
	failed := func(kind cloud.Kind, text string) error {
		return &cloud.Error{Action: filterLogEvents, Subject: g.ID + "/" + g.Stage.Name, Kind: kind, Err: errors.New(text)}
	}
	status := statusIn(g.Stage.AccessLogFormat)
	switch {
	case group == "":
		return cloud.Lines{}, failed(cloud.NotEnabled, "got no access log, want one")
	case strings.HasPrefix(group, "arn:"):
		return cloud.Lines{}, failed(cloud.NotOffered, "got an access log in "+group+", want a log group")
	case status == nil:
		return cloud.Lines{}, failed(cloud.NotEnabled, "got an access log format without "+statusVariable)
	}
	lines := cloud.Lines{Source: group}
	err := c.events(ctx, group, since, refusals, func(e entry) bool {
		found := status.FindStringSubmatch(strings.TrimSpace(e.text))
		if found == nil {
			return true
		}
		if code, _ := strconv.Atoi(found[1]); code >= 500 || code == http.StatusTooManyRequests {
			lines.Lines = append(lines.Lines, cloud.Line{Time: e.time, Level: cloud.LevelError, Text: e.text, Status: code})
		}
		return len(lines.Lines) <= cloud.MaxLines
	})
	return bounded(lines), err
}

// refusals are what a line has one of that is about such an answer: the
// registered statuses.
var refusals = []string{"429", "500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511"}

const statusVariable = "$context.status"

var variable = regexp.MustCompile(`\$(?:context|stageVariables)(?:\.\w+(?:-\w+)*)+`)

// statusIn makes of an access log's format the expression that finds the
// status in a line of it, nil where the format leaves the status out.
func statusIn(format string) *regexp.Regexp {
	format = strings.TrimSpace(format)
	var pattern strings.Builder
	at, found := 0, false
	for _, v := range variable.FindAllStringIndex(format, -1) {
		pattern.WriteString(regexp.QuoteMeta(format[at:v[0]]))
		if format[v[0]:v[1]] == statusVariable && !found {
			pattern.WriteString(`(\d{3})`)
			found = true
		} else {
			pattern.WriteString(`.*?`)
		}
		at = v[1]
	}
	if !found {
		return nil
	}
	return regexp.MustCompile("(?s)^" + pattern.String() + regexp.QuoteMeta(format[at:]) + "$")
}
