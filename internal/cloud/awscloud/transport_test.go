package awscloud

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// closedBody is one of the SDK after it was closed.
type closedBody struct{ io.Reader }

func (closedBody) Close() error                     { return nil }
func (closedBody) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

type sender func(*http.Request) (*http.Response, error)

func (s sender) Do(r *http.Request) (*http.Response, error) { return s(r) }

func TestBodyThatIsClosedEarlyIsNoError(t *testing.T) {
	t.Parallel()
	body := closedBody{strings.NewReader("rest")}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://aws.example", body)
	require.NoError(t, err)
	var sent bytes.Buffer

	_, err = steadyClient{sender(func(r *http.Request) (*http.Response, error) {
		_, err := io.Copy(&sent, r.Body)
		return nil, err
	})}.Do(request)

	require.NoError(t, err)
	assert.Equal(t, "rest", sent.String())
	assert.Equal(t, body, request.Body, "the SDK closes what it made")
}

func TestRequestWithoutBody(t *testing.T) {
	t.Parallel()
	for _, body := range []io.Reader{nil, http.NoBody} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://aws.example", body)
		require.NoError(t, err)
		_, err = steadyClient{sender(func(r *http.Request) (*http.Response, error) {
			assert.Same(t, request, r)
			return nil, nil
		})}.Do(request)
		require.NoError(t, err)
	}
}
