package fake_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"runbook/internal/fake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachAddressCanBehaveForItself(t *testing.T) {
	api, client := serving(t)
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "127.0.0.1"
	addresses := api.Addresses()
	last := addresses[len(addresses)-1]

	api.Behave(fake.At(last.Addr().String(), fake.Failing(http.StatusServiceUnavailable)))

	for _, a := range addresses {
		status, _, err := ask(t.Context(), client, "https://"+a.String()+"/health")
		require.NoError(t, err)
		assert.Equal(t, a == last, status == http.StatusServiceUnavailable, a)
	}
}

func TestSomeRequestsAreTreatedOtherwise(t *testing.T) {
	api, client := serving(t)
	api.Behave(fake.To(http.MethodOptions, fake.Failing(http.StatusForbidden)), fake.Every(2, fake.Failing(http.StatusTeapot)))

	var statuses []int
	for range 4 {
		status, _, err := ask(t.Context(), client, api.URL()+"/health")
		require.NoError(t, err)
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{200, 418, 200, 418}, statuses)
	answer := fromOrigin(t, client, api, http.MethodOptions, "https://app.example")
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
}

func TestPoliciesForBrowsers(t *testing.T) {
	api, client := serving(t)
	const own, other = "https://app.example", "https://other.example"
	for name, c := range map[string]struct {
		policy             fake.Policy
		toOwn, toOther     string
		withCredentialsToo bool
	}{
		"one origin": {fake.AllowOrigin(own), own, "", false},
		"star":       {fake.AllowAny, "*", "*", true},
		"echo":       {fake.Echo, own, other, true},
	} {
		t.Run(name, func(t *testing.T) {
			api.Share(c.policy)
			for _, method := range []string{http.MethodOptions, http.MethodGet} {
				assert.Equal(t, c.toOwn, fromOrigin(t, client, api, method, own).Header.Get("Access-Control-Allow-Origin"))
				foreign := fromOrigin(t, client, api, method, other).Header
				assert.Equal(t, c.toOther, foreign.Get("Access-Control-Allow-Origin"))
				assert.Equal(t, c.withCredentialsToo, foreign.Get("Access-Control-Allow-Credentials") == "true")
				assert.Equal(t, "Origin", foreign.Get("Vary"))
			}
		})
	}
}

func TestAPeerSpeaksInTheAPIsPlace(t *testing.T) {
	api, client := serving(t)

	api.Speak(fake.Say("SSH-2.0-x\r\n"))
	_, _, err := ask(t.Context(), client, api.URL())
	assert.ErrorAs(t, err, new(tls.RecordHeaderError))

	api.Speak(api.Under("http/1.1", fake.Say("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n")))
	status, _, err := ask(t.Context(), client, api.URL())
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, status)

	api, client = serving(t)
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	api.Speak(api.Under("h2", fake.GoAway))
	_, _, err = ask(t.Context(), client, api.URL())
	assert.ErrorContains(t, err, "ENHANCE_YOUR_CALM")
}

func TestAPeerEndsWithTheAPI(t *testing.T) {
	for name, peer := range map[string]fake.Peer{
		"silence": fake.Silence, "drip": fake.Drip("x"), "fidget": fake.Fidget, "for ever": fake.SayForEver("", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			api, _ := serving(t)
			api.Speak(peer)
			conn, err := net.Dial("tcp", api.Addresses()[0].String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = conn.Write([]byte("hello"))
			require.NoError(t, err)

			require.NoError(t, api.Close())

			require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
			_, err = io.Copy(io.Discard, conn)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the peer still speaks")
		})
	}
}

func fromOrigin(t *testing.T, client *http.Client, api *fake.API, method, origin string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, api.URL()+"/health", nil)
	require.NoError(t, err)
	request.Header.Set("Origin", origin)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response
}
