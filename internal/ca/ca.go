// Package ca is a certificate authority made at start, for servers on this
// machine: the local stack and the tests. Its private key stays in memory; it
// is no authority for anything that others reach.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	// lifetime of a certificate whose end is not given: what ACME authorities
	// issue, https://letsencrypt.org/docs/faq/.
	lifetime = 90 * 24 * time.Hour
	// authorityLifetime outlives every certificate, also the ones issued as
	// already expired, so that the leaf alone decides.
	authorityLifetime = 10 * 365 * 24 * time.Hour
)

// Authority issues certificates that are trusted by whoever trusts it.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Request says what a certificate is to hold.
type Request struct {
	Hosts     []string  // names and IP addresses; the first is the common name
	NotBefore time.Time // zero: an hour ago
	NotAfter  time.Time // zero: 90 days from now
}

// Pair is a certificate and its private key, both PEM.
type Pair struct {
	Certificate []byte
	Key         []byte
}

// New makes an authority that goes by name.
func New(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making authority %s: %w", name, err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-authorityLifetime),
		NotAfter:              time.Now().Add(authorityLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := sign(template, template, key, key)
	if err != nil {
		return nil, fmt.Errorf("making authority %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	return &Authority{certificate, key}, err
}

// PEM is the authority's own certificate: what a client must trust.
func (a *Authority) PEM() []byte {
	return block("CERTIFICATE", a.certificate.Raw)
}

// Ends is when the authority's own certificate does.
func (a *Authority) Ends() time.Time { return a.certificate.NotAfter }

// Pool holds the authority's own certificate alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Issue makes a server certificate with a new ECDSA key.
func (a *Authority) Issue(r Request) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("issuing a certificate for %v: %w", r.Hosts, err)
	}
	der, err := sign(r.template(), a.certificate, key, a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("issuing a certificate for %v: %w", r.Hosts, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("issuing a certificate for %v: %w", r.Hosts, err)
	}
	return Pair{Certificate: block("CERTIFICATE", der), Key: block("PRIVATE KEY", private)}, nil
}

// TLS is the pair as a server of this process presents it.
func (p Pair) TLS() (tls.Certificate, error) {
	return tls.X509KeyPair(p.Certificate, p.Key)
}

func (r Request) template() *x509.Certificate {
	t := &x509.Certificate{
		NotBefore:   r.NotBefore,
		NotAfter:    r.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = time.Now().Add(-time.Hour)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Now().Add(lifetime)
	}
	for i, host := range r.Hosts {
		if i == 0 {
			t.Subject.CommonName = host
		}
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	return t
}

func sign(template, parent *x509.Certificate, subject, issuer *ecdsa.PrivateKey) ([]byte, error) {
	// RFC 5280, 4.1.2.2: positive, at most 20 octets.
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	return x509.CreateCertificate(rand.Reader, template, parent, &subject.PublicKey, issuer)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
