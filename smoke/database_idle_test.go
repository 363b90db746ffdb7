package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// No session sits idle in a transaction that it began long ago.
//
// When this is false, the locks that the transaction took stay taken, vacuum cleans up
// nothing newer than it, and its connection is lost to the pool. Usually the code forgot
// to commit, or waits for something else, such as another service, before it does.
//
// If it fails:
//
//	psql {conninfo} -c "select pid, usename, application_name, now() - xact_start as age, query from pg_stat_activity where state = 'idle in transaction' order by xact_start"
//	psql {conninfo} -c 'select pg_terminate_backend(PID)'
//	psql {conninfo} -c "alter role {databaseUrl.user} set idle_in_transaction_session_timeout = '60s'"
func TestDatabaseFinishesItsTransactions(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	limit := d.Stack().Duration("DATABASE_IDLE_IN_TRANSACTION")
	database := fixtures.DatabaseMonitor(d)

	idle, err := database.IdleInTransaction(d.Context(), limit/5)

	d.Saw("seen idle in transaction", len(idle))
	if len(idle) > 0 {
		oldest := idle[0]
		assert.LessOrEqual(d, oldest.Transaction, limit, "%s began its transaction %s ago, want less than %s", oldest, oldest.Transaction, limit)
		d.Degraded("%s began its transaction %s ago", oldest, oldest.Transaction)
	}
	d.NoError(err)
}
