package postgres

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"runbook/internal/probe"
)

// Target is what a connection string says. It prints as its hosts, never as
// its password.
type Target struct {
	Hosts    []Host // in the order in which they are tried; at least one
	Database string // empty: the server takes the one named like the user
	User     string // empty: not said, and no server will take that
	Mode     Mode
	NamesCA  bool     // whether the string or Options name whom to trust; if not, the system's roots stand in
	Ignored  []string // names of PG* variables set on this machine, which were kept out

	servers []server
	roots   *x509.CertPool // nil: the system's
	caFile  string         // where roots were read from; empty: the system's
	direct  bool           // sslnegotiation=direct
}

// Conninfo is the target as psql takes it, with the stack's sslmode and without the
// password.
func (t *Target) Conninfo() string {
	var hosts, ports []string
	for _, h := range t.Hosts {
		hosts = append(hosts, h.Name)
		ports = append(ports, strconv.Itoa(int(h.Port)))
	}
	pairs := []string{"host=" + value(strings.Join(hosts, ",")), "port=" + strings.Join(ports, ",")}
	for _, kv := range [][2]string{{"user", t.User}, {"dbname", t.Database}, {"sslmode", string(t.Mode)}, {"sslrootcert", t.caFile}} {
		if kv[1] != "" {
			pairs = append(pairs, kv[0]+"="+value(kv[1]))
		}
	}
	return strings.Join(pairs, " ")
}

var plainValue = regexp.MustCompile(`^[\w.,:/@%+-]+$`)

// value is one of a keyword, quoted as libpq reads it where it must be.
func value(s string) string {
	if plainValue.MatchString(s) {
		return s
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// Format makes every verb print the hosts alone.
func (t *Target) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.subject()) }

func (t *Target) subject() string {
	names := make([]string, len(t.Hosts))
	for i, h := range t.Hosts {
		names[i] = h.String()
	}
	return strings.Join(names, ",")
}

// Host is one place where the server may be.
type Host struct {
	Name string // name, address, or the folder of a unix socket
	Port uint16
}

func (h Host) String() string {
	if h.Socket() {
		return h.Name
	}
	return net.JoinHostPort(h.Name, strconv.Itoa(int(h.Port)))
}

// Socket tells whether the host is a unix socket, such as the one that Cloud
// Run has for Cloud SQL, which no other machine can reach.
func (h Host) Socket() bool { return strings.HasPrefix(h.Name, "/") }

// Loopback tells whether the host is by its name this machine, and therefore
// another one for each who asks.
func (h Host) Loopback() bool {
	ip, err := netip.ParseAddr(h.Name)
	return h.Name == "localhost" || err == nil && probe.ScopeOf(ip) == probe.Loopback
}

// Mode is the sslmode in effect: require with an sslrootcert is verify-ca, and
// sslrootcert=system is verify-full.
type Mode string

// The modes of libpq.
const (
	Disable    Mode = "disable"
	Allow      Mode = "allow"  // plain text first
	Prefer     Mode = "prefer" // TLS first, plain text when the server has none; the default
	Require    Mode = "require"
	VerifyCA   Mode = "verify-ca"
	VerifyFull Mode = "verify-full"
)

// Encrypts tells whether a session never falls back to plain text.
func (m Mode) Encrypts() bool { return m == Require || m.Verifies() }

// Verifies tells whether the server's certificate must be trusted.
func (m Mode) Verifies() bool { return m == VerifyCA || m == VerifyFull }
