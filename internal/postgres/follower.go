package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Follower is what a standby says of itself.
type Follower struct {
	InRecovery bool           // if not, it follows nobody
	Receives   bool           // it is connected to its primary
	Lag        *time.Duration // nil: unknown
}

// A standby that has replayed all it received is up to date, however long ago
// the last transaction was, unless it receives no more.
const follower = `
SELECT pg_is_in_recovery(),
       receives,
       CASE WHEN receives AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint END
FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver) AS receives) receiver`

// Follow asks a standby how far behind it is.
func (s *Session) Follow(ctx context.Context) (Follower, error) {
	var f Follower
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var lag *int64
		err := tx.QueryRow(ctx, follower).Scan(&f.InRecovery, &f.Receives, &lag)
		f.Lag = optional(lag)
		return err
	})
	return f, err
}

func optional(ms *int64) *time.Duration {
	if ms == nil {
		return nil
	}
	return new(milliseconds(*ms))
}
