package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Replicas follow within a minute, and no replication slot keeps log for one that does
// not come back.
//
// When this is false, reads from a replica show data of the past and a failover loses
// it; a slot that nobody reads fills the disk of the server that takes the writes.
//
// If it fails:
//
//	psql {conninfo} -c 'select application_name, state, replay_lag from pg_stat_replication' -c 'select slot_name, active, wal_status, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) as held from pg_replication_slots'
//	psql {conninfo} -c "select pg_drop_replication_slot('SLOT')" # if nobody is to read it again
//	aws: aws cloudwatch get-metric-statistics --namespace AWS/RDS --metric-name OldestReplicationSlotLag --dimensions Name=DBInstanceIdentifier,Value={databaseInstanceId} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --statistics Maximum
//	gcp: gcloud sql instances list --filter='masterInstanceName~{databaseInstanceName}' --format='table(name,state,settings.tier)'
func TestDatabaseReplicatesInTime(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	limit := d.Stack().Duration("DATABASE_REPLICA_LAG")
	held := d.Stack().Number("DATABASE_SLOT_HELD")
	database := fixtures.DatabaseMonitor(d)

	replication, err := database.Replication(d.Context())

	if err == nil && len(replication.Standbys)+len(replication.Slots) == 0 {
		d.NotApplicable("nobody follows this database: it has no standby and no replication slot")
	}
	for _, s := range replication.Standbys {
		d.Saw("standby "+s.Name, s)
		assert.False(d, s.Lags(limit), "%s is %s, want less than %s", s.Name, s, limit)
		if s.Lags(limit / 6) {
			d.Degraded("%s is %s", s.Name, s)
		}
	}
	for _, s := range replication.Slots {
		d.Saw("slot "+s.Name, s)
		assert.NotEqual(d, "lost", s.Status, "slot %s has lost what its reader had not read: that one must be made anew", s.Name)
		assert.False(d, !s.Active && s.Held > held, "nobody reads slot %s: %s, want at most %s", s.Name, s, d.Stack().Setting("DATABASE_SLOT_HELD"))
		if s.Held > held/10 && !s.Active || s.Held > held {
			d.Degraded("slot %s: %s", s.Name, s)
		}
	}
	d.NoError(err)
}
