package postgres

import (
	"cmp"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

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
	t.caFile = cmp.Or(o.CAFile, setting(s, "sslrootcert"))
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
