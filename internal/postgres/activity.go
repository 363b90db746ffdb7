package postgres

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Activity is what clients do on the whole server at one moment.
type Activity struct {
	Role     string    // who asked
	SeesAll  bool      // whether the role sees what others' sessions do; if not, those are missing
	Backends []Backend // with a query or a transaction under way, the oldest transaction first; none of this package
}

// activity leaves out idle sessions, of which there may be many.
const activity = `
SELECT` + backend + `
FROM pg_stat_activity a
WHERE a.backend_type = 'client backend' AND a.state IS DISTINCT FROM 'idle' AND a.application_name <> '` + ApplicationName + `'
ORDER BY a.xact_start`

const sight = `SELECT current_user::text, pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')`

// Activity asks what clients do. A role without pg_read_all_stats sees its own
// sessions alone.
func (s *Session) Activity(ctx context.Context) (Activity, error) {
	var a Activity
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if err := tx.QueryRow(ctx, sight).Scan(&a.Role, &a.SeesAll); err != nil {
			return err
		}
		a.Backends, err = list(ctx, tx, func(row pgx.CollectableRow) (b Backend, err error) {
			return b, b.scan(row)
		}, activity)
		return err
	})
	return a, err
}

// IdleInTransaction is who sits idle in a transaction that is older than age,
// the oldest first. One that has failed holds nothing any more.
func (a Activity) IdleInTransaction(age time.Duration) []Backend {
	return a.only(func(b Backend) bool {
		return b.State == "idle in transaction" && b.Transaction > age
	})
}

// Running is whose query is older than age, the oldest first. Who waits for a
// lock runs nothing.
func (a Activity) Running(age time.Duration) []Backend {
	running := a.only(func(b Backend) bool {
		return b.State == "active" && b.Query > age && !strings.HasPrefix(b.Wait, "Lock: ")
	})
	slices.SortFunc(running, func(x, y Backend) int { return cmp.Compare(y.Query, x.Query) })
	return running
}

func (a Activity) only(holds func(Backend) bool) []Backend {
	return slices.DeleteFunc(slices.Clone(a.Backends), func(b Backend) bool { return !holds(b) })
}
