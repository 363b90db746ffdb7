package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Connections is how many connections are taken, without those of this
// package, and by whom.
type Connections struct {
	Limits  []ConnectionLimit // the server's, then the role's and the database's where they have one
	Holders []Holder          // the largest first
}

// ConnectionLimit is one of the numbers at which connections are refused.
type ConnectionLimit struct {
	Of    string // such as "the server" or "role app"
	Taken int
	Limit int // for ordinary roles: what is reserved for others is taken off
}

// Percent is the share of the limit that is taken.
func (l ConnectionLimit) Percent() float64 {
	if l.Limit <= 0 {
		return 100
	}
	return 100 * float64(l.Taken) / float64(l.Limit)
}

func (l ConnectionLimit) String() string {
	return fmt.Sprintf("%d of %d (%.0f %%)", l.Taken, l.Limit, l.Percent())
}

// MostBy names who holds most of them.
func (c Connections) MostBy() string {
	if len(c.Holders) == 0 {
		return "nobody"
	}
	h := c.Holders[0]
	return fmt.Sprintf("%s: %d", join(h.User, h.Application, h.State), h.Count)
}

// Holder is how many connections clients hold that are alike in this.
type Holder struct {
	User, Application string
	State             string // empty: unknown to the role that asks
	Count             int
}

// taken counts what takes a slot, by columns that every role may see. The type
// of others' backends is not among them: workers have no user or no database.
const taken = `
WITH taken AS (
	SELECT usename, datname, application_name, state
	FROM pg_stat_activity
	WHERE usesysid IS NOT NULL AND datid IS NOT NULL
	  AND coalesce(backend_type, 'client backend') = 'client backend'
	  AND application_name <> '` + ApplicationName + `'
)`

// reserved_connections is there since PostgreSQL 16.
const connectionLimits = taken + `
SELECT 'the server', count(*),
       current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true)::int, 0)
FROM taken
UNION ALL
SELECT 'role ' || rolname, (SELECT count(*) FROM taken WHERE usename = rolname), rolconnlimit
FROM pg_roles WHERE rolname = session_user AND rolconnlimit >= 0
UNION ALL
SELECT 'database ' || datname, (SELECT count(*) FROM taken WHERE taken.datname = pg_database.datname), datconnlimit
FROM pg_database WHERE datname = current_database() AND datconnlimit >= 0`

const connectionHolders = taken + `
SELECT usename::text, application_name, coalesce(state, ''), count(*)
FROM taken GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 20`

// Connections asks how near the server, the role and the database are to
// refusing connections. Any role may know.
func (s *Session) Connections(ctx context.Context) (Connections, error) {
	var c Connections
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if c.Limits, err = list(ctx, tx, pgx.RowToStructByPos[ConnectionLimit], connectionLimits); err != nil {
			return err
		}
		c.Holders, err = list(ctx, tx, pgx.RowToStructByPos[Holder], connectionHolders)
		return err
	})
	return c, err
}
