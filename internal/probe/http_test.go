package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHTTPAnswer(t *testing.T) {
	ours := newAuthority(t)
	server := serveTLS(t, ours.leaf(t, "127.0.0.1", day, 90*day), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "down")
	})
	client := direct(t, Options{Roots: ours.pool()})

	a, err := client.Ask(t.Context(), Request{URL: server.URL + "/health"})

	require.NoError(t, err, "a 503 is an answer")
	assert.Equal(t, http.StatusServiceUnavailable, a.Status)
	assert.Equal(t, "down", string(a.Body))
	assert.False(t, a.Truncated)
	assert.Equal(t, "GET", a.Header.Get("X-Method"))
	assert.Equal(t, "TLS 1.3", a.Peer.Version)
	assert.Equal(t, "CN=127.0.0.1", a.Peer.Certificate.Subject)
	assert.Equal(t, server.Listener.Addr().String(), a.Remote)
	assert.Positive(t, a.Phases.Connect)
	assert.Positive(t, a.Phases.TLS)
	assert.Positive(t, a.Phases.FirstByte)
	assert.GreaterOrEqual(t, a.Phases.Total, a.Phases.Connect+a.Phases.TLS+a.Phases.FirstByte)

	again, err := client.Ask(t.Context(), Request{URL: server.URL + "/health", Method: "HEAD"})

	require.NoError(t, err)
	assert.True(t, again.Reused)
	assert.Equal(t, "HEAD", again.Header.Get("X-Method"))
	assert.Zero(t, again.Phases.Connect+again.Phases.TLS)
}

func TestHTTPFollowsNoRedirect(t *testing.T) {
	var asked atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})

	a, err := HTTP(t.Context(), Request{URL: server.URL})

	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, a.Status)
	assert.Equal(t, "/elsewhere", a.Header.Get("Location"))
	assert.EqualValues(t, 1, asked.Load())
}

func TestHTTPKeepsTheBeginningOfABody(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 101))
	})

	cut, err := direct(t, Options{Body: 100}).Ask(t.Context(), Request{URL: server.URL})
	require.NoError(t, err)
	assert.Len(t, cut.Body, 100)
	assert.True(t, cut.Truncated)

	whole, err := direct(t, Options{Body: 101}).Ask(t.Context(), Request{URL: server.URL})
	require.NoError(t, err)
	assert.Len(t, whole.Body, 101)
	assert.False(t, whole.Truncated)
}

func TestHTTPSendsCredentialsAndNamesNone(t *testing.T) {
	const secret = "p%40ss/w&rd"
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		assert.Equal(t, "me:p@ss/w&rd", user+":"+password)
		hijack(t, w, "HTTP/1.1 banana\r\n\r\n")
	})
	address := strings.Replace(server.URL, "://", "://me:"+url.QueryEscape("p@ss/w&rd")+"@", 1)

	_, err := HTTP(t.Context(), Request{URL: address + "/health?token=" + url.QueryEscape(secret)})

	requireStage(t, StageAnswer, err)
	assert.ErrorContains(t, err, "asking "+server.URL+"/health: answer: ")
	for _, hidden := range []string{"p%40ss", "p@ss", "token", "me:"} {
		assert.NotContains(t, err.Error(), hidden)
	}
}

func TestHTTPRejectsWhatIsNoURL(t *testing.T) {
	for _, address := range []string{"", "api.example/health", "ftp://api.example", "https://", "https://:443/x", "https://me:s3cr%t@host"} {
		_, err := HTTP(t.Context(), Request{URL: address})
		requireStage(t, StageRequest, err)
		assert.NotContains(t, err.Error(), "s3cr")
	}
}

func TestHTTPStages(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	hello := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }
	for name, c := range map[string]struct {
		address string
		want    Stage
		text    string
	}{
		"unknown name":    {"https://no-such-host.invalid/", StageResolve, ""},
		"refused":         {"https://" + closedPort(t), StageConnect, "connection refused"},
		"no TLS spoken":   {"https://" + serve(t, hello).Listener.Addr().String(), StageTLS, "plain HTTP is spoken, want TLS"},
		"silent over TLS": {"https://" + listen(t).Addr().String(), StageTLS, "no answer within 1s"},
		"silent":          {"http://" + listen(t).Addr().String(), StageAnswer, "no answer within 1s"},
		"old TLS only":    {serveOldTLS(t, ours).URL, StageTLS, "protocol version"},
		"expired":         {serveTLS(t, ours.leaf(t, "127.0.0.1", 91*day, 90*day), hello).URL, StageExpiry, "expired"},
		"other host":      {serveTLS(t, ours.leaf(t, "127.0.0.2", day, 90*day), hello).URL, StageCertificate, "127.0.0.2"},
		"other authority": {serveTLS(t, theirs.leaf(t, "127.0.0.1", day, 90*day), hello).URL, StageCertificate, "unknown authority"},
		"closes at once": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			hijack(t, w, "")
		}).URL, StageAnswer, "connection closed early"},
		"malformed": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			hijack(t, w, "HTTP/1.1 2x0 OK\r\n\r\n")
		}).URL, StageAnswer, "malformed"},
		"endless header": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", headerLimit+1))
		}).URL, StageAnswer, "exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := 30 * time.Second
			if strings.HasPrefix(name, "silent") {
				patience = time.Second
			}

			a, err := direct(t, Options{Roots: ours.pool(), Patience: patience}).Ask(t.Context(), Request{URL: c.address})

			requireStage(t, c.want, err)
			assert.ErrorContains(t, err, c.text)
			assert.Zero(t, a.Status)
			assert.Equal(t, strings.HasPrefix(name, "silent"), errors.Is(err, os.ErrDeadlineExceeded))
		})
	}
}

func TestHTTPAnswerThatBreaksOff(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		hijack(t, w, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	})

	a, err := direct(t, Options{}).Ask(t.Context(), Request{URL: server.URL})

	requireStage(t, StageAnswer, err)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, "half", string(a.Body))
}

func TestHTTPEndsWithTheCaller(t *testing.T) {
	budget := errors.New("P0 budget of 10s spent")
	ctx, cancel := context.WithCancelCause(t.Context())
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(budget)
		<-r.Context().Done()
	})

	_, err := HTTP(ctx, Request{URL: server.URL})

	requireStage(t, StageAnswer, err)
	assert.ErrorIs(t, err, context.Cause(ctx))
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the peer is not to blame")
}

func TestPeerShowsAnyCertificate(t *testing.T) {
	ours := newAuthority(t)
	requests := func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }
	expired := serveTLS(t, ours.leaf(t, "other.example", 91*day, 90*day), requests)

	peer, err := direct(t, Options{}).Peer(t.Context(), expired.URL)

	require.NoError(t, err)
	assert.Equal(t, "TLS 1.3", peer.Version)
	assert.Equal(t, []string{"other.example"}, peer.Certificate.DNSNames)
	requireStage(t, StageExpiry, peer.Certificate.Verify("other.example", ours.pool()))

	old, err := direct(t, Options{}).Peer(t.Context(), serveOldTLS(t, ours).URL)
	require.NoError(t, err)
	assert.Equal(t, "TLS 1.0", old.Version)
}

func TestPeerStages(t *testing.T) {
	client := direct(t, Options{Patience: time.Second})
	_, err := client.Peer(t.Context(), "https://"+listen(t).Addr().String())
	requireStage(t, StageTLS, err)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)

	_, err = client.Peer(t.Context(), "https://"+closedPort(t))
	requireStage(t, StageConnect, err)

	_, err = client.Peer(t.Context(), "http://"+closedPort(t))
	requireStage(t, StageTLS, err)
}

func TestProxyIsUsed(t *testing.T) {
	ours := newAuthority(t)
	target := serveTLS(t, ours.leaf(t, "api.example", day, 90*day), func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "through")
	})
	for name, proxy := range map[string]*httptest.Server{
		"http":  serve(t, tunnelTo(t, target.Listener.Addr().String())),
		"https": serveTLS(t, ours.leaf(t, "127.0.0.1", day, 90*day), tunnelTo(t, target.Listener.Addr().String())),
	} {
		t.Run(name, func(t *testing.T) {
			client := NewClient(Options{Roots: ours.pool(), Proxy: proxied(t, proxy)})
			t.Cleanup(client.Close)

			a, err := client.Ask(t.Context(), Request{URL: "https://api.example/health"})
			require.NoError(t, err)
			assert.Equal(t, "through", string(a.Body))
			assert.Equal(t, proxy.Listener.Addr().String(), a.Remote)

			peer, err := client.Peer(t.Context(), "https://api.example/health")
			require.NoError(t, err)
			assert.Equal(t, "CN=api.example", peer.Certificate.Subject)
		})
	}
}

func TestProxyThatRefuses(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	client := NewClient(Options{Proxy: proxied(t, proxy)})

	_, err := client.Ask(t.Context(), Request{URL: "https://api.example/health"})

	requireStage(t, StageConnect, err)
	assert.ErrorContains(t, err, "403 Forbidden, want 200 to CONNECT")

	proxy.Close()
	_, err = client.Peer(t.Context(), "https://api.example/health")
	requireStage(t, StageConnect, err)
	assert.ErrorContains(t, err, "proxy: connection refused")
}

func direct(t *testing.T, o Options) *Client {
	t.Helper()
	o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	client := NewClient(o)
	t.Cleanup(client.Close)
	return client
}

func proxied(t *testing.T, proxy *httptest.Server) func(*http.Request) (*url.URL, error) {
	t.Helper()
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	return http.ProxyURL(address)
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func serveTLS(t *testing.T, cert tls.Certificate, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	return startTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}, h)
}

func serveOldTLS(t *testing.T, by authority) *httptest.Server {
	t.Helper()
	cert := by.leaf(t, "127.0.0.1", day, 90*day)
	return startTLS(t, &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS10,
		MaxVersion:   tls.VersionTLS10,
	}, func(http.ResponseWriter, *http.Request) {})
}

func startTLS(t *testing.T, config *tls.Config, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that turn away are the point
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// hijack writes raw and closes the connection.
func hijack(t *testing.T, w http.ResponseWriter, raw string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if assert.NoError(t, err) {
		io.WriteString(conn, raw)
		conn.Close()
	}
}

// tunnelTo is a proxy whose every CONNECT leads to address.
func tunnelTo(t *testing.T, address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodConnect, r.Method)
		there, err := net.Dial("tcp", address)
		if !assert.NoError(t, err) {
			return
		}
		here, buffered, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(there, bufio.NewReader(buffered))
			there.Close()
		}()
		go func() {
			io.Copy(here, there)
			here.Close()
		}()
	}
}
