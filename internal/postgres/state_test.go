package postgres

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSizesOfWhatTheRoleMayKnow(t *testing.T) {
	d := start(t)
	d.exec(t, `CREATE TABLE "Large" AS SELECT n, repeat('x', 100) AS x FROM generate_series(1, 10000) n; CREATE TABLE small (); CREATE TABLE empty ()`)
	d.exec(t, `CREATE DATABASE closed`)
	d.exec(t, `REVOKE CONNECT ON DATABASE closed FROM PUBLIC`)

	sizes, err := open(t, d.target(t, "")).Sizes(t.Context())

	require.NoError(t, err)
	assert.Equal(t, Size{"closed", -1}, sizes.Databases[len(sizes.Databases)-1])
	assert.Equal(t, "postgres", sizes.Databases[0].Name)
	assert.Greater(t, sizes.Databases[0].Bytes, sizes.Tables[0].Bytes)
	assert.Equal(t, `"Large"`, sizes.Tables[0].Name)
	assert.Greater(t, sizes.Tables[0].Bytes, int64(1<<20))
	assert.Equal(t, []Size{{"empty", 0}, {"small", 0}}, sizes.Tables[1:])

	sizes, err = d.monitor(t).Sizes(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(sizes.Databases, func(s Size) bool { return s.Name == "closed" })
	assert.Positive(t, sizes.Databases[i].Bytes)
}

func TestAgesGrowWithTransactions(t *testing.T) {
	d := start(t)
	session := open(t, d.target(t, ""))
	before, err := session.Ages(t.Context())
	require.NoError(t, err)
	require.Len(t, before, 3)

	d.exec(t, `CREATE TABLE t (id int); INSERT INTO t VALUES (1)`)
	d.exec(t, consume)
	// Two holders of one row's lock make a multixact.
	for range 2 {
		d.exec(t, `GRANT ALL ON t TO app`)
		c := d.client(t, "psql")
		c.run(t, `BEGIN; SELECT FROM t FOR KEY SHARE`)
	}

	after, err := session.Ages(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, after[0].Transactions, before[0].Transactions+1000)
	assert.Greater(t, after[0].Multixacts, before[0].Multixacts)
	assert.Equal(t, after[0].Transactions, after[0].Oldest())
	assert.Equal(t, int64(7), Age{Transactions: 1, Multixacts: 7}.Oldest())
}

// consume uses up transactions.
const consume = `DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$`

func TestInvalidIndexes(t *testing.T) {
	d := start(t)
	session := open(t, d.target(t, ""))
	d.exec(t, `CREATE TABLE customer (email text); INSERT INTO customer VALUES ('a'), ('a'); CREATE INDEX ON customer (email)`)
	found, err := session.InvalidIndexes(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)

	require.ErrorContains(t, d.Exec(t.Context(), "postgres", `CREATE UNIQUE INDEX CONCURRENTLY "Once" ON customer (email)`), "23505")
	found, err = session.InvalidIndexes(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Index{{Name: `"Once"`, Table: "customer"}}, found)

	// It waits for the transactions that may write without knowing it.
	d.exec(t, `DROP INDEX "Once"; GRANT ALL ON customer TO app`)
	d.client(t, "psql").run(t, `BEGIN; LOCK TABLE customer IN ROW EXCLUSIVE MODE`)
	super, err := d.Connect(t.Context(), "postgres")
	require.NoError(t, err)
	t.Cleanup(func() { super.Close(context.Background()) })
	client{super}.begin(t, `CREATE INDEX CONCURRENTLY twice ON customer (email)`)
	require.Eventually(t, func() bool {
		found, err = session.InvalidIndexes(t.Context())
		return assert.NoError(t, err) && len(found) > 0
	}, 10*time.Second, 10*time.Millisecond)
	assert.True(t, found[0].Building)
}
