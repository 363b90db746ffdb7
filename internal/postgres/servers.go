package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"runbook/internal/probe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// server is one host with the ways to connect to it, in order: sslmode prefer
// and allow have two.
type server struct {
	Host
	ways []*pgx.ConnConfig
}

// newTarget takes what a question needs from config. Of the start-up parameters
// only options stays, which some providers route by: poolers refuse most
// others, and drivers keep settings of their own among them.
func newTarget(config *pgx.ConnConfig, roots *x509.CertPool) *Target {
	params := map[string]string{"application_name": ApplicationName}
	if options := config.RuntimeParams["options"]; options != "" {
		params["options"] = options
	}
	config.RuntimeParams = params
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // transaction pooling keeps no prepared statement
	if config.User == unsaid {
		config.User = ""
	}
	t := &Target{
		Database: config.Database,
		User:     config.User,
		Ignored:  environment(),
		direct:   config.SSLNegotiation == "direct",
	}
	t.addServers(config, roots)
	return t
}

// addServers spreads out the attempts that pgx would make.
func (t *Target) addServers(config *pgx.ConnConfig, roots *x509.CertPool) {
	attempts := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	var secure []*tls.Config
	for _, a := range attempts {
		if !(Host{Name: a.Host}).Socket() {
			secure = append(secure, a.TLSConfig)
		}
	}
	t.Mode = modeOf(secure)
	t.roots = roots
	for _, a := range attempts {
		host := Host{a.Host, a.Port}
		if t.roots == nil && a.TLSConfig != nil {
			t.roots = a.TLSConfig.RootCAs
		}
		way := config.Copy()
		way.Host, way.Port, way.Fallbacks = a.Host, a.Port, nil
		way.TLSConfig = verifying(a.TLSConfig, t.Mode, a.Host, t.roots)
		i := slices.Index(t.Hosts, host)
		if i < 0 {
			i = len(t.Hosts)
			t.Hosts = append(t.Hosts, host)
			t.servers = append(t.servers, server{Host: host})
		}
		t.servers[i].ways = append(t.servers[i].ways, way)
	}
	t.NamesCA = t.roots != nil
}

// hostName is a DNS name, also one with underscores, or an IP address with its
// zone.
var hostName = regexp.MustCompile(`^[\pL\pN._:%-]+$`)

// hasOwnHosts tells whether every host is one that s names. For a gap in a list
// of hosts pgx puts in the local server.
func (t *Target) hasOwnHosts(s string) bool {
	if plain, err := url.PathUnescape(s); err == nil {
		s = plain
	}
	for _, h := range t.Hosts {
		wellFormed := h.Socket() || hostName.MatchString(h.Name)
		if h.Name == unsaid || !wellFormed || !strings.Contains(s, h.Name) {
			return false
		}
	}
	return true
}

// modeOf reads the mode off the configurations pgx made of it, one for each
// attempt.
func modeOf(attempts []*tls.Config) Mode {
	var secure *tls.Config
	plain := false
	for _, config := range attempts {
		plain = plain || config == nil
		if config != nil {
			secure = config
		}
	}
	switch {
	case secure == nil:
		return Disable
	case plain && attempts[0] == nil:
		return Allow
	case plain:
		return Prefer
	case !secure.InsecureSkipVerify:
		return VerifyFull
	case secure.VerifyPeerCertificate != nil:
		return VerifyCA
	}
	return Require
}

// verifying is config with the verification of mode done by package probe,
// which tells an expired certificate from an untrusted one.
func verifying(config *tls.Config, mode Mode, host string, roots *x509.CertPool) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.InsecureSkipVerify = true
	config.VerifyPeerCertificate = nil
	if mode == VerifyCA {
		host = ""
	}
	if mode.Verifies() {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			return probe.NewCertificate(state.PeerCertificates).Verify(host, roots)
		}
	}
	return config
}
