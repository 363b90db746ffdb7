package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Replication is what a server that takes writes knows of those that follow.
type Replication struct {
	InRecovery bool // the server follows itself; it was asked no more
	Aurora     bool // whose readers share the storage, and stream nothing
	SeesAll    bool // whether the role sees how far standbys are
	Standbys   []Standby
	Slots      []Slot
}

// Standby is a server that follows.
type Standby struct {
	Name  string
	State string         // such as "streaming"; empty: unknown to the role that asks
	Lag   *time.Duration // nil: unknown
}

// Lags tells whether the standby is known to be further behind than limit.
func (s Standby) Lags(limit time.Duration) bool { return s.Lag != nil && *s.Lag > limit }

func (s Standby) String() string {
	lag := "behind by an unknown time"
	if s.Lag != nil {
		lag = s.Lag.String() + " behind"
	}
	return join(lag, s.State)
}

// Slot keeps what one follower has not confirmed yet.
type Slot struct {
	Name   string
	Active bool   // the follower is connected
	Status string // such as "reserved", "extended", "unreserved", "lost"; empty: keeps nothing yet
	Held   int64  // bytes of log kept for it on disk
}

func (s Slot) String() string {
	use := "not in use"
	if s.Active {
		use = "in use"
	}
	return join(use, s.Status, fmt.Sprintf("holds %.1f MiB of log", float64(s.Held)/(1<<20)))
}

const primary = `
SELECT pg_is_in_recovery(), to_regproc('aurora_version') IS NOT NULL, pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')`

const slots = `
SELECT slot_name::text, active, coalesce(wal_status, ''),
       coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, 0)
FROM pg_replication_slots ORDER BY 4 DESC, 1`

// A standby that has caught up reports no lag once it has told so. Backups take
// the log too, and follow nothing.
const standbys = `
SELECT coalesce(nullif(application_name, ''), host(client_addr), pid::text),
       coalesce(state, ''),
       CASE WHEN replay_lag IS NOT NULL THEN (extract(epoch FROM replay_lag) * 1000)::bigint
            WHEN replay_lsn >= pg_current_wal_flush_lsn() THEN 0 END
FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' ORDER BY 1`

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora_replica_status.html
const auroraReaders = `
SELECT server_id::text, '', replica_lag_in_msec::bigint
FROM aurora_replica_status() WHERE session_id <> 'MASTER_SESSION_ID' ORDER BY 1`

// Replication asks who follows the server and how far behind.
func (s *Session) Replication(ctx context.Context) (Replication, error) {
	var r Replication
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if err := tx.QueryRow(ctx, primary).Scan(&r.InRecovery, &r.Aurora, &r.SeesAll); err != nil || r.InRecovery {
			return err
		}
		if r.Slots, err = list(ctx, tx, pgx.RowToStructByPos[Slot], slots); err != nil {
			return err
		}
		followers := standbys
		if r.Aurora {
			followers = auroraReaders
		}
		r.Standbys, err = list(ctx, tx, scanStandby, followers)
		return err
	})
	return r, err
}

func scanStandby(row pgx.CollectableRow) (s Standby, err error) {
	var lag *int64
	err = row.Scan(&s.Name, &s.State, &lag)
	s.Lag = optional(lag)
	return s, err
}
