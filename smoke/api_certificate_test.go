package smoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API shows a certificate that clients trust for its name and that is not about
// to expire.
//
// When this is false, browsers and SDKs refuse to connect although the service behind
// is well; or they will, at the date shown.
//
// If it fails:
//
//	openssl s_client -connect {apiHost} -servername {apiUrl.host} </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName
//	aws: aws acm list-certificates --includes keyTypes=RSA_2048,EC_prime256v1 --query 'CertificateSummaryList[].[DomainName,Status,RenewalEligibility,NotAfter]'
//	gcp: gcloud compute ssl-certificates list --format='table(name,type,managed.status,expireTime)'
func TestAPICertificateIsCurrent(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(12*time.Second)) // a handshake may take 10 s
	api := fixtures.API(d)

	peer, err := api.Peer(d.Context())

	d.NoError(err)
	certificate := peer.Certificate
	left := certificate.Remaining(time.Now())
	d.Saw("tls", peer.Version)
	d.Saw("issuer", certificate.Issuer)
	d.Saw("expires", certificate.NotAfter.Format(time.DateTime))
	d.NoError(api.Verify(certificate))
	assert.Contains(d, []string{"TLS 1.2", "TLS 1.3"}, peer.Version, "the API speaks %s, want TLS 1.2 or later", peer.Version)
	// Managed certificates are renewed a month and more before their end.
	assert.Greater(d, left, certificate.Margin(7*24*time.Hour, 10), "the certificate is valid until %s only", certificate.NotAfter.Format(time.DateTime))
	if left < certificate.Margin(21*24*time.Hour, 3) {
		d.Degraded("the certificate is valid until %s only", certificate.NotAfter.Format(time.DateTime))
	}
}
