package probe

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Sharing is what an answer lets browsers do for pages of other origins, as the
// CORS protocol has it (https://fetch.spec.whatwg.org/#http-cors-protocol).
type Sharing struct {
	Origins     []string // Access-Control-Allow-Origin; browsers take exactly one
	Credentials bool     // cookies and the like may be sent
	Methods     []string
	Headers     []string // in lower case
	Varies      bool     // caches are told that the answer depends on the origin
}

// Preflight is the question that browsers put before a request with that method
// and these headers from a page of origin.
func Preflight(address, origin, method string, headers []string) Request {
	r := Request{Method: http.MethodOptions, URL: address, Header: http.Header{
		"Origin":                        {origin},
		"Access-Control-Request-Method": {method},
	}}
	if len(headers) > 0 {
		sorted := slices.Sorted(slices.Values(headers)) // as browsers send them
		r.Header.Set("Access-Control-Request-Headers", strings.ToLower(strings.Join(sorted, ",")))
	}
	return r
}

// Sharing reads the answer's CORS headers.
func (a Answer) Sharing() Sharing {
	vary := list(a.Header, "Vary")
	return Sharing{
		Origins:     list(a.Header, "Access-Control-Allow-Origin"),
		Credentials: a.Header.Get("Access-Control-Allow-Credentials") == "true",
		Methods:     list(a.Header, "Access-Control-Allow-Methods"),
		Headers:     lower(list(a.Header, "Access-Control-Allow-Headers")),
		Varies:      slices.Contains(vary, "*") || slices.Contains(lower(vary), "origin"),
	}
}

// Allows says why a page of origin may not read the answer; nil if it may.
func (s Sharing) Allows(origin string) error {
	switch {
	case len(s.Origins) == 0:
		return errors.New("no Access-Control-Allow-Origin")
	case len(s.Origins) > 1:
		return fmt.Errorf("%d values in Access-Control-Allow-Origin (%s), want one", len(s.Origins), strings.Join(s.Origins, ", "))
	case s.Origins[0] != "*" && s.Origins[0] != origin:
		return fmt.Errorf("Access-Control-Allow-Origin is %s, want %s", s.Origins[0], origin)
	}
	return nil
}

// AllowsRequest says why a preflight that was answered so forbids the method or
// one of the headers; nil if it forbids none.
func (s Sharing) AllowsRequest(method string, headers []string) error {
	simple := []string{http.MethodGet, http.MethodHead, http.MethodPost} // never need to be allowed
	if !slices.Contains(append(simple, s.Methods...), method) && !s.wildcard(s.Methods) {
		return fmt.Errorf("Access-Control-Allow-Methods is %q, want %s in it", strings.Join(s.Methods, ", "), method)
	}
	for _, h := range lower(headers) {
		covered := s.wildcard(s.Headers) && h != "authorization" // which must be named
		if !slices.Contains(s.Headers, h) && !covered {
			return fmt.Errorf("Access-Control-Allow-Headers is %q, want %s in it", strings.Join(s.Headers, ", "), h)
		}
	}
	return nil
}

// wildcard tells whether allowed covers all; with credentials a star is a name
// like any other.
func (s Sharing) wildcard(allowed []string) bool {
	return !s.Credentials && slices.Contains(allowed, "*")
}

// list splits all values of a header at their commas.
func list(h http.Header, name string) []string {
	var entries []string
	for _, value := range h.Values(name) {
		for entry := range strings.SplitSeq(value, ",") {
			if entry = strings.TrimSpace(entry); entry != "" {
				entries = append(entries, entry)
			}
		}
	}
	return entries
}

func lower(entries []string) []string {
	result := make([]string, len(entries))
	for i, e := range entries {
		result[i] = strings.ToLower(e)
	}
	return result
}
