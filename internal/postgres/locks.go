package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Locks is who waits for whom.
type Locks struct {
	Waits    []LockWait // the longest first
	Blockers []Blocker  // the one that most wait for first
}

// Longer is the waits longer than age.
func (l Locks) Longer(age time.Duration) []LockWait {
	return slices.DeleteFunc(slices.Clone(l.Waits), func(w LockWait) bool { return w.Waited <= age })
}

// String names the one that most wait for.
func (l Locks) String() string {
	if len(l.Blockers) == 0 {
		return fmt.Sprintf("%d sessions wait for one another", len(l.Waits))
	}
	b := l.Blockers[0]
	who := "1 session waits"
	if b.Waiting > 1 {
		who = fmt.Sprintf("%d sessions wait", b.Waiting)
	}
	return fmt.Sprintf("%s holds a lock that %s for, since up to %s", b, who, b.Longest)
}

// LockWait is a session that waits for a lock.
type LockWait struct {
	Backend
	Waited time.Duration // negative: unknown, on PostgreSQL 13 to a role without pg_read_all_stats
	For    []int         // process ids of those who must let go first; 0 is a prepared transaction
}

// Blocker is a session that others wait for and that itself waits for nobody.
type Blocker struct {
	Backend               // PID 0: a prepared transaction, which has no session
	Waiting int           // how many wait for it, also through one another
	Longest time.Duration // of their waits
}

// String names it as Backend does.
func (b Blocker) String() string {
	if b.PID == 0 {
		return "a prepared transaction"
	}
	return b.Backend.String()
}

// locks calls pg_blocking_pids, which stops the lock manager for a moment, for
// those alone who wait. PostgreSQL 13 has no waitstart: the age of the query
// stands in, than which no wait is longer.
const locks = `
WITH waiting AS MATERIALIZED (
	SELECT pid, min((to_jsonb(l) ->> 'waitstart')::timestamptz) AS since
	FROM pg_locks l WHERE NOT granted GROUP BY pid
), blocked AS MATERIALIZED (
	SELECT pid, since, pg_blocking_pids(pid) AS blockers FROM waiting
)
SELECT` + backend + `,
       coalesce(blockers, '{}'),
       CASE
           WHEN since IS NOT NULL THEN (extract(epoch FROM clock_timestamp() - since) * 1000)::bigint
           WHEN current_setting('server_version_num')::int >= 140000 THEN 0
           ELSE coalesce((extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint, -1)
       END
FROM pg_stat_activity a LEFT JOIN blocked USING (pid)
WHERE blocked.pid IS NOT NULL OR pid IN (SELECT unnest(blockers) FROM blocked)`

// Locks asks who waits for a lock. Any role may know; what others run and
// since when is zero to one without pg_read_all_stats.
func (s *Session) Locks(ctx context.Context) (Locks, error) {
	var involved []LockWait
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		involved, err = list(ctx, tx, scanLockWait, locks)
		return err
	})
	return queues(involved), err
}

func scanLockWait(row pgx.CollectableRow) (w LockWait, err error) {
	var waited int64
	err = w.scan(row, &w.For, &waited)
	w.Waited = milliseconds(waited)
	slices.Sort(w.For)
	w.For = slices.Compact(w.For) // a session waits for each worker of another
	return w, err
}

// queues tells those who wait from those who are waited for. Who no longer
// waits for anybody has just been served.
func queues(involved []LockWait) Locks {
	var l Locks
	waiting := map[int]LockWait{}
	blockers := map[int]*Blocker{}
	for _, session := range involved {
		if len(session.For) > 0 {
			waiting[session.PID] = session
			l.Waits = append(l.Waits, session)
		} else {
			blockers[session.PID] = &Blocker{Backend: session.Backend}
		}
	}
	for _, wait := range l.Waits {
		for _, pid := range ends(wait, waiting) {
			if blockers[pid] == nil {
				blockers[pid] = &Blocker{Backend: Backend{PID: pid}}
			}
			blockers[pid].Waiting++
			blockers[pid].Longest = max(blockers[pid].Longest, wait.Waited)
		}
	}
	for _, b := range blockers {
		if b.Waiting > 0 {
			l.Blockers = append(l.Blockers, *b)
		}
	}
	slices.SortFunc(l.Waits, func(a, b LockWait) int { return cmp.Compare(b.Waited, a.Waited) })
	slices.SortFunc(l.Blockers, func(a, b Blocker) int { return cmp.Or(b.Waiting-a.Waiting, a.PID-b.PID) })
	return l
}

// ends follows a wait through those who wait themselves to those who do not.
// There are none in a deadlock, which the server ends after a second.
func ends(wait LockWait, waiting map[int]LockWait) []int {
	var found []int
	seen := map[int]bool{}
	next := wait.For
	for len(next) > 0 {
		pid := next[0]
		next = next[1:]
		if seen[pid] {
			continue
		}
		seen[pid] = true
		if further, waits := waiting[pid]; waits {
			next = append(slices.Clone(next), further.For...)
		} else {
			found = append(found, pid)
		}
	}
	return found
}
