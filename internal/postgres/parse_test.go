package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runbook/internal/ca"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]Target{
		"postgres://app:pw@db.example:6543/shop":              target("app", "shop", Prefer, Host{"db.example", 6543}),
		"postgresql://app:pw@db.example/shop":                 target("app", "shop", Prefer, Host{"db.example", 5432}),
		"postgres://app:pw@db.example":                        target("app", "", Prefer, Host{"db.example", 5432}),
		"postgres://app:pw@db.example?sslmode=require":        target("app", "", Require, Host{"db.example", 5432}),
		"postgres://app:pw@[2001:db8::1]:6543/shop":           target("app", "shop", Prefer, Host{"2001:db8::1", 6543}),
		"postgres://app:pw@[::1]/shop":                        target("app", "shop", Prefer, Host{"::1", 5432}),
		"postgres://app:pw@a.example:1,b.example:2/shop":      target("app", "shop", Prefer, Host{"a.example", 1}, Host{"b.example", 2}),
		"postgres://app:pw@a.example,b.example/shop":          target("app", "shop", Prefer, Host{"a.example", 5432}, Host{"b.example", 5432}),
		"postgres://db.example/shop":                          target("", "shop", Prefer, Host{"db.example", 5432}),
		"postgres://:pw@db.example/shop":                      target("", "shop", Prefer, Host{"db.example", 5432}),
		"postgres://1/shop":                                   target("", "shop", Prefer, Host{"1", 5432}),
		"postgres://me%40corp:p%40%3A%2F@db.example/my%20db":  target("me@corp", "my db", Prefer, Host{"db.example", 5432}),
		"postgres:///shop?host=db.example&port=1&user=app":    target("app", "shop", Prefer, Host{"db.example", 1}),
		"postgres://app:pw@/shop?host=/cloudsql/p:r:i":        target("app", "shop", Disable, Host{"/cloudsql/p:r:i", 5432}),
		"postgres://app:pw@%2Fvar%2Frun%2Fpostgresql/shop":    target("app", "shop", Disable, Host{"/var/run/postgresql", 5432}),
		"host=db.example user=app password=pw dbname=shop":    target("app", "shop", Prefer, Host{"db.example", 5432}),
		"host=db.example password='p w' sslmode = disable":    target("", "", Disable, Host{"db.example", 5432}),
		"postgres://app@db.example?sslmode=disable":           target("app", "", Disable, Host{"db.example", 5432}),
		"postgres://app@db.example?sslmode=allow":             target("app", "", Allow, Host{"db.example", 5432}),
		"postgres://app@db.example?sslmode=prefer":            target("app", "", Prefer, Host{"db.example", 5432}),
		"postgres://app@db.example?ssl=true":                  target("app", "", Require, Host{"db.example", 5432}),
		"postgres://app@db.example?sslmode=verify-ca":         target("app", "", VerifyCA, Host{"db.example", 5432}),
		"postgres://app@db.example?sslmode=verify-full":       target("app", "", VerifyFull, Host{"db.example", 5432}),
		"postgres://app@db.example?sslnegotiation=direct":     target("app", "", Require, Host{"db.example", 5432}),
		"postgres://app@10.0.0.1?pgbouncer=true&schema=a":     target("app", "", Prefer, Host{"10.0.0.1", 5432}),
		" postgres://app@db.example/shop?sslmode=require& \n": target("app", "shop", Require, Host{"db.example", 5432}),
	} {
		t.Run(s, func(t *testing.T) {
			got, err := Parse(s, Options{})
			require.NoError(t, err)
			assert.Equal(t, want, facts(got))
			assert.False(t, got.NamesCA)
		})
	}
}

func TestParseKeepsThePassword(t *testing.T) {
	for s, want := range map[string]string{
		"postgres://app:p%40s%2Fs%25+%22%26@db.example/shop":   `p@s/s%+"&`,
		"postgres://app:p?x@db.example/shop":                   "p?x",
		"postgres://app@db.example/shop?password=q%3D1":        "q=1",
		`host=db.example password='it\'s' user=app`:            "it's",
		"postgres://app@db.example/shop":                       "",
		"postgres://app:first@db.example/shop?password=second": "second",
	} {
		got, err := Parse(s, Options{})
		require.NoError(t, err, s)
		assert.Equal(t, want, got.servers[0].ways[0].Password, s)
	}
}

func TestParseRejects(t *testing.T) {
	for s, want := range map[string]error{
		"":                                              errEmpty,
		" \n":                                           errEmpty,
		"[secret]":                                      errMasked,
		"jdbc:postgresql://db.example/":                 errJDBC,
		"mysql://app:s3cret@db/shop":                    errNoURL,
		"Postgres://app:s3cret@db/shop":                 errNoURL,
		"s3cret":                                        errNoURL,
		"postgres://":                                   errHost,
		"postgres:///shop":                              errHost,
		"postgres://app:s3cret@/shop":                   errHost,
		"postgres://app:s3cret@:5432/":                  errHost,
		"postgres://app@a,,b/shop":                      errHost,
		"user=app password=s3cret":                      errHost,
		"host=a,,b password=s3cret":                     errHost,
		"postgres://app@a%0Ab/shop":                     errHost,
		"postgres://app:s3/cret@db/":                    errSyntax,
		"postgres://app:s3@cret@db/":                    errSyntax,
		"postgres://app:12/cret@db/":                    errSyntax,
		"postgres://app:1/c?r=t@db/":                    errSyntax,
		"postgres://app:s3%zz@db/":                      errSyntax,
		"postgres://app:s3cret@db:pg/":                  errSyntax,
		"postgres://app:s3cret@[::1/":                   errSyntax,
		"postgres://app@db/x?s3cret":                    errSyntax,
		"host=db password='s3cret''":                    errSyntax,
		"postgres://app@db?connect_timeout=s3cret":      errSyntax,
		"postgres://app@db?target_session_attrs=s3cret": errSyntax,
		"postgres://app@db?sslmode=s3cret":              errSSLMode,
		"postgres://app@db?sslmode=no-verify":           errSSLMode,
		"postgres://app@db?service=s3cret":              errService,
	} {
		t.Run(s, func(t *testing.T) {
			_, err := Parse(s, Options{})
			require.ErrorIs(t, err, want)
			var local *LocalError
			assert.False(t, errors.As(err, &local), "the string is wrong, not this machine")
			for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
				assert.NotContains(t, fmt.Sprintf(verb, err), "s3")
			}
		})
	}
}

// Everything pgx would read on this machine is set to something it must not say.
func TestParseHeedsTheStringAlone(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".pgpass"), []byte("*:*:*:*:leaked\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(home, ".postgresql"), 0o700))
	for _, name := range []string{"root.crt", "postgresql.crt", "postgresql.key"} {
		require.NoError(t, os.WriteFile(filepath.Join(home, ".postgresql", name), []byte("leaked"), 0o600))
	}
	t.Setenv("HOME", home)
	for name, value := range map[string]string{
		"PGHOST": "leaked", "PGPORT": "1", "PGDATABASE": "leaked", "PGUSER": "leaked", "PGPASSWORD": "leaked",
		"PGPASSFILE": filepath.Join(home, ".pgpass"), "PGAPPNAME": "leaked", "PGCONNECT_TIMEOUT": "1",
		"PGSSLMODE": "disable", "PGSSLKEY": "leaked", "PGSSLCERT": "leaked", "PGSSLCERTMODE": "require", "PGSSLSNI": "0",
		"PGSSLROOTCERT": "leaked", "PGSSLPASSWORD": "leaked", "PGSSLNEGOTIATION": "direct",
		"PGTARGETSESSIONATTRS": "read-only", "PGSERVICEFILE": "leaked", "PGTZ": "leaked", "PGOPTIONS": "leaked",
		"PGMINPROTOCOLVERSION": "3.2", "PGMAXPROTOCOLVERSION": "3.2", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none",
	} {
		t.Setenv(name, value)
	}
	for _, s := range []string{"postgres://db.example", "host=db.example", "postgres:///?host=db.example"} {
		got, err := Parse(s, Options{})
		require.NoError(t, err)

		assert.Equal(t, target("", "", Prefer, Host{"db.example", 5432}), facts(got))
		assert.GreaterOrEqual(t, len(got.Ignored), 24)
		assert.Contains(t, got.Ignored, "PGUSER")
		way := got.servers[0].ways[0]
		assert.Empty(t, way.Password)
		assert.Equal(t, map[string]string{"application_name": "smoke-verify"}, way.RuntimeParams)
		assert.Zero(t, way.ConnectTimeout)
		assert.Nil(t, way.ValidateConnect)
		assert.Nil(t, got.roots)
		assert.Empty(t, way.TLSConfig.Certificates)
		assert.Equal(t, "db.example", way.TLSConfig.ServerName)
		assert.Equal(t, []string{"allow", "", "3.0", "3.0", "prefer", ""}, []string{
			way.SSLCertMode, way.SSLNegotiation, way.MinProtocolVersion, way.MaxProtocolVersion, way.ChannelBinding, way.RequireAuth})
	}

	t.Setenv("PGSERVICE", "leaked")
	_, err := Parse("postgres://db.example", Options{})
	requireLocal(t, err)
}

func TestParseSendsOnlyWhatPoolersAccept(t *testing.T) {
	got, err := Parse("postgres://db.example?options=project%3Dp1&search_path=a&application_name=shop&pool_max_conns=3", Options{})

	require.NoError(t, err)
	assert.Equal(t, map[string]string{"application_name": "smoke-verify", "options": "project=p1"}, got.servers[0].ways[0].RuntimeParams)
}

func TestParseCAFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "rds.pem")
	ours := writeAuthority(t)
	broken := filepath.Join(t.TempDir(), "broken.pem")
	require.NoError(t, os.WriteFile(broken, []byte("no PEM"), 0o600))

	for _, form := range []string{"postgres://app:pw@db/shop?sslmode=require&sslrootcert=%s", "host=db sslmode=require sslrootcert='%s'"} {
		_, err := Parse(fmt.Sprintf(form, missing), Options{})
		requireLocal(t, err)
		assert.NotContains(t, err.Error(), missing)

		_, err = Parse(fmt.Sprintf(form, broken), Options{})
		requireLocal(t, err)

		replaced, err := Parse(fmt.Sprintf(form, missing), Options{CAFile: ours})
		require.NoError(t, err)
		assert.True(t, replaced.NamesCA)
		assert.Equal(t, VerifyCA, replaced.Mode, "require with a CA file verifies the chain")

		own, err := Parse(fmt.Sprintf(form, ours), Options{})
		require.NoError(t, err)
		assert.True(t, own.NamesCA)
		assert.Equal(t, VerifyCA, own.Mode)
	}

	for _, unreadable := range []string{missing, broken} {
		_, err := Parse("postgres://app:pw@db/shop", Options{CAFile: unreadable})
		requireLocal(t, err)
	}

	added, err := Parse("postgres://app:pw@db/shop?sslmode=require", Options{CAFile: ours})
	require.NoError(t, err)
	assert.Equal(t, Require, added.Mode, "the stack's own mode stays")
	assert.True(t, added.NamesCA)

	system, err := Parse("postgres://app:pw@db/shop?sslrootcert=system", Options{CAFile: ours})
	require.NoError(t, err)
	assert.Equal(t, VerifyFull, system.Mode)
}

func TestTargetPrintsNoPassword(t *testing.T) {
	got, err := Parse("postgres://app:s3cret@a,[::1]:1/shop", Options{})
	require.NoError(t, err)

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		assert.Equal(t, "a:5432,[::1]:1", fmt.Sprintf(verb, got))
	}
}

func TestHostTellsWhereItIs(t *testing.T) {
	for name, loopback := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "10.0.0.1": false, "db.example": false, "/tmp": false,
	} {
		assert.Equal(t, loopback, Host{Name: name}.Loopback(), name)
	}
	assert.True(t, Host{Name: "/cloudsql/p:r:i"}.Socket())
	assert.Equal(t, "/cloudsql/p:r:i", Host{Name: "/cloudsql/p:r:i", Port: 5432}.String())
}

func TestModeVerifies(t *testing.T) {
	for mode, want := range map[Mode][2]bool{
		Disable: {false, false}, Allow: {false, false}, Prefer: {false, false},
		Require: {true, false}, VerifyCA: {true, true}, VerifyFull: {true, true},
	} {
		assert.Equal(t, want, [2]bool{mode.Encrypts(), mode.Verifies()}, mode)
	}
}

// An error of Parse is one of a fixed set, so it holds nothing of its input.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"postgres://app:s3cret@db.example:5432/shop?sslmode=require", "host=db password='s3 cret'", "postgres://a:b@[::1]:1,c:2/d",
		"postgres://app:s3/cret@db", "postgres:///x?host=/cloudsql/p:r:i&sslrootcert=/nowhere", "jdbc:postgresql://db", "a=b\x00",
	} {
		f.Add(seed)
	}
	known := []error{errEmpty, errMasked, errJDBC, errNoURL, errSyntax, errHost, errSSLMode, errService, errTLSFile, errRootCert}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s, Options{})
		if err == nil {
			assert.NotEmpty(t, got.Hosts)
			assert.NotContains(t, got.subject(), "\n")
			return
		}
		var local *LocalError
		if errors.As(err, &local) {
			err = local.err
		}
		assert.Contains(t, known, err)
		assert.NotContains(t, err.Error(), "\n")
	})
}

// Whatever a password holds, percent-encoded it arrives whole and alone.
func FuzzParsePassword(f *testing.F) {
	for _, seed := range []string{`@/%+"& ?#:[]=`, "é\n", "'", `\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if strings.ContainsRune(password, 0) {
			t.Skip("no password of PostgreSQL holds a NUL")
		}
		s := "postgres://app:" + strings.ReplaceAll(url.QueryEscape(password), "+", "%20") + "@db.example/shop"

		got, err := Parse(s, Options{})

		require.NoError(t, err)
		assert.Equal(t, password, got.servers[0].ways[0].Password)
		assert.Equal(t, target("app", "shop", Prefer, Host{"db.example", 5432}), facts(got))
	})
}

// target is the exported part of a Target.
func target(user, database string, mode Mode, hosts ...Host) Target {
	return Target{Hosts: hosts, Database: database, User: user, Mode: mode}
}

func facts(t *Target) Target { return target(t.User, t.Database, t.Mode, t.Hosts...) }

func writeAuthority(t *testing.T) (path string) {
	t.Helper()
	authority, err := ca.New("authority of " + t.Name())
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, authority.PEM(), 0o600))
	return path
}

func requireLocal(t *testing.T, err error) {
	t.Helper()
	var local *LocalError
	require.ErrorAs(t, err, &local)
	assert.Equal(t, "missing-input", local.Inconclusive())
}
