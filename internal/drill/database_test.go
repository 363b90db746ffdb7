package drill

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/ca"
	"runbook/internal/report"
)

// Pooled by transaction, a session is another one for each question.
func TestVerdictsAreTheSameThroughAPooler(t *testing.T) {
	for _, fault := range []string{
		"", "database-connections-nearly-exhausted", "database-idle-in-transaction", "database-long-query", "database-lock-chain",
		"database-slot-left-behind", "database-near-wraparound", "database-index-invalid", "database-monitor-unprivileged",
	} {
		t.Run("with "+cmp.Or(fault, "no fault"), func(t *testing.T) {
			pgbouncer := needs(t, "pgbouncer")
			if !enter(t, "aws", fault) {
				return
			}
			_, _, direct := pages(t, nil, "-test.run=Database")
			_, _, pooled := pages(t, []string{"STACK_OUTPUTS=" + throughPooler(t, pgbouncer)}, "-test.run=Database")
			assert.Equal(t, verdicts(t, direct), verdicts(t, pooled))
			assert.NotEqual(t, hosts(t, direct), hosts(t, pooled), "the pooler must have been asked")
		})
	}
}

func verdicts(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, p := range results(t, dir) {
		found[p.Name] = strings.TrimSpace(string(p.Verdict) + " " + p.Reason)
	}
	return found
}

// hosts is how each page connected.
func hosts(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, p := range results(t, dir) {
		for _, fact := range p.Facts {
			if fact.Name == "conninfo" {
				found[p.Name] = fact.Value
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

func results(t *testing.T, dir string) []report.Page {
	t.Helper()
	run, err := report.Read(filepath.Join(dir, "reports", "local", "results.json"))
	require.NoError(t, err)
	return run.Pages
}

// throughPooler starts PgBouncer before the stack's database, with TLS on both sides, and
// returns the stack's outputs with it in the database's place.
func throughPooler(t *testing.T, pgbouncer string) (outputs string) {
	t.Helper()
	o := stackOutputs(t)
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711)) // its account is another one
	authority, err := ca.New("pooler's authority")
	require.NoError(t, err)
	pair, err := authority.Issue(ca.Request{Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	port := freePort(t)
	database, err := url.Parse(o["databaseUrl"])
	require.NoError(t, err)
	account := unprivileged(t)
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		if account != nil {
			require.NoError(t, os.Chown(file, int(account.Uid), int(account.Gid)))
		}
		return file
	}
	var users strings.Builder
	for _, output := range []string{"databaseUrl", "databaseMonitorUrl"} {
		u, err := url.Parse(o[output])
		require.NoError(t, err)
		fmt.Fprintf(&users, "%q \"%s\"\n", u.User.Username(), strings.ReplaceAll(password(t, os.Getenv("STACK_OUTPUTS"), output), `"`, `""`))
		u.Host = net.JoinHostPort("127.0.0.1", port)
		u.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {write("client-ca.pem", string(authority.PEM()))}}.Encode()
		o[output] = u.String()
	}
	pooler := exec.Command(pgbouncer, write("pgbouncer.ini", strings.Join([]string{
		"[databases]",
		"* = host=" + database.Hostname() + " port=" + database.Port(),
		"[pgbouncer]",
		"listen_addr = 127.0.0.1",
		"listen_port = " + port,
		"unix_socket_dir =",
		"pool_mode = transaction",
		"auth_type = scram-sha-256",
		"auth_file = " + write("users", users.String()),
		"client_tls_sslmode = require",
		"client_tls_cert_file = " + write("pooler.crt", string(pair.Certificate)),
		"client_tls_key_file = " + write("pooler.key", string(pair.Key)),
		"server_tls_sslmode = verify-full",
		"server_tls_ca_file = " + database.Query().Get("sslrootcert"),
	}, "\n")))
	pooler.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	start(t, port, pooler)
	text, err := json.Marshal(o)
	require.NoError(t, err)
	return string(text)
}

func stackOutputs(t *testing.T) map[string]string {
	t.Helper()
	var o map[string]string
	require.NoError(t, json.Unmarshal([]byte(os.Getenv("STACK_OUTPUTS")), &o))
	return o
}

// needs finds a program that not every machine has.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("this machine has no %s", program)
	}
	return path
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// unprivileged is an account for a server that refuses to be root; nil: this one will do.
func unprivileged(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	require.NoError(t, err)
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// start starts a server and returns when it listens.
func start(t *testing.T, port string, server *exec.Cmd) {
	t.Helper()
	var said strings.Builder
	server.Stdout, server.Stderr = &said, &said
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
}

// However many pages there are, they are few to the database, and its own work is no
// finding.
func TestAWorkingDatabaseIsGreenToFewConnections(t *testing.T) {
	pgbench := needs(t, "pgbench")
	if !enter(t, "aws", "") {
		return
	}
	database := stackOutputs(t)["databaseUrl"]
	u, err := url.Parse(database)
	require.NoError(t, err)
	secret, _ := u.User.Password()
	environment := append(os.Environ(), "PGHOST="+u.Hostname(), "PGPORT="+u.Port(), "PGUSER="+u.User.Username(), "PGPASSWORD="+secret,
		"PGDATABASE="+strings.Trim(u.Path, "/"), "PGSSLMODE=verify-full", "PGSSLROOTCERT="+u.Query().Get("sslrootcert"))
	prepare := exec.Command(pgbench, "--initialize", "--quiet")
	prepare.Env = environment
	out, err := prepare.CombinedOutput()
	require.NoError(t, err, string(out))
	load := exec.Command(pgbench, "--client=8", "--time=600")
	load.Env = environment
	require.NoError(t, load.Start())
	t.Cleanup(func() {
		require.NoError(t, load.Process.Kill())
		_ = load.Wait()
	})
	most, stop := countSessions(t, database)
	defer stop()

	const runs = 10
	for range runs {
		code, out, dir := pages(t, nil)
		require.Equal(t, 0, code, out)
		for page, verdict := range verdicts(t, dir) {
			assert.Contains(t, []string{"passed", "degraded", "not-applicable"}, verdict, page)
		}
	}

	assert.Positive(t, most.Load(), "the sessions must have been seen")
	assert.LessOrEqual(t, most.Load(), int64(3))
}

// countSessions keeps count of the most sessions that the pages have at once.
func countSessions(t *testing.T, database string) (most *atomic.Int64, stop func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	most, ended := new(atomic.Int64), make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			var now int64
			err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'smoke-verify'").Scan(&now)
			if ctx.Err() == nil && assert.NoError(t, err) {
				most.Store(max(most.Load(), now))
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return most, func() {
		cancel()
		<-ended
		_ = conn.Close(context.Background())
	}
}

// Without a monitor, or with one that is not let in, the pages that need it say what to do.
func TestPagesWithoutTheirMonitor(t *testing.T) {
	if !enter(t, "aws", "") {
		return
	}
	blind := map[string]string{
		"TestDatabaseFinishesItsTransactions": "inconclusive no-permission",
		"TestDatabaseRunsNoLongQueries":       "inconclusive no-permission",
	}
	o := stackOutputs(t)
	monitor, err := url.Parse(o["databaseMonitorUrl"])
	require.NoError(t, err)
	delete(o, "databaseMonitorUrl")
	text, err := json.Marshal(o)
	require.NoError(t, err)
	_, _, dir := pages(t, []string{"STACK_OUTPUTS=" + string(text)}, "-test.run=Database")
	assert.Equal(t, blind, red(verdicts(t, dir)))

	monitor.User = url.UserPassword(monitor.User.Username(), "rotated")
	_, _, dir = pages(t, []string{"STACK_DATABASE_MONITOR_URL=" + monitor.String()}, "-test.run=Database")
	blind["TestDatabaseWaitsForNoLocks"] = "inconclusive no-permission"
	blind["TestDatabaseReplicatesInTime"] = "inconclusive no-permission"
	assert.Equal(t, blind, red(verdicts(t, dir)))
}

func red(verdicts map[string]string) map[string]string {
	found := maps.Clone(verdicts)
	maps.DeleteFunc(found, func(_, verdict string) bool {
		return slices.Contains([]string{"passed", "not-applicable"}, verdict)
	})
	return found
}

func TestAReplicaMustFollow(t *testing.T) {
	if !enter(t, "aws", "") {
		return
	}
	const page = "TestDatabaseReplicatesInTime"
	database, err := url.Parse(stackOutputs(t)["databaseUrl"])
	require.NoError(t, err)
	_, out, dir := pages(t, []string{"STACK_DATABASE_REPLICA_URL=" + database.String()}, "-test.run="+page)
	assert.Equal(t, map[string]string{page: "failed"}, red(verdicts(t, dir)))
	assert.Contains(t, out, "it follows nobody and takes writes itself")

	database.Host = net.JoinHostPort("127.0.0.1", freePort(t))
	_, out, dir = pages(t, []string{"STACK_DATABASE_REPLICA_URL=" + database.String()}, "-test.run="+page)
	assert.Equal(t, map[string]string{page: "failed"}, red(verdicts(t, dir)))
	assert.Contains(t, out, "connection refused")
}

func TestWhatIsExpectedToRunLongIsNoFinding(t *testing.T) {
	if !enter(t, "aws", "database-long-query") {
		return
	}
	code, out, _ := pages(t, nil, "-test.run=Database")
	assert.Equal(t, 1, code, out)
	code, out, _ = pages(t, []string{"DATABASE_LONG_RUNNERS=pg_dump, reports"}, "-test.run=Database")
	assert.Equal(t, 0, code, out)
}
