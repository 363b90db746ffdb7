package gcpcloud

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/logging/v2"
)

// entriesAsked is the page size: twice what an answer holds, because the lines
// that go with an error (its statement, its context) are entries of their own.
// The quota is 60 requests a minute for the whole project.
const entriesAsked = 2 * cloud.MaxLines

// aside matches a line that goes with the error before it.
var aside = regexp.MustCompile(`\b(DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT):\s`)

// DatabaseErrors asks Cloud Logging for the instance's PostgreSQL log.
func (c *Client) DatabaseErrors(ctx context.Context, i cloud.Instance, since time.Time) (cloud.Lines, error) {
	project, err := c.projectOf(ctx, i.Account)
	if err != nil {
		return cloud.Lines{}, failed(ctx, entriesList, i.ID, err)
	}
	lines := cloud.Lines{Source: "projects/" + project + "/logs/cloudsql.googleapis.com%2Fpostgres.log"}
	filter := fmt.Sprintf(`resource.type="cloudsql_database" AND resource.labels.database_id="%s:%s" AND logName="%s" AND severity>=ERROR AND timestamp>="%s"`,
		project, i.ID, lines.Source, since.UTC().Format(time.RFC3339Nano))
	err = c.entries(ctx, i.ID, project, filter, entriesAsked, func(e *logging.LogEntry) bool {
		line, ok := lineOf(e)
		return !ok || add(&lines, line)
	})
	return lines, err
}

// entries hands on the entries of a project that pass a filter, newest first,
// until take wants no more. A page that the service had no time to fill may hold
// less than is there, or nothing.
func (c *Client) entries(ctx context.Context, subject, project, filter string, size int64, take func(*logging.LogEntry) bool) error {
	ctx, cancel := cloud.Sparing(ctx)
	defer cancel()
	request := &logging.ListLogEntriesRequest{
		ResourceNames: []string{"projects/" + project},
		Filter:        filter,
		OrderBy:       "timestamp desc",
		PageSize:      size,
	}
	for {
		page, err := ask(ctx, entriesList, subject, func() (*logging.ListLogEntriesResponse, error) {
			return c.logs.Entries.List(request).Context(ctx).Do()
		})
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if !take(e) {
				return nil
			}
		}
		if request.PageToken = page.NextPageToken; request.PageToken == "" {
			return nil
		}
	}
}

// add appends a line. It reports whether there was room.
func add(lines *cloud.Lines, line cloud.Line) bool {
	if len(lines.Lines) == cloud.MaxLines {
		lines.Truncated = true
		return false
	}
	lines.Lines = append(lines.Lines, line)
	return true
}

// lineOf reads a line out of either kind of payload. Where the text does not
// tell PostgreSQL's severity, Google's stands for it.
func lineOf(e *logging.LogEntry) (cloud.Line, bool) {
	text := e.TextPayload
	if text == "" {
		var payload struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(e.JsonPayload, &payload) == nil {
			text = payload.Message
		}
	}
	line := cloud.Line{Time: rfc3339(e.Timestamp), Level: cloud.LevelOf(text), Text: text}
	if line.Level == "" && aside.MatchString(text) {
		return line, false
	}
	if line.Level == "" {
		line.Level = levelOf(e.Severity)
	}
	return line, true
}

func levelOf(severity string) cloud.Level {
	switch severity {
	case "CRITICAL", "ALERT":
		return cloud.LevelFatal
	case "EMERGENCY":
		return cloud.LevelPanic
	}
	return cloud.LevelError
}
