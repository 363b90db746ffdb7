package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database has disk left: at most 90 % is in use, or 95 % where the disk still grows
// by itself.
//
// When this is false, the database is about to refuse every write, and may not come up
// again before it is given more.
//
// If it fails:
//
//	psql {conninfo} -c "select slot_name, active, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) from pg_replication_slots"
//	aws: aws rds modify-db-instance --db-instance-identifier {databaseInstanceId} --allocated-storage <GiB> --max-allocated-storage <GiB> --apply-immediately
//	gcp: gcloud sql instances patch {databaseInstanceName} --storage-auto-increase
//	gcp: gcloud sql instances patch {databaseInstanceName} --storage-size=<GiB>
func TestDatabaseHasStorageLeft(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	const warning = 10 // points below the limit: time to act
	limit := float64(d.Stack().Number("DATABASE_STORAGE"))
	instance := fixtures.Instance(d)

	known, err := instance.Describe(d.Context())
	d.NoError(err)
	used, err := instance.StorageUsed(d.Context())
	d.NoError(err)

	d.Saw("disk", known.Storage.Growth)
	if len(used) == 0 {
		d.NotApplicable("the disk of %s has no size of its own: it grows with the data", known.ID)
	}
	if known.Storage.Grows() {
		limit = (100 + limit) / 2
	}
	now := 100 * used.Last().Value
	d.Saw("percent in use", now)
	assert.LessOrEqual(d, now, limit, "%.0f %% of the disk is in use, want at most %.0f %%", now, limit)
	if now > limit-warning {
		d.Degraded("%.0f %% of the disk is in use", now)
	}
	switch queue, err := instance.DiskQueue(d.Context()); {
	case err != nil: // a fact beside the verdict
		d.Saw("requests waiting for the disk", err)
	case len(queue) > 0:
		d.Saw("requests waiting for the disk", queue.Mean())
	}
}
