package ca_test

import (
	"crypto/x509"
	"testing"
	"time"

	"runbook/internal/ca"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACertificateServesTheHostsItWasIssuedFor(t *testing.T) {
	authority, err := ca.New("test")
	require.NoError(t, err)
	leaf := issue(t, authority, ca.Request{Hosts: []string{"127.0.0.1", "localhost", "::1"}})

	for _, host := range []string{"127.0.0.1", "localhost", "::1"} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: authority.Pool(), DNSName: host})
		assert.NoError(t, err, host)
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: authority.Pool(), DNSName: "example.org"})
	assert.ErrorAs(t, err, new(x509.HostnameError))
	assert.WithinDuration(t, time.Now().Add(90*24*time.Hour), leaf.NotAfter, time.Hour)
}

func TestAnExpiredCertificateIsOnlyExpired(t *testing.T) {
	authority, err := ca.New("test")
	require.NoError(t, err)
	ended := time.Now().Add(-24 * time.Hour)
	leaf := issue(t, authority, ca.Request{Hosts: []string{"localhost"}, NotBefore: ended.Add(-time.Hour), NotAfter: ended})

	_, err = leaf.Verify(x509.VerifyOptions{Roots: authority.Pool(), DNSName: "localhost"})

	var invalid x509.CertificateInvalidError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, x509.Expired, invalid.Reason)
}

func TestAuthoritiesOfOneNameDoNotVouchForEachOther(t *testing.T) {
	one, err := ca.New("test")
	require.NoError(t, err)
	two, err := ca.New("test")
	require.NoError(t, err)

	_, err = issue(t, one, ca.Request{Hosts: []string{"localhost"}}).Verify(x509.VerifyOptions{Roots: two.Pool()})

	assert.ErrorAs(t, err, new(x509.UnknownAuthorityError))
}

func issue(t *testing.T, authority *ca.Authority, r ca.Request) *x509.Certificate {
	t.Helper()
	pair, err := authority.Issue(r)
	require.NoError(t, err)
	certificate, err := pair.TLS()
	require.NoError(t, err)
	return certificate.Leaf
}
