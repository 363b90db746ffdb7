package postgres

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestActivityShowsWhoWorks(t *testing.T) {
	d := start(t)
	watched := d.monitor(t)
	idle, aborted, busy := d.client(t, "psql"), d.client(t, "psql"), d.client(t, "orders")
	d.client(t, "resting")
	busy.begin(t, `SELECT pg_sleep(60), 'secret', 7`)
	idle.run(t, `BEGIN; SELECT 'secret'`)
	aborted.run(t, `BEGIN`)
	_, err := aborted.Exec(t.Context(), `SELECT 1/0`)
	require.Error(t, err)

	var a Activity
	require.Eventually(t, func() bool {
		a, err = watched.Activity(t.Context())
		return assert.NoError(t, err) && len(a.Running(0)) == 1
	}, 10*time.Second, 10*time.Millisecond)

	assert.True(t, a.SeesAll)
	assert.Equal(t, "monitor", a.Role)
	require.Len(t, a.Backends, 3, "neither the idle one nor ourselves: %v", a.Backends)
	running := a.Running(0)[0]
	assert.Equal(t, fmt.Sprintf("pid %d (active, orders, app)", busy.pid()), running.String())
	assert.Equal(t, "SELECT pg_sleep(?), '…', ?", running.Text)
	assert.Equal(t, "Timeout: PgSleep", running.Wait)
	assert.Equal(t, "postgres", running.Database)
	assert.Equal(t, "127.0.0.1", running.Client)
	assert.Positive(t, running.Query)
	assert.Positive(t, running.Transaction)
	assert.Equal(t, []int{idle.pid()}, pids(a.IdleInTransaction(0)))

	assert.Empty(t, a.IdleInTransaction(time.Hour))
	assert.Empty(t, a.Running(time.Hour))
}

func TestActivityIsHiddenFromAPlainRole(t *testing.T) {
	d := start(t)
	d.exec(t, `CREATE ROLE other LOGIN PASSWORD '`+password+`'`)
	own := d.client(t, "psql")
	own.run(t, `BEGIN`)
	d.clientOf(t, "other", "psql").run(t, `BEGIN`)

	a, err := open(t, d.target(t, "")).Activity(t.Context())

	require.NoError(t, err)
	assert.False(t, a.SeesAll)
	assert.Equal(t, "app", a.Role)
	assert.Equal(t, []int{own.pid()}, pids(a.IdleInTransaction(0)))
}

func TestWhoWaitsForALockRunsNothing(t *testing.T) {
	a := Activity{Backends: []Backend{
		{PID: 1, State: "active", Wait: "Lock: transactionid", Query: time.Hour},
		{PID: 2, State: "active", Wait: "IO: DataFileRead", Query: time.Minute},
		{PID: 3, State: "active", Query: time.Hour},
	}}
	assert.Equal(t, []int{3, 2}, pids(a.Running(time.Second)))
}

// client is a session of somebody else.
type client struct{ *pgx.Conn }

func (d database) client(t *testing.T, application string) client {
	t.Helper()
	return d.clientOf(t, "app", application)
}

func (d database) clientOf(t *testing.T, role, application string) client {
	t.Helper()
	u := d.URL(role, password, "postgres")
	u.RawQuery = url.Values{"application_name": {application}}.Encode()
	conn, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return client{conn}
}

func (c client) pid() int { return int(c.PgConn().PID()) }

func (c client) run(t *testing.T, sql string) {
	t.Helper()
	_, err := c.PgConn().Exec(t.Context(), sql).ReadAll()
	require.NoError(t, err)
}

// begin sends a statement that does not end before the test does.
func (c client) begin(t *testing.T, sql string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.PgConn().Exec(ctx, sql).ReadAll()
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

// monitor is a session of a role that sees what others do.
func (d database) monitor(t *testing.T) *Session {
	t.Helper()
	d.exec(t, `CREATE ROLE monitor LOGIN PASSWORD '`+password+`'; GRANT pg_read_all_stats TO monitor`)
	return open(t, d.of(t, "monitor"))
}

func (d database) of(t *testing.T, role string) *Target {
	t.Helper()
	target, err := Parse(d.URL(role, password, "postgres").String(), Options{CAFile: d.caFile})
	require.NoError(t, err)
	return target
}

func pids(backends []Backend) []int {
	var found []int
	for _, b := range backends {
		found = append(found, b.PID)
	}
	return found
}

// version is the server's major version.
func (d database) version(t *testing.T) int {
	t.Helper()
	var digits int
	for digits < len(d.Version) && d.Version[digits] >= '0' && d.Version[digits] <= '9' {
		digits++
	}
	major, err := strconv.Atoi(d.Version[:digits])
	require.NoError(t, err, d.Version)
	return major
}
