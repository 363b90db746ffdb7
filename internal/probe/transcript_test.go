package probe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/internal/probe"
)

func TestATranscriptShowsAllButCredentials(t *testing.T) {
	a := probe.Answer{
		Status: 503, Proto: "HTTP/2.0", Body: []byte(`{"access_token" : "hunter\"22", "id": 7}`), Truncated: true,
		Header: http.Header{"Retry-After": {"3"}, "Set-Cookie": {"session=hunter22"}, "X-Auth-Token": {"hunter22"}},
	}
	assert.Equal(t, "HTTP/2.0 503\r\nRetry-After: 3\r\nSet-Cookie: ***\r\nX-Auth-Token: ***\r\n\r\n{\"access_token\" : \"***\", \"id\": 7}\n[the body goes on]", a.Transcript())
}
