package probe

import (
	"context"
	"crypto/tls"
	"net"
)

// Peer is who answered a TLS handshake, and how. Nothing in it is verified:
// see [Certificate.Verify].
type Peer struct {
	Version     string // such as "TLS 1.3"; empty without TLS
	Cipher      string // IANA name of the cipher suite
	Certificate Certificate
}

func newPeer(state *tls.ConnectionState) Peer {
	if state == nil {
		return Peer{}
	}
	return Peer{
		Version:     tls.VersionName(state.Version),
		Cipher:      tls.CipherSuiteName(state.CipherSuite),
		Certificate: NewCertificate(state.PeerCertificates),
	}
}

// Handshake speaks TLS over conn, which stays the caller's to close, and
// reports the peer whatever its certificate. From config it takes server name,
// client certificates and protocols; the rest is loosened so that an outdated
// server is seen rather than refused. Its error names subject and is an
// [*Error] of [StageTLS].
func Handshake(ctx context.Context, conn net.Conn, subject string, config *tls.Config) (Peer, error) {
	client := tls.Client(conn, onlooker(config))
	if err := client.HandshakeContext(ctx); err != nil {
		return Peer{}, Fail(ctx, subject, StageTLS, err)
	}
	state := client.ConnectionState()
	return newPeer(&state), nil
}

// onlooker is config for a client that sends nothing and therefore needs to
// trust nobody.
func onlooker(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.InsecureSkipVerify = true
	config.VerifyPeerCertificate = nil
	config.VerifyConnection = nil
	config.MinVersion = tls.VersionTLS10
	config.CipherSuites = nil
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		config.CipherSuites = append(config.CipherSuites, suite.ID)
	}
	return config
}
