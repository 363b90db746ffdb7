package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"runbook/internal/ca"
	"runbook/internal/pgserver"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReplicationOfAServerWithoutFollowers(t *testing.T) {
	r, err := open(t, lent(t).target(t, "")).Replication(t.Context())
	require.NoError(t, err)
	assert.Empty(t, r.Standbys)
	assert.Empty(t, r.Slots)
	assert.False(t, r.InRecovery || r.Aurora || r.SeesAll)
}

func TestSlotsTellWhatTheyHold(t *testing.T) {
	d := start(t)
	d.exec(t, `SELECT pg_create_physical_replication_slot('left_behind', true), pg_create_physical_replication_slot('unused')`)
	d.exec(t, writeLog)

	r, err := open(t, d.target(t, "")).Replication(t.Context())

	require.NoError(t, err)
	require.Len(t, r.Slots, 2)
	assert.Greater(t, r.Slots[0].Held, int64(1<<20))
	r.Slots[0].Held = 0
	assert.Equal(t, []Slot{{Name: "left_behind", Status: "reserved"}, {Name: "unused"}}, r.Slots)

	require.NoError(t, d.Configure(t.Context(), "max_slot_wal_keep_size", "1MB"))
	for range 4 { // segments, one of which the server keeps in any case
		d.exec(t, writeLog)
		d.exec(t, `SELECT pg_switch_wal()`)
	}
	d.exec(t, `CHECKPOINT`)
	r, err = open(t, d.target(t, "")).Replication(t.Context())
	require.NoError(t, err)
	slots := map[string]string{r.Slots[0].Name: r.Slots[0].Status, r.Slots[1].Name: r.Slots[1].Status}
	assert.Equal(t, map[string]string{"left_behind": "lost", "unused": ""}, slots)
}

// writeLog writes some 7 MB of log.
const writeLog = `CREATE TABLE IF NOT EXISTS log (t text); INSERT INTO log SELECT repeat('x', 100) FROM generate_series(1, 50000)`

func TestStandbyIsSeenFromBothSides(t *testing.T) {
	d := start(t)
	standby := d.follow(t)
	on := open(t, standby.target(t, ""))
	primary := d.monitor(t)

	d.exec(t, writeLog)
	var r Replication
	var f Follower
	require.Eventually(t, func() bool {
		var err error
		r, err = primary.Replication(t.Context())
		require.NoError(t, err)
		f, err = on.Follow(t.Context())
		require.NoError(t, err)
		return len(r.Standbys) == 1 && r.Standbys[0].Lag != nil && *r.Standbys[0].Lag == 0 && f.Lag != nil && *f.Lag == 0
	}, 20*time.Second, 50*time.Millisecond)
	assert.True(t, r.SeesAll)
	assert.Equal(t, "streaming", r.Standbys[0].State)
	assert.Equal(t, "follower", r.Standbys[0].Name)
	assert.True(t, f.InRecovery && f.Receives)
	require.Len(t, r.Slots, 1)
	assert.True(t, r.Slots[0].Active)

	plain, err := open(t, d.target(t, "")).Replication(t.Context())
	require.NoError(t, err)
	assert.False(t, plain.SeesAll)
	assert.Equal(t, []Standby{{Name: "follower"}}, plain.Standbys)

	followed, err := on.Replication(t.Context())
	require.NoError(t, err)
	assert.True(t, followed.InRecovery)

	// Replay that stands still is a lag that grows.
	config := superuser(t, d.Server)
	config.Port = uint16(standby.Port)
	super, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer super.Close(t.Context())
	client{super}.run(t, `SELECT pg_wal_replay_pause()`)
	require.Eventually(t, func() bool {
		d.exec(t, writeLog)
		f, err = on.Follow(t.Context())
		require.NoError(t, err)
		r, err = primary.Replication(t.Context())
		require.NoError(t, err)
		return *f.Lag > 500*time.Millisecond && r.Standbys[0].Lag != nil && *r.Standbys[0].Lag > 500*time.Millisecond
	}, 20*time.Second, 100*time.Millisecond)

	require.NoError(t, d.Halt())
	require.Eventually(t, func() bool {
		f, err = on.Follow(t.Context())
		return assert.NoError(t, err) && !f.Receives
	}, 20*time.Second, 50*time.Millisecond)
}

func TestFollowAServerThatFollowsNobody(t *testing.T) {
	d := start(t)
	f, err := open(t, d.target(t, "")).Follow(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Follower{}, f)

	require.NoError(t, d.Standby(t.Context()))
	f, err = open(t, d.target(t, "")).Follow(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Follower{InRecovery: true}, f)
}

// Aurora's own functions, as its documentation describes them.
func TestAuroraReadersAreAskedOfAurora(t *testing.T) {
	d := start(t)
	d.exec(t, `
		CREATE FUNCTION pg_catalog.aurora_version() RETURNS text LANGUAGE sql AS $$ SELECT '15.4.0' $$;
		CREATE FUNCTION pg_catalog.aurora_replica_status(OUT server_id text, OUT session_id text, OUT replica_lag_in_msec double precision)
		RETURNS SETOF record LANGUAGE sql AS $$ VALUES ('writer', 'MASTER_SESSION_ID', NULL), ('reader-1', 'a', 12.6), ('reader-2', 'b', NULL) $$`)

	r, err := open(t, d.target(t, "")).Replication(t.Context())

	require.NoError(t, err)
	assert.True(t, r.Aurora)
	assert.Equal(t, []Standby{{Name: "reader-1", Lag: new(13 * time.Millisecond)}, {Name: "reader-2"}}, r.Standbys)
}

// follow starts a standby that streams from d, made of a copy of its files.
func (d database) follow(t *testing.T) database {
	t.Helper()
	d.exec(t, `CREATE ROLE follower LOGIN REPLICATION PASSWORD 'follower'; SELECT pg_create_physical_replication_slot('follower')`)
	hba, err := os.OpenFile(filepath.Join(d.Dir, "data", "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = hba.WriteString("host replication follower 127.0.0.1/32 scram-sha-256\n")
	require.NoError(t, err)
	require.NoError(t, hba.Close())
	require.NoError(t, d.Reload(t.Context()))

	settings := map[string]string{
		"primary_conninfo":             "host=127.0.0.1 port=" + d.port() + " user=follower password=follower application_name=follower",
		"primary_slot_name":            "follower",
		"wal_receiver_status_interval": "1s",
	}
	s, err := pgserver.Start(t.Context(), pgserver.Options{TLS: d.issue(t, ca.Request{Hosts: []string{"127.0.0.1"}}), Settings: settings})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	theirs := superuser(t, s)
	require.NoError(t, s.Halt())
	require.NoError(t, d.Halt())
	for _, part := range []string{"base", "global", "pg_xact", "pg_multixact", "pg_wal"} {
		copied := filepath.Join(s.Dir, "data", part)
		require.NoError(t, os.RemoveAll(copied))
		out, err := exec.Command("cp", "-a", filepath.Join(d.Dir, "data", part), copied).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	require.NoError(t, d.Restart(t.Context()))

	// The superuser of the copy is the primary's; s asks for its own until it is let in.
	ours := superuser(t, d.Server)
	primary, err := pgx.ConnectConfig(t.Context(), ours)
	require.NoError(t, err)
	defer primary.Close(t.Context())
	client{primary}.run(t, "ALTER ROLE "+ours.User+" PASSWORD '"+theirs.Password+"'")
	require.NoError(t, s.Standby(t.Context()))
	client{primary}.run(t, "ALTER ROLE "+ours.User+" PASSWORD '"+ours.Password+"'")
	return database{Server: s, authority: d.authority, caFile: d.caFile}
}

func superuser(t *testing.T, s *pgserver.Server) *pgx.ConnConfig {
	t.Helper()
	conn, err := s.Connect(t.Context(), "postgres")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	return conn.Config()
}

func TestReplicationInWords(t *testing.T) {
	assert.Equal(t, "1s behind, streaming", Standby{State: "streaming", Lag: new(time.Second)}.String())
	assert.True(t, Standby{Lag: new(time.Second)}.Lags(time.Millisecond))
	assert.False(t, Standby{Lag: new(time.Second)}.Lags(time.Second))
	assert.False(t, Standby{}.Lags(0))
	assert.Equal(t, "in use, extended, holds 1.5 MiB of log", Slot{Active: true, Status: "extended", Held: 3 << 19}.String())
	assert.Equal(t, "not in use, holds 0.0 MiB of log", Slot{}.String())
}
