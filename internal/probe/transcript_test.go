package probe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/internal/probe"
)

func TestATranscriptShowsAllButCookies(t *testing.T) {
	a := probe.Answer{
		Status: 503, Proto: "HTTP/2.0", Body: []byte("no backend"), Truncated: true,
		Header: http.Header{"Retry-After": {"3"}, "Set-Cookie": {"session=hunter22"}},
	}
	assert.Equal(t, "HTTP/2.0 503\r\nRetry-After: 3\r\n\r\nno backend\n[the body goes on]", a.Transcript())
}
