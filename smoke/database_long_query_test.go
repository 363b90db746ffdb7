package smoke

import (
	"testing"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// No query runs longer than five minutes.
//
// When this is false, it takes CPU and disk from all others, holds a connection, and
// keeps vacuum from cleaning up. A missing index or a join without a condition, new with
// the deploy, is the usual cause.
//
// If it fails:
//
//	psql {conninfo} -c "select pid, usename, application_name, now() - query_start as runs, wait_event_type, query from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() order by query_start"
//	psql {conninfo} -c 'select pg_cancel_backend(PID)' # if it stays: pg_terminate_backend
//
//runbook:diagnose-db-performance.sh Long-running Queries
func TestDatabaseRunsNoLongQueries(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P2)
	limit := d.Stack().Duration("DATABASE_LONG_QUERY")
	database := fixtures.DatabaseMonitor(d)

	long, err := database.LongQueries(d.Context(), limit)

	d.Saw("seen long queries", len(long))
	if len(long) > 0 {
		oldest := long[0]
		d.Errorf("%s runs its query since %s, want less than %s: %s", oldest, oldest.Query, limit, oldest.Text)
	}
	d.NoError(err)
}
