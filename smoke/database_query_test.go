package smoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database answers a query within a second, as the server that takes writes.
//
// When this is false, requests hang or fail; on a server that only reads, such as a
// replica after a failover or one whose disk is full, pages load and nothing can be saved.
//
// If it fails:
//
//	psql {conninfo} -c 'select pg_is_in_recovery(), count(*) from pg_stat_activity'
//	aws: aws rds describe-db-instances --db-instance-identifier {databaseInstanceId} --query 'DBInstances[].[DBInstanceStatus,ReadReplicaSourceDBInstanceIdentifier,Endpoint.Address]'
//	aws: aws rds describe-events --source-type db-instance --source-identifier {databaseInstanceId} --duration 1440
//	gcp: gcloud sql instances describe {databaseInstanceName} --format='yaml(state,instanceType,masterInstanceName,failoverReplica)'
//	gcp: gcloud sql operations list --instance={databaseInstanceName} --limit=10
//
//runbook:diagnose-database.sh Database Authentication
func TestDatabaseAnswersQueries(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P0)
	const (
		slow  = 250 * time.Millisecond // a round trip to another continent
		limit = time.Second
	)
	db := fixtures.Database(d)

	server, err := db.Identify(d.Context())

	d.NoError(err)
	d.Saw("server", server.Version)
	d.Saw("role", server.Role)
	d.Saw("round trip", server.RoundTrip)
	assert.False(d, server.InRecovery, "the server is a replica in recovery: it takes no writes")
	assert.False(d, server.DefaultReadOnly, "sessions begin read-only: did the provider stop writes because the disk is full?")
	assert.Less(d, server.RoundTrip, limit, "a trivial query took %s, want less than %s", server.RoundTrip, limit)
	if server.RoundTrip > slow {
		d.Degraded("a trivial query took %s", server.RoundTrip)
	}
	if end := endOfLife(server.VersionNumber / 10000); time.Now().After(end) {
		d.Degraded("PostgreSQL %s gets no more fixes since %s", server.Version, end.Format("January 2006"))
	}
}

// endOfLife is when a major version gets its last fix: it comes out in the autumn of
// 2007 + major and is cared for during five years (postgresql.org/support/versioning).
func endOfLife(major int) time.Time {
	return time.Date(2012+major, time.November, 30, 0, 0, 0, 0, time.UTC)
}
