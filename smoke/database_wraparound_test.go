package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Vacuum keeps every database far from transaction id wraparound.
//
// When this is false, and it comes within a few million of 2^31, the server takes no more
// writes until somebody has vacuumed by hand, which takes hours. What holds vacuum back
// is a transaction, a prepared transaction or a replication slot that is as old.
//
// If it fails:
//
//	psql {conninfo} -c 'select datname, age(datfrozenxid), mxid_age(datminmxid) from pg_database order by 2 desc' -c "select oid::regclass, age(relfrozenxid) from pg_class where relkind in ('r', 'm', 't') order by 2 desc limit 10"
//	psql {conninfo} -c 'select pid, age(backend_xmin), state from pg_stat_activity where backend_xmin is not null order by 2 desc limit 5' -c 'select gid, age(transaction) from pg_prepared_xacts' -c 'select slot_name, age(xmin), age(catalog_xmin) from pg_replication_slots'
//	psql {conninfo} -c 'vacuum (freeze, verbose) TABLE' # the oldest tables first
func TestDatabaseIsFarFromWraparound(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	limit := d.Stack().Number("DATABASE_TRANSACTION_AGE")
	db := fixtures.Database(d)

	ages, err := db.Ages(d.Context())

	d.NoError(err)
	oldest := ages[0]
	d.Saw("oldest database", oldest.Database)
	d.Saw("oldest transaction", oldest.Transactions)
	d.Saw("oldest multixact", oldest.Multixacts)
	assert.LessOrEqual(d, oldest.Oldest(), limit, "database %s has a transaction %d transactions old that is not frozen, want at most %d", oldest.Database, oldest.Oldest(), limit)
	if oldest.Oldest() > limit/2 {
		d.Degraded("database %s has a transaction %d transactions old that is not frozen", oldest.Database, oldest.Oldest())
	}
}
