package drill

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/ca"
	"runbook/internal/fake"
	"runbook/internal/probe"
)

// The time to the first byte is measured as curl measures it: against the same server, in
// pairs one after the other, so that whatever else the machine does slows both.
func TestFirstByteIsWhatCurlMeasures(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not on this machine")
	}
	t.Parallel()
	const (
		pairs = 20
		delay = 100 * time.Millisecond
		// far above what a busy machine adds to one of the two, far below the delay
		bound = 50 * time.Millisecond
	)
	authority, err := ca.New("curl and probe")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, authority.PEM(), 0o644))
	pair, err := authority.Issue(ca.Request{Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	certificate, err := pair.TLS()
	require.NoError(t, err)
	api, err := fake.StartAPI(certificate)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, api.Close()) })
	api.Behave(fake.Delayed(delay))
	address := api.URL() + "/health"

	var ours, theirs, apart []time.Duration
	for range pairs {
		client := probe.NewClient(probe.Options{Roots: authority.Pool(), Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }})
		answer, err := client.Ask(t.Context(), probe.Request{URL: address})
		client.Close()
		require.NoError(t, err)
		ours = append(ours, answer.Phases.FirstByte)
		theirs = append(theirs, curlFirstByte(t, curl, file, address))
		apart = append(apart, ours[len(ours)-1]-theirs[len(theirs)-1])
	}

	mine, its, difference := probe.NewSpread(ours), probe.NewSpread(theirs), probe.NewSpread(apart)
	t.Logf("first byte after %s, %d pairs: probe %s; curl %s; medians %s apart, pairs %s apart (median)",
		delay, pairs, mine, its, mine.P50-its.P50, difference.P50)
	assert.InDelta(t, its.P50, mine.P50, float64(bound))
	assert.GreaterOrEqual(t, mine.Min, delay, "no first byte came before it was sent")
}

// curlFirstByte is the time from a connection that is ready, TLS and all, to the first
// byte of the answer.
func curlFirstByte(t *testing.T, curl, authority, address string) time.Duration {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), curl, "--noproxy", "*", "-sSf", "-o", os.DevNull, "--cacert", authority,
		"-w", "%{time_appconnect} %{time_starttransfer}", address).Output()
	require.NoError(t, err)
	var at [2]float64
	for i, text := range strings.Fields(string(out)) {
		at[i], err = strconv.ParseFloat(text, 64)
		require.NoError(t, err)
	}
	require.Positive(t, at[0])
	return time.Duration((at[1] - at[0]) * float64(time.Second))
}
