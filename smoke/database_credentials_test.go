package smoke

import (
	"testing"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database accepts the stack's own credentials for the stack's own database.
//
// When this is false, every request that touches data ends in a 500, while health checks
// that open no connection stay green. A password that was rotated after the deploy is the
// usual cause.
//
// If it fails:
//
//	psql {conninfo} -c 'select 1'
//	aws: aws rds modify-db-instance --db-instance-identifier {databaseInstanceId} --rotate-master-user-password --apply-immediately # then redeploy what uses it
//	gcp: gcloud sql users set-password {databaseUrl.user} --instance={databaseInstanceName} --prompt-for-password # then redeploy what uses it
//	gcp: gcloud sql databases list --instance={databaseInstanceName}
//
//runbook:diagnose-database.sh Database Authentication
func TestDatabaseAcceptsItsCredentials(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P0)
	db := fixtures.Database(d)

	err := db.Authenticate(d.Context())

	d.NoError(err)
}
