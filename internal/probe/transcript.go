package probe

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

var (
	secretive  = regexp.MustCompile(`(?i)(cookie|token|secret|password|session|credential|authoriz|api-?_?key)`)
	credential = regexp.MustCompile(`(?i)("[^"]*(?:token|secret|password|session|credential|authoriz|api-?_?key)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"`)
)

func public(header http.Header) http.Header {
	header = header.Clone()
	for name := range header {
		if secretive.MatchString(name) {
			header.Set(name, "***")
		}
	}
	return header
}

// Transcript is the answer as text, as evidence: status, headers and the kept part of the
// body, without what a server may hand out as credentials: cookies, tokens and keys.
func (a Answer) Transcript() string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s %d\r\n", a.Proto, a.Status)
	_ = public(a.Header).Write(&b)
	_, _ = fmt.Fprintf(&b, "\r\n%s", credential.ReplaceAll(a.Body, []byte(`$1"***"`)))
	if a.Truncated {
		b.WriteString("\n[the body goes on]")
	}
	return b.String()
}
