package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What may be wrong with a connection string. The texts are fixed: a string
// that cannot be read cannot be redacted either.
var (
	errEmpty           = errors.New("empty, want " + form)
	errMasked          = errors.New("the mask [secret], want the secret itself: pulumi stack output --json --show-secrets")
	errJDBC            = errors.New("a JDBC URL, want " + form)
	errNoURL           = errors.New("no PostgreSQL URL, want " + form)
	errSyntax          = errors.New("no usable PostgreSQL URL, want " + form + `, with @ / : ? # % in the password percent-encoded`)
	errHost            = errors.New("names no usable host, want " + form)
	errSSLMode         = errors.New("its sslmode is unknown, want disable, allow, prefer, require, verify-ca or verify-full")
	errService         = errors.New("names a service file of the machine that connects, want " + form)
	errCAFile          = errors.New("the CA file named by DATABASE_CA_FILE cannot be read, or holds no PEM certificate")
	errTLSFile         = errors.New("a file that sslrootcert, sslcert or sslkey names cannot be read on this machine; DATABASE_CA_FILE can name another CA file")
	errRootCert        = errors.New("the file that sslrootcert names holds no PEM certificate on this machine; DATABASE_CA_FILE can name another")
	errServiceVariable = errors.New("PGSERVICE is set on this machine and would mix into the stack's connection string: unset it")
)

const form = "postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full"

// LocalError is something the asking machine lacks; it says nothing about the
// stack.
type LocalError struct{ err error }

func (e *LocalError) Error() string { return e.err.Error() }

func (e *LocalError) Unwrap() error { return e.err }

// Inconclusive names what kept the question from being asked.
func (*LocalError) Inconclusive() (reason string) { return "missing-input" }

// Options are what the asking machine adds to a connection string.
type Options struct {
	CAFile string // PEM file of whom to trust, instead of sslrootcert; empty: none
}

// Parse reads a connection string, as URL or as keywords and values. It asks
// no server, and heeds nothing of the environment. Its errors have
// fixed texts, without any part of the string; a [*LocalError] when it is this
// machine that lacks something.
func Parse(s string, o Options) (*Target, error) {
	if err := recognise(s); err != nil {
		return nil, err
	}
	if os.Getenv("PGSERVICE") != "" {
		return nil, &LocalError{errServiceVariable}
	}
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	config, err := parse(s)
	if errors.Is(err, errTLSFile) && o.CAFile != "" {
		config, err = parse(override(s, "sslrootcert", o.CAFile))
	}
	if err != nil {
		return nil, err
	}
	t := newTarget(config, roots)
	if !t.hasOwnHosts(s) {
		return nil, errHost
	}
	return t, nil
}

var keywordValue = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

// recognise rejects what is no connection string of PostgreSQL at all.
func recognise(s string) error {
	switch s = strings.TrimSpace(s); {
	case s == "":
		return errEmpty
	case s == "[secret]":
		return errMasked
	case strings.HasPrefix(s, "jdbc:"):
		return errJDBC
	case isURL(s):
		if splitURL(s).straySign() {
			return errSyntax
		}
		return nil
	case keywordValue.MatchString(s):
		return nil
	}
	return errNoURL
}

func (o Options) roots() (*x509.CertPool, error) {
	if o.CAFile == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(o.CAFile)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		return nil, &LocalError{errCAFile}
	}
	return pool, nil
}

// parse has pgx read s, and puts words of our own for what it complains about:
// its error holds the whole string.
func parse(s string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(isolate(strings.TrimSpace(s)))
	if err == nil {
		return config, nil
	}
	var missing *fs.PathError
	if errors.As(err, &missing) {
		return nil, &LocalError{errTLSFile}
	}
	var refused *pgconn.ParseConfigError
	if !errors.As(err, &refused) || refused.Unwrap() == nil {
		return nil, errSyntax
	}
	switch why := refused.Unwrap().Error(); {
	case why == "sslmode is invalid":
		return nil, errSSLMode
	case why == "unable to add CA to cert pool":
		return nil, &LocalError{errRootCert}
	case strings.Contains(why, "service"):
		return nil, errService
	}
	return nil, errSyntax
}

// newTarget takes what a question needs from config. Of the start-up parameters
// only options stays, which some providers route by: poolers refuse most
// others, and drivers keep settings of their own among them.
func newTarget(config *pgx.ConnConfig, roots *x509.CertPool) *Target {
	params := map[string]string{"application_name": applicationName}
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
