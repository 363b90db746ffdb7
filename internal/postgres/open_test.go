package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"runbook/internal/ca"
	"runbook/internal/pgserver"
	"runbook/internal/probe"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const password = `p@s/s%+"&`

// database is a real server with a role like an application's.
type database struct {
	*pgserver.Server
	authority *ca.Authority
	caFile    string
}

// start makes a server for a test that changes it.
func start(t *testing.T) database {
	t.Helper()
	d, err := newDatabase(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Stop()) })
	return d
}

// lent is the one server of the tests that leave it as it is.
func lent(t *testing.T) database {
	t.Helper()
	d, err := common()
	require.NoError(t, err)
	return d
}

var (
	common    = sync.OnceValues(func() (d database, err error) { commonOne, err = newDatabase(commonDir); return commonOne, err })
	commonOne database
	commonDir string
)

func TestMain(m *testing.M) {
	var err error
	if commonDir, err = os.MkdirTemp("", "postgres-test"); err != nil {
		panic(err)
	}
	status := m.Run()
	if commonOne.Server != nil && commonOne.Stop() != nil {
		status = 1
	}
	os.RemoveAll(commonDir)
	os.Exit(status)
}

func newDatabase(dir string) (database, error) {
	authority, err := ca.New("authority")
	if err != nil {
		return database{}, err
	}
	pair, err := authority.Issue(ca.Request{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		return database{}, err
	}
	d := database{authority: authority, caFile: filepath.Join(dir, "ca.pem")}
	if err := os.WriteFile(d.caFile, authority.PEM(), 0o600); err != nil {
		return database{}, err
	}
	if d.Server, err = pgserver.Start(context.Background(), pgserver.Options{TLS: pair}); err != nil {
		return database{}, err
	}
	return d, d.Exec(context.Background(), "postgres", `CREATE ROLE app LOGIN PASSWORD '`+password+`'`)
}

func (d database) issue(t *testing.T, r ca.Request) ca.Pair {
	t.Helper()
	pair, err := d.authority.Issue(r)
	require.NoError(t, err)
	return pair
}

func (d database) exec(t *testing.T, sql string) {
	t.Helper()
	require.NoError(t, d.Exec(t.Context(), "postgres", sql))
}

// target is what the stack says of the server, with query in its URL.
func (d database) target(t *testing.T, query string) *Target {
	t.Helper()
	return d.as(t, password, "postgres", query)
}

func (d database) as(t *testing.T, password, name, query string) *Target {
	t.Helper()
	u := d.URL("app", password, name)
	u.RawQuery = query
	target, err := Parse(u.String(), Options{CAFile: d.caFile})
	require.NoError(t, err)
	return target
}

func TestOpenAndIdentify(t *testing.T) {
	d := start(t)
	for query, tls := range map[string]string{
		"sslmode=disable": "none", "sslmode=allow": "none", "": "TLSv1.3", "sslmode=require": "TLSv1.3",
		"sslmode=verify-ca": "TLSv1.3", "sslmode=verify-full": "TLSv1.3",
	} {
		session := open(t, d.target(t, query))

		id, err := session.Identify(t.Context())

		require.NoError(t, err)
		assert.Equal(t, tls, id.TLS, query)
		assert.Equal(t, tls != "none", id.Cipher != "")
		assert.Contains(t, id.Version, d.Version)
		assert.Equal(t, "app", id.Role)
		assert.GreaterOrEqual(t, id.VersionNumber, 120000)
		assert.False(t, id.InRecovery || id.DefaultReadOnly || id.ReadsAllStats)
		assert.Positive(t, id.RoundTrip)
	}

	d.exec(t, `ALTER ROLE app SET default_transaction_read_only = on; GRANT pg_read_all_stats TO app`)
	id, err := open(t, d.target(t, "")).Identify(t.Context())
	require.NoError(t, err)
	assert.True(t, id.DefaultReadOnly && id.ReadsAllStats)

	require.NoError(t, d.Standby(t.Context()))
	id, err = open(t, d.target(t, "")).Identify(t.Context())
	require.NoError(t, err)
	assert.True(t, id.InRecovery)
}

func TestOpenStagesOfARealServer(t *testing.T) {
	d := start(t)
	d.exec(t, `CREATE DATABASE closed`)
	d.exec(t, `REVOKE CONNECT ON DATABASE closed FROM PUBLIC`)
	for name, c := range map[string]struct {
		target *Target
		stage  probe.Stage
		code   string
	}{
		"wrong password":   {d.as(t, "s3cret", "postgres", ""), StageAuthentication, "28P01"},
		"no password":      {d.as(t, "", "postgres", ""), StageAuthentication, "28P01"},
		"unknown database": {d.as(t, password, "nowhere", ""), StageAuthentication, "3D000"},
		"no CONNECT":       {d.as(t, password, "closed", ""), StageAuthentication, "42501"},
		"no user":          {parsed(t, "postgres://127.0.0.1:"+d.port()+"/postgres"), StageAuthentication, "28000"},
		"unknown setting":  {d.target(t, "options=-c%20nosuch%3D1"), probe.StageAnswer, "42704"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.target.Open(t.Context())

			requireStage(t, c.stage, err)
			requireCode(t, c.code, err)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}

// RDS with forced TLS answers a plain connection like this.
func TestOpenWithoutAnEntryInHBA(t *testing.T) {
	d := start(t)
	rows := "host all administrator 127.0.0.1/32 scram-sha-256\nhostssl all app 127.0.0.1/32 scram-sha-256\n"
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "data", "pg_hba.conf"), []byte(rows), 0o600))
	require.NoError(t, d.Reload(t.Context()))

	_, err := d.target(t, "sslmode=disable").Open(t.Context())

	requireStage(t, StageAuthentication, err)
	requireCode(t, "28000", err)
	assert.ErrorContains(t, err, "no pg_hba.conf entry")
	open(t, d.target(t, "sslmode=allow"))
}

func TestOpenOutOfSlots(t *testing.T) {
	d := start(t)
	d.exec(t, `ALTER ROLE app CONNECTION LIMIT 1`)
	open(t, d.target(t, ""))

	_, err := d.target(t, "").Open(t.Context())

	requireStage(t, StageSlots, err)
	requireCode(t, "53300", err)
	assert.EqualError(t, err, "asking 127.0.0.1:"+d.port()+": slots: FATAL: too many connections for role \"app\" (SQLSTATE 53300)",
		"said twice with sslmode=prefer, told once")
}

func TestOpenJudgesTheCertificateByTheMode(t *testing.T) {
	d := start(t)
	day := 24 * time.Hour
	stranger, err := ca.New("stranger")
	require.NoError(t, err)
	foreign, err := stranger.Issue(ca.Request{Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	expired := d.issue(t, ca.Request{Hosts: []string{"127.0.0.1"}, NotBefore: time.Now().Add(-2 * day), NotAfter: time.Now().Add(-day)})

	for _, c := range []struct {
		name                     string
		shown                    ca.Pair
		require, verCA, verFull  probe.Stage
		trustedChain, namedRight bool
	}{
		{"good", d.issue(t, ca.Request{Hosts: []string{"127.0.0.1"}}), "", "", "", true, true},
		{"other host", d.issue(t, ca.Request{Hosts: []string{"db.example"}}), "", "", probe.StageCertificate, true, false},
		{"unknown authority", foreign, "", probe.StageCertificate, probe.StageCertificate, false, false},
		{"expired", expired, "", probe.StageExpiry, probe.StageExpiry, true, true},
	} {
		require.NoError(t, d.SetCertificate(t.Context(), c.shown))
		for mode, want := range map[string]probe.Stage{"require": c.require, "verify-ca": c.verCA, "verify-full": c.verFull} {
			t.Run(c.name+" "+mode, func(t *testing.T) {
				target := d.target(t, "sslmode="+mode)
				session, err := target.Open(t.Context())
				if want == "" {
					require.NoError(t, err)
					require.NoError(t, session.Close(t.Context()))
				} else {
					requireStage(t, want, err)
				}

				hands, err := target.Handshake(t.Context())

				require.NoError(t, err, "seen whatever it is")
				require.Len(t, hands, 1)
				assert.Equal(t, "TLS 1.3", hands[0].Version)
				assert.Equal(t, c.trustedChain, hands[0].Chain == nil, "%v", hands[0].Chain)
				assert.Equal(t, c.namedRight, hands[0].Name == nil, "%v", hands[0].Name)
				assert.Equal(t, c.name == "expired", hands[0].Certificate.Remaining(time.Now()) < 0)
			})
		}
	}
}

func TestServerWithoutTLS(t *testing.T) {
	d := start(t)
	require.NoError(t, d.Configure(t.Context(), "ssl", "off"))

	_, err := d.target(t, "sslmode=require").Open(t.Context())
	requireStage(t, probe.StageTLS, err)

	id, err := open(t, d.target(t, "")).Identify(t.Context())
	require.NoError(t, err, "prefer falls back")
	assert.Equal(t, "none", id.TLS)

	_, err = d.target(t, "").Handshake(t.Context())
	requireStage(t, probe.StageTLS, err)
	assert.ErrorIs(t, err, ErrNoTLS)

	_, err = d.as(t, "wrong", "postgres", "").Open(t.Context())
	requireStage(t, StageAuthentication, err)
	assert.ErrorContains(t, err, "tls: server refused TLS connection; authentication: FATAL", "both attempts are told")
}

// What PgBouncer 1.18 was seen to answer.
func TestOpenStagesOfAPooler(t *testing.T) {
	for message, want := range map[string]probe.Stage{
		"SASL authentication failed":                    StageAuthentication,
		"no such database: nosuch":                      StageAuthentication,
		`database "ghost" does not exist`:               StageAuthentication,
		"no more connections allowed (max_client_conn)": StageSlots,
		"unsupported startup parameter: options":        probe.StageAnswer,
	} {
		verdict := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: message}

		_, err := parsed(t, "postgres://app@"+peer(t, refuse(t, verdict))+"?sslmode=disable").Open(t.Context())

		requireStage(t, want, err)
		assert.ErrorContains(t, err, message)
	}
}

// Credentials that were refused are not offered to the next host.
func TestOpenGivesUpOnRefusedCredentials(t *testing.T) {
	verdict := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: "password authentication failed"}
	first := peer(t, refuse(t, verdict))
	second := peer(t, func(net.Conn) { t.Error("asked after the first refused") })

	_, err := parsed(t, "postgres://app@"+first+","+second+"?sslmode=disable").Open(t.Context())

	requireStage(t, StageAuthentication, err)
}

func TestOpenTriesEveryHost(t *testing.T) {
	d := start(t)
	closed := closedPort(t)
	u := d.URL("app", password, "postgres")
	u.Host = closed + "," + u.Host
	target := parsed(t, u.String())

	open(t, target)

	d.exec(t, `ALTER ROLE app NOLOGIN`)
	_, err := target.Open(t.Context())
	requireStage(t, StageAuthentication, err)
	assert.ErrorContains(t, err, closed+": connect: connection refused; 127.0.0.1:"+d.port()+": authentication: FATAL")
}

// A standby that target_session_attrs rules out is passed over.
func TestOpenHeedsTheSessionAttributes(t *testing.T) {
	d := lent(t)

	_, err := d.target(t, "target_session_attrs=read-only").Open(t.Context())

	failed := requireStage(t, probe.StageAnswer, err)
	assert.ErrorIs(t, failed, pgconn.ErrReadWriteConnection)
	open(t, d.target(t, "target_session_attrs=prefer-standby"))
}

func TestOpenStages(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		stage   probe.Stage
	}{
		"unknown name":        {"no-such-host.invalid", probe.StageResolve},
		"refused":             {closedPort(t), probe.StageConnect},
		"silent":              {peer(t, func(net.Conn) {}) + "?sslmode=require", probe.StageTLS},
		"silent in plain":     {peer(t, func(net.Conn) {}) + "?sslmode=disable", probe.StageAnswer},
		"silent after S":      {peer(t, say("S")) + "?sslmode=require", probe.StageTLS},
		"closes":              {peer(t, func(c net.Conn) { c.Close() }) + "?sslmode=disable", probe.StageAnswer},
		"garbage instead TLS": {peer(t, say("SHTTP/1.1 400 Bad Request\r\n\r\n")) + "?sslmode=require", probe.StageTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := parsed(t, "postgres://app:s3cret@"+c.address)

			_, err := target.connect(t.Context(), time.Second)

			requireStage(t, c.stage, err)
			assert.NotContains(t, err.Error(), "s3cret")
			silent := strings.HasPrefix(name, "silent")
			assert.Equal(t, silent, errors.Is(err, os.ErrDeadlineExceeded), "%v", err)
		})
	}
}

func TestHandshakeStages(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		text    string
		stage   probe.Stage
	}{
		"refused":  {closedPort(t), "connection refused", probe.StageConnect},
		"no":       {peer(t, say("N")), "refuses TLS", probe.StageTLS},
		"error":    {peer(t, say("E")), "with an error", probe.StageTLS},
		"not ours": {peer(t, say("HTTP/1.1 400 Bad Request\r\n\r\n")), "'H'", probe.StageTLS},
		"closes":   {peer(t, func(c net.Conn) { c.Close() }), "", probe.StageTLS},
		"garbage":  {peer(t, say("Sgarbage")), "", probe.StageTLS},
		"socket":   {"/x?host=/nowhere", "unix socket", probe.StageTLS},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parsed(t, "postgres://app@"+c.address).Handshake(t.Context())

			requireStage(t, c.stage, err)
			assert.ErrorContains(t, err, c.text)
		})
	}
}

func TestHandshakeReportsEachHost(t *testing.T) {
	d := lent(t)
	u := d.URL("app", password, "postgres")
	closed := closedPort(t)
	u.Host = closed + "," + u.Host

	hands, err := parsed(t, u.String()).Handshake(t.Context())

	require.Len(t, hands, 1)
	assert.Equal(t, "127.0.0.1:"+d.port(), hands[0].Host.String())
	failed := requireStage(t, probe.StageConnect, err)
	assert.Equal(t, closed, failed.Subject)
}

// A stack may ask for TLS at once; servers before 17 do not know that.
func TestHandshakeWithoutAsking(t *testing.T) {
	authority, err := ca.New("direct")
	require.NoError(t, err)
	pair, err := authority.Issue(ca.Request{Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	address := peer(t, serveTLS(t, pair))

	hands, err := parsed(t, "postgres://app@"+address+"?sslnegotiation=direct").Handshake(t.Context())

	require.NoError(t, err)
	assert.Equal(t, "CN=127.0.0.1", hands[0].Certificate.Subject)
}

func TestQuestionsEndWithTheCaller(t *testing.T) {
	budget := errors.New("P0 budget of 10s spent")
	for name, ask := range map[string]func(context.Context, *Target) error{
		"handshake": func(ctx context.Context, t *Target) error { _, err := t.Handshake(ctx); return err },
		"open":      func(ctx context.Context, t *Target) error { _, err := t.Open(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			address := peer(t, func(c net.Conn) {
				c.Read(make([]byte, 8))
				cancel(budget)
			})

			err := ask(ctx, parsed(t, "postgres://app@"+address))

			requireStage(t, probe.StageTLS, err)
			assert.ErrorIs(t, err, context.Cause(ctx))
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the peer is not to blame")
		})
	}
}

// A server says 57P03 for the seconds of its start.
func TestOpenWaitsForAServerThatIsStarting(t *testing.T) {
	verdict := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"}
	target := parsed(t, "postgres://app@"+peer(t, refuse(t, verdict))+"?sslmode=disable")

	_, err := target.connect(t.Context(), time.Second)
	requireStage(t, StageStarting, err)
	requireCode(t, "57P03", err)
	assert.ErrorContains(t, err, "still after 1s")

	budget := errors.New("P0 budget of 1s spent")
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, budget)
	defer cancel()
	_, err = target.Open(ctx)
	requireStage(t, StageStarting, err)
	requireCode(t, "57P03", err)
	assert.ErrorIs(t, err, budget)
}

func TestOpenOutlastsTheStart(t *testing.T) {
	d := lent(t)
	verdict := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"}
	var asked atomic.Int32
	u := d.URL("app", password, "postgres")
	real := u.Host
	u.Host = peer(t, func(conn net.Conn) {
		if asked.Add(1) < 3 {
			refuse(t, verdict)(conn)
			return
		}
		forward(t, conn, real)
	})
	u.RawQuery = "sslmode=disable"

	open(t, parsed(t, u.String()))

	assert.EqualValues(t, 3, asked.Load())
}

// A real server answers 57P03 too while it shuts down and a session lingers.
func TestOpenToAServerThatShutsDown(t *testing.T) {
	d := start(t)
	lingering, err := d.Connect(t.Context(), "postgres")
	require.NoError(t, err)
	shutDown(t, d)
	target := d.target(t, "")

	require.Eventually(t, func() bool {
		_, err := target.connect(t.Context(), time.Second)
		var failed *probe.Error
		return errors.As(err, &failed) && failed.Stage == StageStarting
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, lingering.Close(t.Context()))
}

// shutDown asks the server to end once its sessions have.
func shutDown(t *testing.T, d database) {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(d.Dir, "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(lines), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGTERM))
}

func open(t *testing.T, target *Target) *Session {
	t.Helper()
	session, err := target.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { session.Close(context.Background()) })
	return session
}

func parsed(t *testing.T, s string) *Target {
	t.Helper()
	target, err := Parse(s, Options{})
	require.NoError(t, err)
	return target
}

func (d database) port() string { return strconv.Itoa(d.Port) }

func requireStage(t *testing.T, want probe.Stage, err error) *probe.Error {
	t.Helper()
	var failed *probe.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, want, failed.Stage, "%v", err)
	assert.NotContains(t, err.Error(), "\n")
	return failed
}

func requireCode(t *testing.T, want string, err error) {
	t.Helper()
	var verdict *pgconn.PgError
	require.ErrorAs(t, err, &verdict)
	assert.Equal(t, want, verdict.Code)
}
