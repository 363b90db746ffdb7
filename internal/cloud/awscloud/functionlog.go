package awscloud

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"runbook/internal/cloud"
)

// FunctionErrors reads the log group that f writes to, in either format of
// Lambda. What the platform writes of one request counts once.
func (c *Client) FunctionErrors(ctx context.Context, f cloud.Function, since time.Time) (cloud.Lines, error) {
	lines := cloud.Lines{Source: f.Log.Place}
	ended := map[string]int{} // where in lines, by request
	err := c.events(ctx, f.Log.Place, since, complaints, func(e entry) bool {
		level, cause := complaint(e.text)
		if level == "" {
			return true
		}
		request := uuid.FindString(e.text)
		if n, again := ended[request]; again && cause != "" {
			if cause == cloud.OutOfMemory { // which the other lines take for an exit
				lines.Lines[n].Cause, lines.Lines[n].Text = cause, e.text
			}
			return true
		}
		if cause != "" && request != "" {
			ended[request] = len(lines.Lines)
		}
		lines.Lines = append(lines.Lines, cloud.Line{Time: e.time, Level: level, Cause: cause, Text: e.text})
		return len(lines.Lines) <= cloud.MaxLines
	})
	return bounded(lines), err
}

// complaints are what a line has at least one of that complaint finds wrong.
var complaints = []string{
	"ERROR", "Error", "error", "FATAL", "fatal", "CRITICAL", "Exception", "timed out", "timeout", "Runtime exited",
}

// platformEvent is a line of the JSON format that Lambda itself writes: an
// event of its Telemetry API.
type platformEvent struct {
	Type   string
	Record struct {
		Status    string // success, timeout, failure (of the code), error (of the runtime)
		ErrorType string
		Metrics   struct{ DurationMs, InitDurationMs, RestoreDurationMs float64 }
	}
	Level any // of a line that the function's code wrote; a word, but anything may stand there
}

func readJSON(text string) (e platformEvent, ok bool) {
	return e, strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &e) == nil
}

// complaint is what a line says is wrong, "" when nothing.
func complaint(text string) (cloud.Level, cloud.Cause) {
	if e, ok := readJSON(text); ok {
		return e.complaint()
	}
	switch {
	case strings.Contains(text, "Task timed out after "):
		return cloud.LevelFatal, cloud.TimedOut
	case strings.HasPrefix(text, "REPORT "):
		status, kind := field(text, "Status"), field(text, "Error Type")
		return ending(status, kind)
	case strings.Contains(text, "Runtime exited"):
		if strings.Contains(text, "signal: killed") { // by the kernel, out of memory
			return cloud.LevelFatal, cloud.OutOfMemory
		}
		return cloud.LevelFatal, cloud.Exited
	case strings.HasPrefix(text, "INIT_REPORT "): // its REPORT says the same
		return "", ""
	case shouted.MatchString(text):
		return cloud.LevelError, ""
	}
	return "", ""
}

func (e platformEvent) complaint() (cloud.Level, cloud.Cause) {
	switch {
	case e.Type == "platform.report":
		return ending(e.Record.Status, e.Record.ErrorType)
	case strings.HasPrefix(e.Type, "platform."):
		return "", ""
	case slices.Contains([]string{"ERROR", "FATAL", "CRITICAL"}, strings.ToUpper(fmt.Sprint(e.Level))):
		return cloud.LevelError, ""
	}
	return "", ""
}

// ending reads how the report of a request says that it ended. An error of the
// code has a line of its own.
func ending(status, kind string) (cloud.Level, cloud.Cause) {
	switch {
	case status == "timeout":
		return cloud.LevelFatal, cloud.TimedOut
	case strings.HasSuffix(kind, "OutOfMemory"):
		return cloud.LevelFatal, cloud.OutOfMemory
	case strings.HasSuffix(kind, "ExitError"):
		return cloud.LevelFatal, cloud.Exited
	}
	return "", ""
}

// shouted is the level of a line as loggers write it, or the head of a stack
// trace.
var shouted = regexp.MustCompile(`(?:^|[\s\[(|"])(?:ERROR|FATAL|CRITICAL)(?:[\s\])|":]|$)|\blevel=(?:error|fatal)\b|(?:^|\s)[\w.$]*(?:Exception|Error): `)

// field is one of those that a REPORT line parts by tabs.
func field(line, name string) string {
	_, after, _ := strings.Cut(line, "\t"+name+": ")
	value, _, _ := strings.Cut(after, "\t")
	return strings.TrimSpace(value)
}

// uuid finds a request's id.
var uuid = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
