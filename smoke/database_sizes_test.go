package smoke

import (
	"testing"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database tells how large it is, and its largest tables.
//
// When this is false, growth goes unseen until the disk is full.
//
// If it fails:
//
//	psql {conninfo} -c '\l+' -c '\dt+'
//
//runbook:diagnose-db-performance.sh Database Size and Largest Tables
func TestDatabaseTellsItsSizes(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P3)
	db := fixtures.Database(d)

	_, err := db.Sizes(d.Context())

	d.NoError(err)
}
