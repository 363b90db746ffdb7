package smoke

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database's replicas are less than a minute behind, as their provider measures it.
//
// When this is false, pages that read from a replica show what was true before: an order
// just placed is not there. What was not copied is lost if the replica is promoted.
//
// If it fails:
//
//	psql {conninfo} -c 'select application_name, state, sync_state, replay_lag from pg_stat_replication'
//	aws: aws rds describe-db-instances --query "DBInstances[?ReadReplicaSourceDBInstanceIdentifier=='{databaseInstanceId}'].[DBInstanceIdentifier,DBInstanceStatus,StatusInfos]"
//	gcp: gcloud sql instances list --filter='masterInstanceName:{databaseInstanceName}' --format='table(name,state,settings.tier)'
func TestDatabaseReplicasAreFresh(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	limit := d.Stack().Duration("DATABASE_REPLICA_LAG")
	instance := fixtures.Instance(d)

	lags, err := instance.ReplicaLags(d.Context())

	d.NoError(err)
	if len(lags) == 0 {
		d.NotApplicable("the instance has no replica, and is none")
	}
	for _, lag := range lags {
		seconds := lag.Last().Value
		if math.IsInf(seconds, 1) {
			assert.Fail(d, lag.Replica+" follows nobody: its replication is stopped")
			continue
		}
		behind := time.Duration(seconds * float64(time.Second))
		d.Saw(lag.Replica+" is behind", behind)
		assert.Less(d, behind, limit, "%s is %s behind, want less than %s", lag.Replica, behind, limit)
		if behind >= limit/6 {
			d.Degraded("%s is %s behind", lag.Replica, behind)
		}
	}
}
