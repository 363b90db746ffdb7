package cloud

import (
	"context"
	"regexp"
	"time"
)

// MaxLines bounds how many log lines one answer holds: enough to see what is
// wrong, little enough to read.
const MaxLines = 100

// Sparing returns ctx without the last quarter of its time. A log may have more
// pages than there is time for: who reads them under it leaves the caller time to
// act on those that were read.
func Sparing(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/4))
}

// Logs knows what a database wrote to its log.
type Logs interface {
	// DatabaseErrors returns the lines at ERROR or worse since then, newest
	// first, at most MaxLines.
	DatabaseErrors(ctx context.Context, i Instance, since time.Time) (Lines, error)
}

// FunctionLogs knows what functions, and the platform that runs them, wrote to
// their log.
type FunctionLogs interface {
	// FunctionErrors returns what was logged as an error since then, and
	// instances that were ended, newest first, at most MaxLines. A log that no
	// request has made yet is NoData.
	FunctionErrors(ctx context.Context, f Function, since time.Time) (Lines, error)
}

// GatewayLogs knows which requests gateways logged.
type GatewayLogs interface {
	// GatewayErrors returns the requests since then that were answered with 5xx
	// or 429, newest first, at most MaxLines. A stage without an access log is
	// NotEnabled.
	GatewayErrors(ctx context.Context, g Gateway, since time.Time) (Lines, error)
}

// Lines are lines of a log, newest first. Beside an error they are those that
// were read before it.
type Lines struct {
	Lines     []Line
	Truncated bool   // there were more, older ones
	Source    string // where they were read: a log group, a log file, a log's name
}

// Line is one line of a log. Its text may hold what users typed.
type Line struct {
	Time   time.Time
	Level  Level
	Text   string
	Cause  Cause // what ended the instance of a function; "" = it went on
	Status int   // of the answer that a line of an access log is about; 0 = it is about none
}

// Level is the severity of a log line, by PostgreSQL's words for it.
type Level string

const (
	LevelError Level = "ERROR" // a statement or request failed
	LevelFatal Level = "FATAL" // a session or an instance of a function ended
	LevelPanic Level = "PANIC" // every session ended
)

// Cause is why the platform ended an instance of a function.
type Cause string

const (
	TimedOut    Cause = "timed-out"     // the request took longer than it may
	OutOfMemory Cause = "out-of-memory" // it wanted more than it may have
	Exited      Cause = "exited"        // its process ended by itself
)

var level = regexp.MustCompile(`\b(DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT):\s`)

// LevelOf finds the severity in a line as PostgreSQL writes it ("… FATAL:
// password authentication failed"). It is "" for a line at a lesser severity
// and for one that only quotes the word, as a STATEMENT does.
func LevelOf(text string) Level {
	m := level.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	switch l := Level(m[1]); l {
	case LevelError, LevelFatal, LevelPanic:
		return l
	}
	return ""
}
