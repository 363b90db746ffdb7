package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Identity is what a server says of itself and of the session.
type Identity struct {
	Version         string // such as "15.18 (Debian 15.18-0+deb12u1)"
	VersionNumber   int    // such as 150018
	InRecovery      bool   // a standby, which takes no writes
	DefaultReadOnly bool   // refuses writes unless told otherwise; providers set it when the disk is full
	Role            string // whose rights the session has
	ReadsAllStats   bool   // whether the role sees what others' sessions do
	TLS             string // protocol, such as "TLSv1.3"; "none" in plain text; empty when the server does not say
	Cipher          string // empty unless TLS
	RoundTrip       time.Duration
}

// Behind a pooler TLS is that of the server's side.
const identify = `
SELECT current_setting('server_version'),
       current_setting('server_version_num')::int,
       pg_is_in_recovery(),
       current_setting('default_transaction_read_only')::bool,
       current_user::text,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
       coalesce(CASE WHEN ssl THEN version WHEN NOT ssl THEN 'none' END, ''),
       coalesce(cipher, '')
FROM (SELECT pg_backend_pid() AS pid) self LEFT JOIN pg_stat_ssl USING (pid)`

// Identify asks the server who it is. RoundTrip is the time of that one query,
// the connection being open.
func (s *Session) Identify(ctx context.Context) (Identity, error) {
	var id Identity
	err := s.ask(ctx, func(ctx context.Context, tx pgx.Tx) error {
		start := time.Now()
		err := tx.QueryRow(ctx, identify).Scan(&id.Version, &id.VersionNumber, &id.InRecovery, &id.DefaultReadOnly,
			&id.Role, &id.ReadsAllStats, &id.TLS, &id.Cipher)
		id.RoundTrip = time.Since(start)
		return err
	})
	return id, err
}
