package smoke

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database instance's certificate is from an authority that is in use, and neither
// ends soon, as the provider knows them.
//
// When this is false, every client that verifies loses the database at that moment, all of
// them at once. To change an authority takes longer than a certificate: every client must
// trust the new one before.
//
// If it fails:
//
//	aws: aws rds describe-certificates --query 'Certificates[].[CertificateIdentifier,ValidTill]'
//	aws: aws rds modify-db-instance --db-instance-identifier {databaseInstanceId} --ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately
//	gcp: gcloud sql ssl server-ca-certs list --instance={databaseInstanceName}
//	gcp: gcloud sql ssl server-ca-certs create --instance={databaseInstanceName}
//	gcp: gcloud sql ssl server-ca-certs rotate --instance={databaseInstanceName} # once every client trusts the new one
func TestDatabaseAuthorityIsCurrent(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	const (
		soon = 30 * 24 * time.Hour
		late = 7 * 24 * time.Hour // a change window comes once a week
	)
	retired := []string{"rds-ca-2015", "rds-ca-2019"} // ended in 2020 and 2024
	instance := fixtures.Instance(d)

	known, err := instance.Describe(d.Context())

	d.NoError(err)
	d.Saw("authority", known.CA)
	assert.False(d, slices.Contains(retired, known.CA), "the authority %s has ended", known.CA)
	for _, ending := range []struct {
		what string
		at   time.Time // zero: the provider does not tell
	}{{"certificate", known.Expires}, {"authority", known.CAExpires}} {
		if ending.at.IsZero() {
			continue
		}
		left := time.Until(ending.at)
		d.Saw(ending.what+" ends", ending.at.Format(time.DateTime))
		assert.Greater(d, left, late, "the %s of %s ends in %.1f days", ending.what, known.ID, left.Hours()/24)
		if left < soon {
			d.Degraded("the %s of %s ends in %.1f days", ending.what, known.ID, left.Hours()/24)
		}
	}
}
