package smoke

import (
	"testing"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Every index of the database is valid.
//
// When this is false, queries do not use the index that a migration meant to give them,
// a unique one lets duplicates in, and writes may pay for it all the same. A CREATE INDEX
// CONCURRENTLY that failed or was interrupted leaves one behind.
//
// If it fails:
//
//	psql {conninfo} -c 'select indexrelid::regclass, indrelid::regclass, indisready from pg_index where not indisvalid'
//	psql {conninfo} -c 'reindex index concurrently INDEX' # one whose name ends in _ccnew or _ccold: drop index concurrently INDEX
func TestDatabaseIndexesAreValid(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P2)
	db := fixtures.Database(d)

	invalid, err := db.InvalidIndexes(d.Context())

	d.NoError(err)
	for _, index := range invalid {
		if index.Building {
			d.Degraded("index %s of %s is being built", index.Name, index.Table)
			continue
		}
		d.Errorf("index %s of %s is not valid: was its CREATE INDEX CONCURRENTLY interrupted?", index.Name, index.Table)
	}
}
