package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Sizes is how much the server's databases and the largest tables of the
// session's own take on disk.
type Sizes struct {
	Databases []Size // the largest first, those of unknown size last
	Tables    []Size // at most ten, with their indexes and what is stored out of line
}

// Size is the size of one thing.
type Size struct {
	Name  string
	Bytes int64 // negative: the role may not know
}

// A role that may not connect to a database may not know its size either, and
// is refused the whole question.
const databaseSizes = `
SELECT datname::text,
       CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
            THEN pg_database_size(oid) ELSE -1 END
FROM pg_database ORDER BY 2 DESC, 1`

const tableSizes = `
SELECT c.oid::regclass::text, coalesce(pg_total_relation_size(c.oid), -1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 2 DESC, 1 LIMIT 10`

// Sizes asks how large the databases and tables are.
func (s *Session) Sizes(ctx context.Context) (Sizes, error) {
	var sizes Sizes
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if sizes.Databases, err = list(ctx, tx, pgx.RowToStructByPos[Size], databaseSizes); err != nil {
			return err
		}
		sizes.Tables, err = list(ctx, tx, pgx.RowToStructByPos[Size], tableSizes)
		return err
	})
	return sizes, err
}
