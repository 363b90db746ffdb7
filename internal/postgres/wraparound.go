package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Age is how many transactions ago the oldest one was that a database has not
// frozen yet. A server that comes near 2^31 of them stops taking writes.
type Age struct {
	Database     string
	Transactions int64
	Multixacts   int64 // of the groups of transactions that share a row lock, which run out likewise
}

const ages = `
SELECT datname::text, age(datfrozenxid)::bigint, mxid_age(datminmxid)::bigint
FROM pg_database ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC, 1`

// Ages asks how far every database of the server is towards wraparound, the
// oldest first.
func (s *Session) Ages(ctx context.Context) ([]Age, error) {
	var found []Age
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		found, err = list(ctx, tx, pgx.RowToStructByPos[Age], ages)
		return err
	})
	return found, err
}

// Oldest is the larger of the two ages.
func (a Age) Oldest() int64 { return max(a.Transactions, a.Multixacts) }
