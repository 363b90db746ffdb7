package smoke

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database instance is up as far as its provider is concerned, and it is the one that
// databaseUrl leads to.
//
// When this is false, the database is or will shortly be gone: stopped, out of disk,
// without its encryption key. Cloud SQL calls an instance that its owner stopped
// RUNNABLE all the same; the activation policy tells.
//
// If it fails:
//
//	aws: aws rds describe-db-instances --db-instance-identifier {databaseInstanceId} --query 'DBInstances[].[DBInstanceStatus,StatusInfos,PendingModifiedValues,Endpoint]'
//	aws: aws rds describe-events --source-type db-instance --source-identifier {databaseInstanceId} --duration 1440
//	aws: aws rds start-db-instance --db-instance-identifier {databaseInstanceId}
//	gcp: gcloud sql instances describe {databaseInstanceName} --format='yaml(state,settings.activationPolicy,suspensionReason,outOfDiskReport,ipAddresses)'
//	gcp: gcloud sql operations list --instance={databaseInstanceName} --limit=10
//	gcp: gcloud sql instances patch {databaseInstanceName} --activation-policy=ALWAYS
func TestDatabaseInstanceIsUp(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P0)
	instance := fixtures.Instance(d)

	known, err := instance.Describe(d.Context())

	d.NoError(err)
	d.Saw("status", known.Status)
	d.Saw("engine", known.Engine)
	d.Saw("class", known.Class)
	if len(known.Pending) > 0 {
		d.Saw("settings that wait to be applied", strings.Join(known.Pending, ", "))
	}
	d.NoError(instance.Settled(known))
	assert.Equal(d, "up", known.State.String(), "%s is %s. %s", known.ID, known.Status, known.Reason)
	for _, host := range instance.Strays(d.Context(), known) {
		d.Degraded("databaseUrl leads to %s; %s is at %s", host, known.ID, strings.Join(known.Hosts, ", "))
	}
}
