package gcpcloud

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/logging/v2"
)

// Text that a program writes without a severity has DEFAULT. A backslash would
// mean different things in the filter and in the expression: there is none.
const (
	looksWrong = `(^|[^A-Za-z])(ERROR|FATAL|CRITICAL|PANIC)([^A-Za-z]|$)|Exception|^panic: |^Traceback `
	ended      = `^Memory limit of |^Container called exit[(][1-9]|^Container terminated on signal `
)

// FunctionErrors asks Cloud Logging for what the service's containers and Cloud
// Run wrote: entries at ERROR or worse, plain text that tells of an error, ended
// instances, and requests of which Cloud Run says why it answered them itself. A
// service that wrote nothing has an empty log, whether or not it was ever asked.
func (c *Client) FunctionErrors(ctx context.Context, f cloud.Function, since time.Time) (cloud.Lines, error) {
	project, err := c.projectOf(ctx, f.Account)
	if err != nil {
		return cloud.Lines{}, failed(ctx, entriesList, f.ID, err)
	}
	lines := cloud.Lines{Source: resourceFilter(f)}
	filter := fmt.Sprintf(`%s AND timestamp>=%q AND (logName!=%q OR textPayload=~".")`+
		` AND (severity>=ERROR OR (severity=DEFAULT AND textPayload=~%q) OR (logName=%q AND textPayload=~%q))`,
		lines.Source, since.UTC().Format(time.RFC3339Nano), logName(project, "requests"),
		looksWrong, logName(project, "varlog/system"), ended)
	err = c.entries(ctx, f.ID, project, filter, cloud.MaxLines+1, func(e *logging.LogEntry) bool {
		return add(&lines, functionLine(e))
	})
	return lines, err
}

// resourceFilter selects what is logged by a service and measured of it.
func resourceFilter(f cloud.Function) string {
	filter := fmt.Sprintf(`resource.type="cloud_run_revision" AND resource.labels.service_name=%q`, f.ID)
	if f.Region != "" {
		filter += fmt.Sprintf(` AND resource.labels.location=%q`, f.Region)
	}
	return filter
}

func logName(project, log string) string {
	return "projects/" + project + "/logs/run.googleapis.com%2F" + url.QueryEscape(log)
}

// functionLine never holds a request's query, where tokens travel.
func functionLine(e *logging.LogEntry) cloud.Line {
	line := cloud.Line{Time: rfc3339(e.Timestamp), Level: cloud.LevelError, Text: textOf(e)}
	if r := e.HttpRequest; r != nil {
		line.Status = int(r.Status)
		address, _, _ := strings.Cut(r.RequestUrl, "?")
		line.Text = fmt.Sprintf("%d %s %s: %s", r.Status, r.RequestMethod, address, line.Text)
	}
	line.Cause = causeOf(e)
	if line.Cause != "" || levelOf(e.Severity) != cloud.LevelError {
		line.Level = cloud.LevelFatal
	}
	return line
}

// textOf reads the text of any payload: a structured one that holds no message
// is given whole.
func textOf(e *logging.LogEntry) string {
	var structured struct{ Message, Msg string }
	var audit struct {
		Status struct{ Message string }
	}
	_ = json.Unmarshal(e.JsonPayload, &structured) // a message that is no text is no message
	_ = json.Unmarshal(e.ProtoPayload, &audit)
	return cmp.Or(e.TextPayload, structured.Message, structured.Msg, audit.Status.Message, string(e.JsonPayload))
}

var exited = regexp.MustCompile(`^Container (called exit\([1-9]|terminated on signal )`)

// causeOf trusts the platform's own logs only: a program may write anything.
func causeOf(e *logging.LogEntry) cloud.Cause {
	switch {
	case strings.HasSuffix(e.LogName, "%2Fvarlog%2Fsystem") && strings.HasPrefix(e.TextPayload, "Memory limit of "):
		return cloud.OutOfMemory
	case strings.HasSuffix(e.LogName, "%2Fvarlog%2Fsystem") && exited.MatchString(e.TextPayload):
		return cloud.Exited
	case e.HttpRequest != nil && strings.Contains(e.TextPayload, "maximum request timeout"):
		return cloud.TimedOut
	}
	return ""
}
