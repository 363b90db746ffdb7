package probe

import (
	"fmt"
	"strings"
)

// Transcript is the answer as text, as evidence: status, headers but for cookies, and
// the kept part of the body.
func (a Answer) Transcript() string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s %d\r\n", a.Proto, a.Status)
	_ = a.Header.WriteSubset(&b, map[string]bool{"Set-Cookie": true})
	_, _ = fmt.Fprintf(&b, "\r\n%s", a.Body)
	if a.Truncated {
		b.WriteString("\n[the body goes on]")
	}
	return b.String()
}
