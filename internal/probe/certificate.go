package probe

import (
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"time"
)

// Certificate is what a peer showed of itself, trusted or not.
type Certificate struct {
	Subject, Issuer     string // distinguished names
	DNSNames            []string
	IPAddresses         []net.IP
	NotBefore, NotAfter time.Time
	Chain               []*x509.Certificate // as sent, the leaf first; empty when none was sent
}

// NewCertificate describes a chain that begins with the leaf. An empty chain
// gives the zero Certificate.
func NewCertificate(chain []*x509.Certificate) Certificate {
	if len(chain) == 0 {
		return Certificate{}
	}
	leaf := chain[0]
	return Certificate{
		Subject:     leaf.Subject.String(),
		Issuer:      leaf.Issuer.String(),
		DNSNames:    leaf.DNSNames,
		IPAddresses: leaf.IPAddresses,
		NotBefore:   leaf.NotBefore,
		NotAfter:    leaf.NotAfter,
		Chain:       chain,
	}
}

// Verify asks whether a client that trusts roots (nil: the system's) takes the
// certificate for host now; an empty host leaves the name unchecked. The error
// is an [*Error] of [StageExpiry] when only the dates are wrong, of
// [StageCertificate] otherwise.
func (c Certificate) Verify(host string, roots *x509.CertPool) error {
	err := c.verifyAt(time.Now(), host, roots)
	if err == nil {
		return nil
	}
	if untrusted := c.Trust(host, roots); untrusted != nil {
		return untrusted
	}
	return &Error{Subject: c.named(host), Stage: StageExpiry, Err: err}
}

// Trust is Verify apart from expiry: it looks at a moment at which the leaf is
// valid, and the rest of the chain too if there is such a moment. Its error is
// of [StageCertificate].
func (c Certificate) Trust(host string, roots *x509.CertPool) error {
	moment := time.Now()
	for _, cert := range slices.Backward(c.Chain) {
		moment = clamp(moment, cert.NotBefore, cert.NotAfter)
	}
	if err := c.verifyAt(moment, host, roots); err != nil {
		return &Error{Subject: c.named(host), Stage: StageCertificate, Err: err}
	}
	return nil
}

func (c Certificate) verifyAt(moment time.Time, host string, roots *x509.CertPool) error {
	if len(c.Chain) == 0 {
		return errors.New("no certificate was shown")
	}
	options := x509.VerifyOptions{
		DNSName:       host,
		Roots:         roots,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   moment,
	}
	for _, issuer := range c.Chain[1:] {
		options.Intermediates.AddCert(issuer)
	}
	_, err := c.Chain[0].Verify(options)
	return err
}

func (c Certificate) named(host string) string {
	if host == "" {
		return "certificate " + c.Subject
	}
	return host
}

func clamp(t, low, high time.Time) time.Time {
	if t.Before(low) {
		return low
	}
	if t.After(high) {
		return high
	}
	return t
}

// Remaining is the time left at now; negative once expired.
func (c Certificate) Remaining(now time.Time) time.Duration { return c.NotAfter.Sub(now) }

// Margin is the remaining time below which renewal is overdue: most, or
// 1/share of the certificate's own lifetime if that is less, so that a
// certificate made to live for days does not alarm from its first hour.
func (c Certificate) Margin(most time.Duration, share int) time.Duration {
	return min(most, c.NotAfter.Sub(c.NotBefore)/time.Duration(share))
}
