package local

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apiEffects is what someone who asks the broken API is told.
var apiEffects = map[string]func(*testing.T, *Stack){
	"api-down":                failing(syscall.ECONNREFUSED),
	"api-answers-503":         answering(http.StatusServiceUnavailable),
	"api-function-malformed":  answering(http.StatusBadGateway, "X-Amz-Apigw-Id"),
	"api-function-forbidden":  answering(http.StatusInternalServerError, "Apigw-Requestid"),
	"api-function-timeout":    answering(http.StatusGatewayTimeout, "X-Amz-Apigw-Id"),
	"api-container-crashed":   answering(http.StatusServiceUnavailable, "X-Cloud-Trace-Context"),
	"api-container-malformed": answering(http.StatusBadGateway, "X-Cloud-Trace-Context"),
	"api-container-timeout":   answering(http.StatusGatewayTimeout, "X-Cloud-Trace-Context"),
	"api-container-forbidden": answering(http.StatusForbidden, "X-Cloud-Trace-Context"),
	"api-rate-limited": func(t *testing.T, s *Stack) {
		answering(http.StatusTooManyRequests, map[bool]string{true: "X-Cloud-Trace-Context", false: "Retry-After"}[s.plane.gcp != nil])(t, s)
	},
	"api-slow":                     unanswering,
	"api-latency-past-limit":       unanswering,
	"api-redirects-for-ever":       saying("stopped after 10 redirects"),
	"api-body-drips":               unanswering,
	"api-header-of-a-megabyte":     answering(http.StatusOK, "X-Long"),
	"api-header-drips":             unanswering,
	"api-interim-answers-unending": saying("server response headers exceeded"),
	"api-resets-after-headers":     failing(syscall.ECONNRESET),
	"api-never-answers":            unanswering,
	"api-http2-goes-away":          saying("ENHANCE_YOUR_CALM"),
	"api-http2-settings-unending":  unanswering,
	"api-speaks-plain-http":        saying("server gave HTTP response to HTTPS client"),
	"api-speaks-garbage":           saying("first record does not look like a TLS handshake"),
	"api-resets-handshake":         failing(syscall.ECONNRESET),
	"api-silent":                   unanswering,
	"api-slow-tail": func(t *testing.T, s *Stack) {
		late := 0
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			if _, _, err := health(ctx, t, s); errors.Is(err, context.DeadlineExceeded) {
				late++
			}
			cancel()
		}
		assert.Equal(t, 1, late)
	},
	"api-one-address-bad": func(t *testing.T, s *Stack) {
		var statuses []int
		for _, a := range s.api.Addresses() {
			response, _, err := get(t.Context(), t, s, http.MethodGet, "https://"+a.String(), "")
			require.NoError(t, err)
			statuses = append(statuses, response.StatusCode)
		}
		assert.Equal(t, []int{200, 200, 503}, statuses)
	},
	"api-preflight-refused": func(t *testing.T, s *Stack) {
		response, _, err := get(t.Context(), t, s, http.MethodOptions, s.api.URL(), appOrigin)
		require.NoError(t, err)
		assert.Equal(t, http.StatusForbidden, response.StatusCode)
	},
	"api-own-origin-unknown":          allowing(appOrigin, ""),
	"api-any-origin-with-credentials": allowing("https://foreign.example", "*"),
	"api-echoes-origins":              allowing("https://foreign.example", "https://foreign.example"),
	"api-closes-mid-body": func(t *testing.T, s *Stack) {
		response, body, err := health(t.Context(), t, s)
		require.NotNil(t, response)
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assert.ErrorContains(t, err, "INTERNAL_ERROR")
		assert.NotEmpty(t, body)
	},
	"api-body-unending":  overflowing,
	"api-body-is-a-bomb": overflowing,
	"api-certificate-expiring": func(t *testing.T, s *Stack) {
		response, _, err := health(t.Context(), t, s)
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now().Add(3*day), response.TLS.PeerCertificates[0].NotAfter, time.Hour)
	},
	"api-certificate-expired": func(t *testing.T, s *Stack) {
		var invalid x509.CertificateInvalidError
		_, _, err := health(t.Context(), t, s)
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, x509.Expired, invalid.Reason)
	},
	"api-certificate-other-host": func(t *testing.T, s *Stack) {
		_, _, err := health(t.Context(), t, s)
		assert.ErrorAs(t, err, new(x509.HostnameError))
	},
}

func TestAPIFaultsAreReal(t *testing.T) {
	for _, flavour := range Flavours {
		for _, fault := range apiFaults {
			if !fault.Suffered(flavour) {
				continue
			}
			t.Run(flavour+"/"+fault.Name, func(t *testing.T) {
				t.Parallel()
				s := planeOnly(t, flavour)
				require.NoError(t, s.suffer(t.Context(), fault))

				apiEffects[fault.Name](t, s)
			})
		}
	}
}

func answering(status int, headers ...string) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		response, _, err := health(t.Context(), t, s)
		require.NoError(t, err)
		assert.Equal(t, status, response.StatusCode)
		for _, h := range headers {
			assert.NotEmpty(t, response.Header.Get(h), h)
		}
	}
}

// unanswering is what gives no whole answer by the deadline of these tests.
func unanswering(t *testing.T, s *Stack) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	_, _, err := health(ctx, t, s)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func failing(cause error) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		_, _, err := health(t.Context(), t, s)
		assert.ErrorIs(t, err, cause)
	}
}

func saying(text string) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		_, _, err := health(t.Context(), t, s)
		assert.ErrorContains(t, err, text)
	}
}

func allowing(origin, allowed string) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		response, _, err := get(t.Context(), t, s, http.MethodGet, s.api.URL(), origin)
		require.NoError(t, err)
		assert.Equal(t, allowed, response.Header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, allowed != "", response.Header.Get("Access-Control-Allow-Credentials") == "true")
	}
}

// most is how much of a body these tests read.
const most = 1 << 20 // bytes

func overflowing(t *testing.T, s *Stack) {
	_, body, err := health(t.Context(), t, s)
	require.NoError(t, err)
	assert.Len(t, body, most)
}

func health(ctx context.Context, t *testing.T, s *Stack) (*http.Response, string, error) {
	t.Helper()
	return get(ctx, t, s, http.MethodGet, s.api.URL(), "")
}

// get asks as a command does that knows only the environment: it trusts what
// API_CA_FILE holds.
func get(ctx context.Context, t *testing.T, s *Stack, method, address, origin string) (*http.Response, string, error) {
	t.Helper()
	pem, err := os.ReadFile(s.apiFile)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(pem))
	transport := &http.Transport{
		ForceAttemptHTTP2:  true,
		DisableKeepAlives:  true,
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{RootCAs: trusted, ServerName: apiHost},
	}
	request, err := http.NewRequestWithContext(ctx, method, address+"/health", strings.NewReader(""))
	require.NoError(t, err)
	if origin != "" {
		request.Header.Set("Origin", origin)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	return response, string(body), err
}
