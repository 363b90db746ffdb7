package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	httpPatience = 10 * time.Second // what a person waits before calling a page down
	bodyLimit    = 64 << 10         // bytes; a health answer or an error page is far below
	headerLimit  = 64 << 10         // bytes; servers and proxies refuse more than 8 to 32 KiB themselves
)

// Options are how a [Client] asks. The zero value asks as curl does.
type Options struct {
	Roots    *x509.CertPool                        // whom to trust; nil: the system's roots
	Proxy    func(*http.Request) (*url.URL, error) // nil: HTTP_PROXY, HTTPS_PROXY, NO_PROXY
	Patience time.Duration                         // for one whole question; zero: ten seconds
	Body     int64                                 // bytes of a body to keep; zero: 64 KiB

	// Resolve holds addresses to take in place of those that DNS has, by
	// host:port in lower case, as curl's --resolve does. A proxy does not see it.
	Resolve map[string][]netip.AddrPort
}

// Client asks over HTTP and keeps its connections between questions. It may be
// used by several goroutines; close it to drop the connections.
type Client struct {
	options   Options
	transport *http.Transport
}

// NewClient makes a client that has no connection yet.
func NewClient(o Options) *Client {
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.Patience == 0 {
		o.Patience = httpPatience
	}
	if o.Body == 0 {
		o.Body = bodyLimit
	}
	c := &Client{options: o}
	c.transport = &http.Transport{
		Proxy:                  o.Proxy,
		OnProxyConnectResponse: refusal,
		DialContext:            c.dial,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots},
		TLSHandshakeTimeout:    o.Patience, // the handshake outlives the question, as dialling does
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: window(o.Body)},
		DisableCompression:     true,
		MaxResponseHeaderBytes: headerLimit,
	}
	return c
}

// window is how much of a body an HTTP/2 peer may send before it is read: what
// is kept and a little more, below the 4 MiB from which net/http ignores it.
func window(body int64) int { return int(min(body+64<<10, 4<<20-1)) }

// Close drops the idle connections. The client stays usable.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Request is one question over HTTP. Only URL is needed.
type Request struct {
	Method string // empty: GET
	URL    string // absolute; userinfo is sent as basic authentication
	Header http.Header
}

// Answer is what came back, whatever its status.
type Answer struct {
	Status    int // zero when no status line came
	Proto     string
	Header    http.Header
	Body      []byte
	Truncated bool   // the body goes on after Body
	Peer      Peer   // zero over plain HTTP
	Remote    string // address that was connected to, a proxy's if there is one
	Reused    bool   // on a connection kept from an earlier question
	Phases    Phases
}

// HTTP asks once, over a connection of its own.
func HTTP(ctx context.Context, r Request) (Answer, error) {
	c := NewClient(Options{})
	defer c.Close()
	return c.Ask(ctx, r)
}

// Ask sends r and reads the answer, following no redirect. When the answer
// breaks off, what came before is returned beside the error.
func (c *Client) Ask(ctx context.Context, r Request) (Answer, error) {
	ctx, cancel := Limit(ctx, c.options.Patience)
	defer cancel()
	req, err := r.build(ctx)
	if err != nil {
		return Answer{}, err
	}
	clock := startClock()
	resp, err := c.transport.RoundTrip(req.WithContext(clock.watch(ctx)))
	if err != nil {
		return Answer{Phases: clock.phases()}, c.explain(ctx, req.URL, clock, err)
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Proto: resp.Proto, Header: resp.Header, Peer: newPeer(resp.TLS)}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, c.options.Body+1))
	if int64(len(a.Body)) > c.options.Body {
		a.Body, a.Truncated = a.Body[:c.options.Body], true
	}
	a.Phases = clock.phases()
	a.Remote, a.Reused = clock.connection()
	if err != nil {
		failed := Fail(ctx, subject(req.URL), StageAnswer, err)
		failed.Err = &Unfinished{Status: a.Status, Body: len(a.Body), Err: failed.Err}
		return a, failed
	}
	return a, nil
}

func (r Request) build(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if err != nil || req.URL.Hostname() == "" || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		// What net/url says of it would quote a password.
		return nil, &Error{Subject: "the URL", Stage: StageRequest, Err: errors.New("not usable, want https://HOST/PATH")}
	}
	req.Header = r.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "smoke-verify")
	}
	if user := req.URL.User; user != nil && req.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	return req, nil
}

// explain tells a certificate that is only out of date from one that is not
// trusted, and silence from an answer that drips.
func (c *Client) explain(ctx context.Context, u *url.URL, at *clock, err error) error {
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		shown := NewCertificate(refused.UnverifiedCertificates)
		if verdict := shown.Verify(u.Hostname(), c.options.Roots); verdict != nil {
			err = verdict
		}
	}
	stage := at.stage()
	// HTTP/2 begins where the handshake has ended, of which the trace may not know yet.
	if stage == StageTLS && strings.HasPrefix(err.Error(), "http2: ") {
		stage = StageAnswer
	}
	failed := Fail(ctx, subject(u), stage, err)
	if errors.Is(failed.Err, os.ErrDeadlineExceeded) {
		failed.Err = at.heard(failed.Err)
	}
	return failed
}

// subject is u without what may be secret.
func subject(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// refusal names a proxy's "no" to CONNECT, of which net/http keeps two words.
func refusal(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("proxy %s: %s, want 200 to CONNECT", proxy.Host, resp.Status)
}
