package postgres

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
)

// ApplicationName is what a session calls itself in pg_stat_activity.
const ApplicationName = "smoke-verify"

// neutral is, for each setting that pgx would otherwise take from the
// environment, the home folder or the operating system, the value that says
// nothing. PGSERVICE alone cannot be silenced this way.
var neutral = [][2]string{
	{"application_name", ApplicationName},
	{"channel_binding", ""},
	{"connect_timeout", "0"},
	{"max_protocol_version", ""},
	{"min_protocol_version", ""},
	{"options", ""},
	{"passfile", ""},
	{"require_auth", ""},
	{"sslcert", ""},
	{"sslcertmode", "allow"},
	{"sslkey", ""},
	{"sslmode", ""},
	{"sslnegotiation", ""},
	{"sslpassword", ""},
	{"sslrootcert", ""},
	{"sslsni", ""},
	{"target_session_attrs", "any"},
	{"timezone", ""},
}

// unsaid stands for a host or user that the string does not name, where an
// empty value would make pgx look for one on this machine. Neither can be meant:
// RFC 6761 keeps the name from existing.
const unsaid = "unsaid.invalid"

// location is neutral for what the part of a URL before "?" may say.
var location = [][2]string{
	{"database", ""},
	{"host", unsaid},
	{"password", ""},
	{"port", "5432"},
	{"user", unsaid},
}

// isolate completes a connection string so that it depends on itself alone.
// Of a repeated setting the last counts, and the string's own come last.
func isolate(s string) string {
	if !isURL(s) {
		return keywords(location) + keywords(neutral) + s
	}
	u := splitURL(s)
	unnamed := slices.DeleteFunc(slices.Clone(location), func(kv [2]string) bool { return u.names(kv[0]) })
	return u.head + "?" + parameters(unnamed) + parameters(neutral) + u.query
}

// override adds a setting that wins over the string's own.
func override(s, key, value string) string {
	if !isURL(s) {
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)
		return s + " " + key + "='" + quoted + "'"
	}
	u := splitURL(s)
	return u.head + "?" + strings.Trim(strings.Trim(u.query, "&")+"&"+key+"="+escape(value), "&")
}

func keywords(settings [][2]string) string {
	var b strings.Builder
	for _, kv := range settings {
		b.WriteString(kv[0] + "='" + kv[1] + "' ")
	}
	return b.String()
}

func parameters(settings [][2]string) string {
	var b strings.Builder
	for _, kv := range settings {
		b.WriteString(kv[0] + "=" + kv[1] + "&")
	}
	return b.String()
}

// environment lists the PG* variables set on this machine.
func environment() []string {
	var names []string
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "PG") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// setting returns what the string says of key in its own words; "" where it does not.
func setting(s, key string) string {
	if isURL(s) {
		values, err := url.ParseQuery(splitURL(s).query)
		if err != nil {
			return ""
		}
		return values.Get(key)
	}
	m := regexp.MustCompile(`(?:^|\s)` + key + `\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`).FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(strings.Trim(m[1], "'"))
}
