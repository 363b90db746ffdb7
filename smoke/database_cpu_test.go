package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database's processors have time left: at most 90 % are in use, as the mean of ten
// minutes.
//
// When this is false, every query waits for a processor, the slow ones longest, and
// sessions pile up until no slot is left.
//
// If it fails:
//
//	psql {conninfo} -c "select pid, now() - query_start as since, left(query, 80) from pg_stat_activity where state = 'active' order by 2 desc nulls last limit 10"
//	aws: aws cloudwatch get-metric-statistics --namespace AWS/RDS --metric-name CPUUtilization --dimensions Name=DBInstanceIdentifier,Value={databaseInstanceId} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --statistics Average
//	aws: aws rds modify-db-instance --db-instance-identifier {databaseInstanceId} --db-instance-class <larger class> --apply-immediately # restarts it
//	gcp: gcloud sql instances patch {databaseInstanceName} --tier=<larger tier> # restarts it
//
//runbook:symptom High CPU utilization
func TestDatabaseHasCPULeft(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	const (
		warning = 10 // points below the limit: time to act
		// A burstable class without credits falls to a tenth or two of its speed; these
		// last for 20 minutes of one processor at full load.
		fewCredits = 20
	)
	limit := float64(d.Stack().Number("DATABASE_CPU"))
	instance := fixtures.Instance(d)

	cpu, err := instance.CPU(d.Context())

	d.NoError(err)
	used := 100 * cpu.Mean()
	d.Saw("percent in use", used)
	assert.LessOrEqual(d, used, limit, "%.0f %% of the processors are in use, as the mean of ten minutes, want at most %.0f %%", used, limit)
	if used > limit-warning {
		d.Degraded("%.0f %% of the processors are in use, as the mean of ten minutes", used)
	}
	switch credits, err := instance.CPUCredits(d.Context()); {
	case err != nil: // a fact beside the verdict
		d.Saw("cpu credits", err)
	case len(credits) > 0:
		left := credits.Last().Value
		d.Saw("cpu credits", left)
		if left < fewCredits {
			d.Degraded("%.0f CPU credits are left: without any the instance slows down", left)
		}
	}
}
