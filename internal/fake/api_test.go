package fake_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"runbook/internal/ca"
	"runbook/internal/fake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAGoodDay(t *testing.T) {
	api, client := serving(t)

	status, body, err := ask(t.Context(), client, api.URL()+"/health")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"status":"ok"}`, body)

	status, _, err = ask(t.Context(), client, api.URL()+"/else")
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, status)
}

func TestBehavioursComeAndGo(t *testing.T) {
	api, client := serving(t)

	api.Behave(fake.Failing(http.StatusServiceUnavailable))
	status, _, err := ask(t.Context(), client, api.URL()+"/health")
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, status)

	const wait = 50 * time.Millisecond
	api.Behave(fake.Delayed(wait), fake.Failing(http.StatusTeapot))
	asked := time.Now()
	status, _, err = ask(t.Context(), client, api.URL()+"/health")
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, status)
	assert.GreaterOrEqual(t, time.Since(asked), wait)

	api.Behave()
	status, _, err = ask(t.Context(), client, api.URL()+"/health")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
}

func TestADelayOutlastsNeitherClientNorServer(t *testing.T) {
	api, client := serving(t)
	api.Behave(fake.Delayed(time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, _, err := ask(ctx, client, api.URL()+"/health")

	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NoError(t, api.Close())
}

func TestABodyIsCutOffInBothProtocols(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		api, client := serving(t)
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = http2
		api.Behave(fake.CutOff())

		status, body, err := ask(t.Context(), client, api.URL()+"/health")

		assert.Equal(t, http.StatusOK, status)
		assert.Error(t, err)
		assert.NotContains(t, body, "ok")
	}
}

func TestAnotherCertificateIsPresented(t *testing.T) {
	api, client := serving(t)
	other, err := ca.New("other")
	require.NoError(t, err)
	api.Present(certificate(t, other))

	_, _, err = ask(t.Context(), client, api.URL()+"/health")

	assert.ErrorAs(t, err, new(x509.UnknownAuthorityError))
}

func TestAClosedAPIRefuses(t *testing.T) {
	api, client := serving(t)
	require.NoError(t, api.Close())
	require.NoError(t, api.Close())

	_, _, err := ask(t.Context(), client, api.URL()+"/health")

	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func serving(t *testing.T) (*fake.API, *http.Client) {
	t.Helper()
	authority, err := ca.New("test")
	require.NoError(t, err)
	api, err := fake.StartAPI(certificate(t, authority))
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		api.Close()
	})
	return api, &http.Client{Transport: transport}
}

func certificate(t *testing.T, authority *ca.Authority) tls.Certificate {
	t.Helper()
	pair, err := authority.Issue(ca.Request{Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	certificate, err := pair.TLS()
	require.NoError(t, err)
	return certificate
}

func ask(ctx context.Context, client *http.Client, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}
