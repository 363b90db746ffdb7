package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database has connection slots to spare, enough for a deploy that runs the old and
// the new code side by side.
//
// When this is false, new connections are refused or soon will be ("remaining connection
// slots are reserved", "too many clients"), and what scales out to answer the errors takes
// still more of them.
//
// If it fails:
//
//	psql {conninfo} -c 'select usename, application_name, state, count(*) from pg_stat_activity where datname is not null group by 1, 2, 3 order by 4 desc'
//	psql {conninfo} -c "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle' and state_change < now() - interval '10 minutes'" # then lower the size of the pools
//	aws: aws cloudwatch get-metric-statistics --namespace AWS/RDS --metric-name DatabaseConnections --dimensions Name=DBInstanceIdentifier,Value={databaseInstanceId} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 60 --statistics Maximum
//	gcp: gcloud sql instances describe {databaseInstanceName} --format='yaml(settings.tier,settings.databaseFlags)'
//
//runbook:diagnose-db-performance.sh Active Connections
func TestDatabaseHasFreeConnections(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	const high = 70 // percent: a rolling deploy that doubles one of two pools just fits
	limit := float64(d.Stack().Number("DATABASE_CONNECTIONS"))
	db := fixtures.Database(d)

	connections, err := db.Connections(d.Context())

	d.NoError(err)
	for _, c := range connections.Limits {
		d.Saw("connections of "+c.Of, c)
		assert.LessOrEqual(d, c.Percent(), limit, "%s has %s connections taken, want at most %.0f %%; most by %s", c.Of, c, limit, connections.MostBy())
		if c.Percent() > high {
			d.Degraded("%s has %s connections taken, most by %s", c.Of, c, connections.MostBy())
		}
	}
}
