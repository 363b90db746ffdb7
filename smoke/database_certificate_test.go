package smoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database's certificate is valid now and is not about to expire.
//
// When this is false, every client that verifies it loses the database, all of them at
// the same minute: the one shown below.
//
// If it fails:
//
//	aws: aws rds describe-certificates --query 'Certificates[].[CertificateIdentifier,ValidTill]'
//	aws: aws rds modify-db-instance --db-instance-identifier {databaseInstanceId} --ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately
//	gcp: gcloud sql ssl server-ca-certs create --instance={databaseInstanceName}
//	gcp: gcloud sql ssl server-ca-certs rotate --instance={databaseInstanceName} # once every client trusts the new one
//
//runbook:resolution SSL Certificate Issues
func TestDatabaseCertificateIsCurrent(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	db := fixtures.Database(d)
	if db.ThroughLocalProxy() {
		d.NotApplicable("databaseUrl leads to a proxy on this machine without TLS: what lies behind it cannot be seen from here")
	}

	handshakes, err := db.Handshakes(d.Context())

	d.NoError(err)
	for _, h := range handshakes {
		left := h.Certificate.Remaining(time.Now())
		d.Saw("expires", h.Certificate.NotAfter.Format(time.DateTime))
		// A new certificate of RDS takes a restart or a change window: a week is late.
		assert.Greater(d, left, h.Certificate.Margin(7*24*time.Hour, 10), "the certificate of %s is valid until %s only", h.Host, h.Certificate.NotAfter.Format(time.DateTime))
		if left < h.Certificate.Margin(30*24*time.Hour, 3) {
			d.Degraded("the certificate of %s is valid until %s only", h.Host, h.Certificate.NotAfter.Format(time.DateTime))
		}
		assert.True(d, h.Certificate.NotBefore.Before(time.Now()), "the certificate of %s is not valid before %s", h.Host, h.Certificate.NotBefore.Format(time.DateTime))
	}
}
