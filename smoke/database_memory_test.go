package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database has memory left: at most 90 % is in use, or some is free where the
// provider tells only that.
//
// When this is false, the system is about to kill a session, and with it the server, which
// then recovers while everybody waits.
//
// If it fails:
//
//	psql {conninfo} -c "select state, count(*) from pg_stat_activity group by 1"
//	aws: aws rds modify-db-instance --db-instance-identifier {databaseInstanceId} --db-instance-class <larger class> --apply-immediately # restarts it
//	gcp: gcloud sql instances patch {databaseInstanceName} --tier=<larger tier> # restarts it
func TestDatabaseHasMemoryLeft(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	const (
		warning = 10 // points below the limit: time to act
		mib     = 1 << 20
		least   = 32 * mib // three more sessions of some 10 MiB each
		little  = 64 * mib
	)
	limit := float64(d.Stack().Number("DATABASE_MEMORY"))
	instance := fixtures.Instance(d)

	used, err := instance.MemoryUsed(d.Context())
	d.NoError(err)
	free, err := instance.MemoryFree(d.Context())
	d.NoError(err)

	if len(used) > 0 {
		mean := 100 * used.Mean()
		d.Saw("percent in use", mean)
		assert.LessOrEqual(d, mean, limit, "%.0f %% of the memory is in use, as the mean of ten minutes, want at most %.0f %%", mean, limit)
		if mean > limit-warning {
			d.Degraded("%.0f %% of the memory is in use, as the mean of ten minutes", mean)
		}
	}
	if len(free) > 0 {
		mean := free.Mean()
		d.Saw("free MiB", mean/mib)
		assert.Greater(d, mean, float64(least), "%.0f MiB of memory are free, as the mean of ten minutes, want more than %d", mean/mib, least/mib)
		if mean < little {
			d.Degraded("%.0f MiB of memory are free, as the mean of ten minutes", mean/mib)
		}
	}
}
