package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// No session waits long for another one's lock.
//
// When this is false, requests hang until they time out, all those that touch the same
// rows or table, and each holds a connection while it waits. A migration that needs a
// whole table, or a transaction left open, is the usual cause.
//
// If it fails:
//
//	psql {conninfo} -c 'select pid, pg_blocking_pids(pid) as blocked_by, usename, application_name, state, query from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0'
//	psql {conninfo} -c 'select pg_cancel_backend(PID)' # of the one that blocks; if it stays, or is idle: pg_terminate_backend
//	psql {conninfo} -c 'select gid, prepared, owner from pg_prepared_xacts' # if it is a prepared transaction: rollback prepared 'GID'
//
//runbook:symptom Lock timeouts
func TestDatabaseWaitsForNoLocks(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	const many = 5 // at once, and for longer than writers take turns on a busy row
	limit := d.Stack().Duration("DATABASE_LOCK_WAIT")
	database := fixtures.DatabaseMonitor(d)

	locks, err := database.Locks(d.Context())

	d.Saw("seen waiting for a lock", len(locks.Waits))
	if waiting := locks.Longer(limit / 6); len(waiting) > 0 {
		assert.LessOrEqual(d, waiting[0].Waited, limit, "%s, want less than %s", locks, limit)
		assert.Less(d, len(waiting), many, "%s, and %d wait longer than %s", locks, len(waiting), limit/6)
		d.Degraded("%s", locks)
	}
	d.NoError(err)
}
