package probe

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCertificateTellsExpiredFromUntrusted(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		by            authority
		host          string
		age, lifetime time.Duration
		want          Stage
	}{
		"good":                  {ours, "db.example", day, 90 * day, ""},
		"expired":               {ours, "db.example", 91 * day, 90 * day, StageExpiry},
		"not yet valid":         {ours, "db.example", -day, 90 * day, StageExpiry},
		"other host":            {ours, "other.example", day, 90 * day, StageCertificate},
		"expired, other host":   {ours, "other.example", 91 * day, 90 * day, StageCertificate},
		"other authority":       {theirs, "db.example", day, 90 * day, StageCertificate},
		"expired and untrusted": {theirs, "db.example", 91 * day, 90 * day, StageCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			cert := NewCertificate([]*x509.Certificate{c.by.leaf(t, c.host, c.age, c.lifetime).Leaf})

			err := cert.Verify("db.example", ours.pool())

			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			requireStage(t, c.want, err)
			trusted := cert.Trust("db.example", ours.pool()) == nil
			assert.Equal(t, c.want == StageExpiry, trusted, "Trust looks apart from the dates")
		})
	}
}

func TestCertificateVerifiesWithoutAName(t *testing.T) {
	ours := newAuthority(t)
	cert := NewCertificate([]*x509.Certificate{ours.leaf(t, "other.example", day, 90*day).Leaf})

	assert.NoError(t, cert.Verify("", ours.pool()))
}

// An intermediate may end before the leaf does: then only its dates are wrong.
func TestCertificateWithAnExpiredIntermediateIsExpired(t *testing.T) {
	root := newAuthority(t)
	middle := root.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "middle"},
		NotBefore: time.Now().Add(-90 * day), NotAfter: time.Now().Add(-day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	cert := NewCertificate([]*x509.Certificate{middle.leaf(t, "db.example", 30*day, 90*day).Leaf, middle.cert})

	requireStage(t, StageExpiry, cert.Verify("db.example", root.pool()))
}

func TestCertificateThatWasNotShownIsNotTrusted(t *testing.T) {
	requireStage(t, StageCertificate, NewCertificate(nil).Verify("db.example", nil))
}

func TestMarginSparesShortLivedCertificates(t *testing.T) {
	born := time.Now()
	for _, c := range []struct {
		lifetime   time.Duration
		most       time.Duration
		share      int
		wantMargin time.Duration
	}{
		{365 * day, 30 * day, 3, 30 * day},
		{365 * day, 7 * day, 10, 7 * day},
		{47 * day, 30 * day, 3, 47 * day / 3},
		{6 * day, 7 * day, 10, 6 * day / 10},
	} {
		cert := Certificate{NotBefore: born, NotAfter: born.Add(c.lifetime)}
		assert.Equal(t, c.wantMargin, cert.Margin(c.most, c.share), "lifetime %s", c.lifetime)
		assert.Equal(t, c.lifetime-day, cert.Remaining(born.Add(day)))
	}
}

func requireStage(t *testing.T, want Stage, err error) *Error {
	t.Helper()
	var failed *Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, want, failed.Stage, "%v", err)
	assert.NotContains(t, err.Error(), "\n")
	return failed
}
