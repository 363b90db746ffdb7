package postgres

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectionsCountsAgainstEveryLimit(t *testing.T) {
	d := start(t) // of whose 20 slots 3 are the superuser's
	d.exec(t, `CREATE ROLE other LOGIN PASSWORD '`+password+`'; ALTER ROLE app CONNECTION LIMIT 8; ALTER DATABASE postgres CONNECTION LIMIT 10`)
	session := open(t, d.target(t, ""))
	for range 3 {
		d.client(t, "orders")
	}
	d.clientOf(t, "other", "invoices").run(t, `BEGIN`)

	c, err := session.Connections(t.Context())

	require.NoError(t, err)
	assert.Equal(t, []ConnectionLimit{
		{Of: "the server", Taken: 4, Limit: 17},
		{Of: "role app", Taken: 3, Limit: 8},
		{Of: "database postgres", Taken: 4, Limit: 10},
	}, c.Limits)
	assert.Equal(t, []Holder{{"app", "orders", "idle", 3}, {"other", "invoices", "", 1}}, c.Holders)

	c, err = d.monitor(t).Connections(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Holder{"other", "invoices", "idle in transaction", 1}, c.Holders[1])
}

func TestConnectionsReservedForOthersAreNoRoom(t *testing.T) {
	d := start(t)
	want := 17 // of 20, without those of superusers
	if d.version(t) >= 16 {
		require.NoError(t, d.Configure(t.Context(), "reserved_connections", "5"))
		require.NoError(t, d.Restart(t.Context()))
		want = 12
	}

	c, err := open(t, d.target(t, "")).Connections(t.Context())

	require.NoError(t, err)
	assert.Equal(t, want, c.Limits[0].Limit)
}

func TestPercentOfALimit(t *testing.T) {
	assert.InDelta(t, 88.2, ConnectionLimit{Taken: 15, Limit: 17}.Percent(), 0.1)
	assert.InDelta(t, 100, ConnectionLimit{Limit: 0}.Percent(), 0)
}

func TestConnectionsInWords(t *testing.T) {
	assert.Equal(t, "15 of 17 (88 %)", ConnectionLimit{Taken: 15, Limit: 17}.String())
	assert.Equal(t, "nobody", Connections{}.MostBy())
	assert.Equal(t, "app, orders: 14", Connections{Holders: []Holder{{User: "app", Application: "orders", Count: 14}, {User: "b", Count: 1}}}.MostBy())
}
