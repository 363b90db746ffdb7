package probe

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResolveStandsInForDNS(t *testing.T) {
	ours := newAuthority(t)
	cert := ours.leaf(t, "api.example", day, 90*day)
	server := serveTLS(t, cert, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.TLS.ServerName+" "+r.Host)
	})
	good := netip.MustParseAddrPort(server.Listener.Addr().String())
	closed := netip.MustParseAddrPort(closedPort(t))

	client := direct(t, Options{Roots: ours.pool(), Resolve: map[string][]netip.AddrPort{"api.example:443": {closed, good}}})
	a, err := client.Ask(t.Context(), Request{URL: "https://API.example"})

	require.NoError(t, err, "the next address is tried where one refuses")
	assert.Equal(t, "API.example API.example", string(a.Body))
	assert.Equal(t, good.String(), a.Remote)
	assert.Zero(t, a.Phases.DNS)

	client = direct(t, Options{Resolve: map[string][]netip.AddrPort{"api.example:443": {closed}}})
	_, err = client.Ask(t.Context(), Request{URL: "https://api.example"})
	requireStage(t, StageConnect, err)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = client.Ask(t.Context(), Request{URL: "http://api.example.invalid"})
	requireStage(t, StageResolve, err)
}

func TestAskEachAsksEveryAddressUnderTheHostsOwnName(t *testing.T) {
	ours := newAuthority(t)
	cert := ours.leaf(t, "api.example", day, 90*day)
	server := serveTLS(t, cert, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "api.example", r.TLS.ServerName)
		assert.Equal(t, "api.example", r.Host)
	})
	expired := serveTLS(t, ours.leaf(t, "api.example", 91*day, 90*day), nil)
	down := serveTLS(t, cert, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	at := func(s *httptest.Server) netip.AddrPort { return netip.MustParseAddrPort(s.Listener.Addr().String()) }
	client := direct(t, Options{Roots: ours.pool(), Resolve: map[string][]netip.AddrPort{
		"api.example:443": {at(server), at(expired), at(down), netip.MustParseAddrPort(closedPort(t))},
	}})

	replies, err := client.AskEach(t.Context(), Request{URL: "https://api.example/health"})

	require.NoError(t, err)
	require.Len(t, replies, 4)
	assert.Equal(t, at(server), replies[0].AddrPort)
	assert.NoError(t, replies[0].Err)
	assert.Equal(t, http.StatusOK, replies[0].Answer.Status)
	requireStage(t, StageExpiry, replies[1].Err)
	assert.NoError(t, replies[2].Err)
	assert.Equal(t, http.StatusServiceUnavailable, replies[2].Answer.Status)
	requireStage(t, StageConnect, replies[3].Err)
}

func TestAskEachResolvesTheName(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	port := server.Listener.Addr().(*net.TCPAddr).Port
	ips, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", "localhost")
	require.NoError(t, err)

	replies, err := direct(t, Options{}).AskEach(t.Context(), Request{URL: "http://localhost:" + strconv.Itoa(port)})

	require.NoError(t, err)
	assert.Len(t, replies, len(ips))
	_, err = direct(t, Options{}).AskEach(t.Context(), Request{URL: "https://no-such-host.invalid"})
	requireStage(t, StageResolve, err)
}

func TestAskEachSeesNoAddressBehindAProxy(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	client := NewClient(Options{Proxy: http.ProxyURL(proxy)})

	_, err := client.AskEach(t.Context(), Request{URL: "https://api.example"})

	assert.ErrorIs(t, err, ErrProxied)
}

func TestSpreadHoldsWhatWasMeasured(t *testing.T) {
	var samples []time.Duration
	for i := 20; i > 0; i-- {
		samples = append(samples, time.Duration(i)*time.Millisecond)
	}
	assert.Equal(t, Spread{Min: time.Millisecond, P50: 10 * time.Millisecond, P95: 19 * time.Millisecond, Max: 20 * time.Millisecond}, NewSpread(samples))
	assert.Equal(t, 20*time.Millisecond, samples[0], "the samples stay in their order")
	assert.Equal(t, Spread{3, 3, 3, 3}, NewSpread([]time.Duration{3}))
	assert.Zero(t, NewSpread(nil))
	assert.Equal(t, "p50 10ms, p95 19ms, max 20ms", NewSpread(samples).String())
}

func TestPhasesAddUp(t *testing.T) {
	const pause = 50 * time.Millisecond
	server := startTLS(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t).leaf(t, "127.0.0.1", day, 90*day)}}, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(pause) // a known first byte
		http.NewResponseController(w).Flush()
		time.Sleep(pause)
	})
	client := direct(t, Options{})
	client.transport.TLSClientConfig.InsecureSkipVerify = true

	a, err := client.Ask(t.Context(), Request{URL: server.URL})

	require.NoError(t, err)
	p := a.Phases
	assert.GreaterOrEqual(t, p.FirstByte, pause)
	assert.Positive(t, p.Body)
	assert.GreaterOrEqual(t, p.Total, p.Connect+p.TLS+p.FirstByte+p.Body)
}
