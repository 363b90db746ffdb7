package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Index is an index that serves no query.
type Index struct {
	Name, Table string
	Building    bool // somebody is at work on it
}

// Who builds an index without stopping writes holds a lock on its table
// throughout. Any role may see both.
const invalidIndexes = `
SELECT indexrelid::regclass::text,
       indrelid::regclass::text,
       EXISTS (SELECT FROM pg_stat_progress_create_index JOIN pg_locks USING (pid)
               WHERE relation = indrelid AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND mode = 'ShareUpdateExclusiveLock' AND granted)
FROM pg_index WHERE NOT indisvalid ORDER BY 1`

// InvalidIndexes asks for the indexes of the session's own database that serve
// no query, such as a failed CREATE INDEX CONCURRENTLY leaves behind.
func (s *Session) InvalidIndexes(ctx context.Context) ([]Index, error) {
	var found []Index
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		found, err = list(ctx, tx, pgx.RowToStructByPos[Index], invalidIndexes)
		return err
	})
	return found, err
}
