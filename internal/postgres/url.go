package postgres

import (
	"net/url"
	"strings"
)

// parts is a connection URL cut as libpq cuts it: userinfo ends at the first
// "@" that comes before any "/", and several hosts may have a port each. Package
// net/url reads neither that way.
type parts struct {
	head           string // all before the query
	user, password string // as written, still escaped
	netloc         string // hosts and ports
	database       string
	query          string
	userinfo       bool
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

func splitURL(s string) parts {
	scheme, rest, _ := strings.Cut(s, "://")
	p := parts{head: scheme + "://"}
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		p.user, p.password, _ = strings.Cut(rest[:i], ":")
		p.head, rest, p.userinfo = p.head+rest[:i+1], rest[i+1:], true
	}
	rest, p.query, _ = strings.Cut(rest, "?")
	p.head += rest
	p.netloc, p.database, _ = strings.Cut(rest, "/")
	return p
}

// names tells whether the part before the query says key.
func (p parts) names(key string) bool {
	switch key {
	case "user":
		return p.user != ""
	case "password":
		return p.password != ""
	case "database":
		return p.database != ""
	case "host":
		return p.anyPlace(func(host, _ string) bool { return host != "" })
	case "port":
		return p.anyPlace(func(_, port string) bool { return port != "" })
	}
	return false
}

// anyPlace looks for a host:port of the list that satisfies f; either may be
// empty.
func (p parts) anyPlace(f func(host, port string) bool) bool {
	for place := range strings.SplitSeq(p.netloc, ",") {
		colon := strings.LastIndexByte(place, ':')
		if colon < strings.LastIndexByte(place, ']') || colon < 0 {
			colon = len(place)
		}
		if f(place[:colon], strings.TrimPrefix(place[colon:], ":")) {
			return true
		}
	}
	return false
}

// straySign tells whether an "@" stands where it can only be the rest of a
// password that was not escaped. libpq would take that rest for a host.
func (p parts) straySign() bool {
	return strings.Contains(p.netloc+p.database, "@") || !p.userinfo && strings.Contains(p.query, "@")
}

// escape writes a value as libpq reads it, to which "+" is no space.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
