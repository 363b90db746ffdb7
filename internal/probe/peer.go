package probe

import (
	"context"
	"crypto/tls"
	"errors"
)

// errSeen ends a handshake once the peer's certificate is known.
var errSeen = errors.New("certificate seen")

// Peer reports who answers TLS at an https URL, trusted or not, by the way a
// request would take (a proxy included), and sends no request.
func (c *Client) Peer(ctx context.Context, address string) (Peer, error) {
	ctx, cancel := Limit(ctx, c.options.Patience)
	defer cancel()
	req, err := Request{URL: address}.build(ctx)
	if err != nil {
		return Peer{}, err
	}
	if req.URL.Scheme != "https" {
		return Peer{}, Fail(ctx, subject(req.URL), StageTLS, errors.New("plain HTTP, want an https URL"))
	}
	proxy, err := c.options.Proxy(req)
	if err != nil {
		return Peer{}, Fail(ctx, subject(req.URL), StageConnect, errors.New("the proxy setting is not a URL"))
	}
	var seen Peer
	transport := c.transport.Clone()
	defer transport.CloseIdleConnections() // ends a handshake under way
	transport.TLSClientConfig = onlooker(transport.TLSClientConfig)
	transport.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		shown := newPeer(&state)
		if proxy != nil && proxy.Scheme == "https" {
			host := proxy.Hostname()
			proxy = nil // its handshake comes first, and only once
			return shown.Certificate.Verify(host, c.options.Roots)
		}
		seen = shown
		return errSeen
	}
	clock := startClock()
	_, err = transport.RoundTrip(req.WithContext(clock.watch(ctx)))
	if errors.Is(err, errSeen) {
		return seen, nil
	}
	return Peer{}, Fail(ctx, subject(req.URL), clock.stage(), err)
}
