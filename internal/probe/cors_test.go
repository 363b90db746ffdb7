package probe

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSharingIsReadAsBrowsersDo(t *testing.T) {
	const app = "https://app.example"
	answer := func(headers ...string) Sharing {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Add(headers[i], headers[i+1])
		}
		return Answer{Header: h}.Sharing()
	}
	const origin, credentials, methods, names = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"

	assert.NoError(t, answer(origin, app).Allows(app))
	assert.NoError(t, answer(origin, "*").Allows(app))
	assert.EqualError(t, answer().Allows(app), "no Access-Control-Allow-Origin")
	assert.ErrorContains(t, answer(origin, "https://app.example/").Allows(app), "want https://app.example")
	assert.ErrorContains(t, answer(origin, "null").Allows(app), "is null")
	assert.ErrorContains(t, answer(origin, app, origin, "*").Allows(app), "2 values")
	assert.ErrorContains(t, answer(origin, app+", https://b.example").Allows(app), "2 values")

	for _, c := range []struct {
		given   Sharing
		method  string
		headers []string
		want    string
	}{
		{answer(), "GET", nil, ""},
		{answer(), "POST", nil, ""},
		{answer(), "PUT", nil, `Access-Control-Allow-Methods is "", want PUT`},
		{answer(methods, "GET,PUT"), "PUT", nil, ""},
		{answer(methods, "put"), "PUT", nil, "want PUT"},
		{answer(methods, "*"), "DELETE", nil, ""},
		{answer(methods, "*", credentials, "true"), "DELETE", nil, "want DELETE"},
		{answer(names, "Content-Type, X-Trace"), "GET", []string{"content-type"}, ""},
		{answer(names, "X-Trace"), "GET", []string{"Content-Type"}, "want content-type"},
		{answer(names, "*"), "GET", []string{"content-type"}, ""},
		{answer(names, "*"), "GET", []string{"Authorization"}, "want authorization"},
		{answer(names, "*", credentials, "true"), "GET", []string{"content-type"}, "want content-type"},
	} {
		err := c.given.AllowsRequest(c.method, c.headers)
		if c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.want)
		}
	}

	assert.True(t, answer("Vary", "Accept-Encoding, origin").Varies)
	assert.True(t, answer("Vary", "Accept", "Vary", "*").Varies)
	assert.False(t, answer("Vary", "X-Origin").Varies)
	assert.False(t, answer(credentials, "True").Credentials, "browsers compare exactly")
}

func TestPreflightIsWhatABrowserSends(t *testing.T) {
	r := Preflight("https://api.example/x", "https://app.example", "PUT", []string{"X-Trace", "Content-Type"})

	assert.Equal(t, http.MethodOptions, r.Method)
	assert.Equal(t, http.Header{
		"Origin":                         {"https://app.example"},
		"Access-Control-Request-Method":  {"PUT"},
		"Access-Control-Request-Headers": {"content-type,x-trace"},
	}, r.Header)
	assert.NotContains(t, Preflight("https://api.example", "null", "GET", nil).Header, "Access-Control-Request-Headers")
}
