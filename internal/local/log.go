package local

import (
	"slices"
	"time"
)

// entry is a line of the database's log, apart from what its provider puts
// before it.
type entry struct {
	ago         time.Duration
	level, text string
}

func (e entry) at() time.Time { return time.Now().Add(-e.ago) }

// goodDay is what a database logs that is well.
var goodDay = []entry{
	{9 * time.Minute, "LOG", "checkpoint complete: wrote 12 buffers (0.1%)"},
	{2 * time.Minute, "LOG", "duration: 1034.113 ms  statement: select 'ERROR:  not one'"},
}

// lockedOut is an app that is given no session, again and again.
var lockedOut = slices.Repeat([]entry{
	{90 * time.Second, "FATAL", `no pg_hba.conf entry for host "10.1.2.3", user "app", database "app", no encryption`},
}, 25)
