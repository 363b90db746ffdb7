package smoke

import (
	"testing"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database's port accepts connections.
//
// When this is false, everything that needs data fails, at once if the connection is
// refused (no server listens) or after a long wait if nothing answers (a firewall drops
// the packets).
//
// If it fails:
//
//	aws: aws rds describe-db-instances --db-instance-identifier {databaseInstanceId} --query 'DBInstances[].[DBInstanceStatus,Endpoint,PubliclyAccessible]'
//	aws: aws ec2 describe-security-groups --group-ids {databaseSecurityGroupId} --query 'SecurityGroups[].IpPermissions'
//	aws: aws rds describe-events --source-type db-instance --source-identifier {databaseInstanceId} --duration 1440
//	gcp: gcloud sql instances describe {databaseInstanceName} --format='yaml(state,settings.activationPolicy,settings.ipConfiguration,ipAddresses)'
//	gcp: gcloud sql operations list --instance={databaseInstanceName} --limit=10
//
//runbook:diagnose-database.sh Network Connectivity
func TestDatabaseIsReachable(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P0)
	db := fixtures.Database(d)

	failed, err := db.Reach(d.Context())

	d.NoError(err)
	for _, err := range failed {
		d.Degraded("one of several addresses: %v", err)
	}
}
