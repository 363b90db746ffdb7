package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database speaks TLS 1.2 or later, and its certificate is the one that the stack's
// sslmode asks for.
//
// When this is false, clients that verify refuse to connect, and clients that do not
// send the password and all data in clear or to whoever answers.
//
// If it fails:
//
//	psql {conninfo} -c '\conninfo'
//	aws: curl -fsSO https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem # for sslmode=verify-full&sslrootcert=global-bundle.pem
//	aws: aws rds describe-db-instances --db-instance-identifier {databaseInstanceId} --query 'DBInstances[].[CACertificateIdentifier,CertificateDetails]'
//	gcp: gcloud sql ssl server-ca-certs list --instance={databaseInstanceName} --format='value(cert)' # for sslmode=verify-ca&sslrootcert=…
//	gcp: gcloud sql instances describe {databaseInstanceName} --format='value(settings.ipConfiguration.sslMode,settings.ipConfiguration.serverCaMode)'
//
//runbook:resolution SSL Certificate Issues
func TestDatabaseSpeaksTLS(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	db := fixtures.Database(d)
	if db.ThroughLocalProxy() {
		d.NotApplicable("databaseUrl leads to a proxy on this machine without TLS: what lies behind it cannot be seen from here")
	}
	d.Saw("sslmode", db.Mode)

	handshakes, err := db.Handshakes(d.Context())

	d.NoError(err)
	for _, h := range handshakes {
		d.Saw("tls", h.Version+" "+h.Cipher)
		d.Saw("certificate", h.Certificate.Subject+", issued by "+h.Certificate.Issuer)
		assert.Contains(d, []string{"TLS 1.2", "TLS 1.3"}, h.Version, "%s speaks %s, want TLS 1.2 or later", h.Host, h.Version)
		d.NoError(db.Distrust(h))
	}
	assert.NotEqual(d, "disable", string(db.Mode), "sslmode=disable sends the password and all data in clear")
	switch {
	case !db.Mode.Encrypts():
		d.Degraded("sslmode=%s goes on in clear where the server refuses TLS, want verify-full", db.Mode)
	case !db.Mode.Verifies():
		d.Degraded("sslmode=%s encrypts to whoever answers, want verify-full", db.Mode)
	}
}
