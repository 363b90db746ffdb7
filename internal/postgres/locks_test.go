package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLocksTellWhoHoldsUpAChain(t *testing.T) {
	d := start(t)
	watched, plain := d.monitor(t), open(t, d.target(t, ""))
	d.exec(t, `CREATE TABLE customer (id int); CREATE TABLE purchase (id int); GRANT ALL ON customer, purchase TO PUBLIC; CREATE ROLE other LOGIN PASSWORD '`+password+`'`)
	first, second, third := d.clientOf(t, "other", "psql"), d.clientOf(t, "other", "orders"), d.clientOf(t, "other", "invoices")
	first.run(t, `BEGIN; LOCK TABLE customer`)
	second.run(t, `BEGIN; LOCK TABLE purchase`)
	second.begin(t, `SELECT 'secret' FROM customer`)
	third.begin(t, `SELECT 'secret' FROM purchase`)

	l := awaitLocks(t, watched, 2)

	blocker := l.Blockers[0]
	assert.Len(t, l.Blockers, 1)
	assert.Equal(t, first.pid(), blocker.PID)
	assert.Equal(t, 2, blocker.Waiting)
	assert.Equal(t, "idle in transaction", blocker.State)
	assert.Equal(t, "psql", blocker.Application)
	assert.Equal(t, l.Waits[0].Waited, blocker.Longest)
	for _, w := range l.Waits {
		assert.Positive(t, w.Waited)
		assert.Equal(t, "Lock: relation", w.Wait)
		assert.Contains(t, w.Text, "SELECT '…' FROM")
		assert.Equal(t, map[int][]int{second.pid(): {first.pid()}, third.pid(): {second.pid()}}[w.PID], w.For)
	}

	seen := awaitLocks(t, plain, 2)
	assert.Equal(t, first.pid(), seen.Blockers[0].PID)
	assert.Equal(t, 2, seen.Blockers[0].Waiting)
	assert.Empty(t, seen.Blockers[0].State)
	if d.version(t) < 14 {
		assert.Negative(t, seen.Waits[0].Waited)
	} else {
		assert.Positive(t, seen.Waits[0].Waited)
	}
	assert.Empty(t, seen.Waits[0].Text)
}

func TestLocksOfAPreparedTransaction(t *testing.T) {
	d := start(t)
	require.NoError(t, d.Configure(t.Context(), "max_prepared_transactions", "1"))
	require.NoError(t, d.Restart(t.Context()))
	d.exec(t, `CREATE TABLE customer (id int); GRANT ALL ON customer TO app`)
	d.client(t, "psql").run(t, `BEGIN; LOCK TABLE customer; PREPARE TRANSACTION 'forgotten'`)
	d.client(t, "orders").begin(t, `SELECT FROM customer`)

	l := awaitLocks(t, d.monitor(t), 1)

	assert.Equal(t, []int{0}, l.Waits[0].For)
	require.Len(t, l.Blockers, 1)
	assert.Equal(t, "a prepared transaction", l.Blockers[0].String())
}

func TestNobodyWaits(t *testing.T) {
	l, err := open(t, lent(t).target(t, "")).Locks(t.Context())
	require.NoError(t, err)
	assert.Empty(t, l)
}

func TestQueuesOfADeadlock(t *testing.T) {
	l := queues([]LockWait{
		{Backend: Backend{PID: 1}, For: []int{2}}, {Backend: Backend{PID: 2}, For: []int{1}}, {Backend: Backend{PID: 3}},
	})
	assert.Len(t, l.Waits, 2)
	assert.Empty(t, l.Blockers)
}

func TestQueuesOfSeveralBlockers(t *testing.T) {
	l := queues([]LockWait{
		{Backend: Backend{PID: 1}},
		{Backend: Backend{PID: 2}, For: []int{1, 9}, Waited: time.Second},
		{Backend: Backend{PID: 3}, For: []int{2, 9}, Waited: time.Minute},
		{Backend: Backend{PID: 4}, For: []int{9}, Waited: time.Hour},
	})
	assert.Equal(t, []Blocker{
		{Backend: Backend{PID: 9}, Waiting: 3, Longest: time.Hour},
		{Backend: Backend{PID: 1}, Waiting: 2, Longest: time.Minute},
	}, l.Blockers)
}

// awaitLocks asks until so many wait, for a measurable time.
func awaitLocks(t *testing.T, s *Session, waits int) (l Locks) {
	t.Helper()
	require.Eventually(t, func() (settled bool) {
		var err error
		l, err = s.Locks(t.Context())
		return assert.NoError(t, err) && len(l.Waits) == waits && l.Waits[waits-1].Waited != 0
	}, 10*time.Second, 10*time.Millisecond)
	return l
}

func TestLocksNameTheOneThatMostWaitFor(t *testing.T) {
	blocker := Backend{PID: 4711, State: "idle in transaction", Application: "psql", User: "app"}
	one := Locks{Blockers: []Blocker{{Backend: blocker, Waiting: 1, Longest: 95 * time.Second}}}
	assert.Equal(t, "pid 4711 (idle in transaction, psql, app) holds a lock that 1 session waits for, since up to 1m35s", one.String())
	one.Blockers[0].Waiting = 3
	assert.Contains(t, one.String(), "a lock that 3 sessions wait for")
	assert.Equal(t, "2 sessions wait for one another", Locks{Waits: make([]LockWait, 2)}.String())

	l := Locks{Waits: []LockWait{{Waited: time.Minute}, {Waited: time.Second}, {Waited: -time.Millisecond}}}
	assert.Equal(t, []LockWait{{Waited: time.Minute}}, l.Longer(time.Second))
}
