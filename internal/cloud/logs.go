package cloud

import (
	"context"
	"regexp"
	"time"
)

// MaxLines bounds how many log lines one answer holds: enough to see what is
// wrong, little enough to read.
const MaxLines = 100

// Logs knows what a database wrote to its log.
type Logs interface {
	// DatabaseErrors returns the lines at ERROR or worse since then, newest
	// first, at most MaxLines.
	DatabaseErrors(ctx context.Context, i Instance, since time.Time) (Lines, error)
}

// Lines are lines of a log, newest first.
type Lines struct {
	Lines     []Line
	Truncated bool   // there were more, older ones
	Source    string // where they were read: a log group, a log file, a log's name
}

// Line is one line of a database's log. Its text may hold what users typed.
type Line struct {
	Time  time.Time
	Level Level
	Text  string
}

// Level is PostgreSQL's severity of a log line.
type Level string

const (
	LevelError Level = "ERROR" // a statement failed
	LevelFatal Level = "FATAL" // a session ended
	LevelPanic Level = "PANIC" // every session ended
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
