package postgres

import "errors"

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
