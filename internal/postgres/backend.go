package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backend is a session of a client with the server. What the asking role may
// not see of it is zero.
type Backend struct {
	PID         int
	User        string
	Database    string
	Application string        // what the client calls itself
	Client      string        // its address; empty also on a unix socket
	State       string        // such as "active" or "idle in transaction"
	Wait        string        // such as "Lock: transactionid"; empty also when it waits for nothing
	Transaction time.Duration // age of the open transaction; zero also when there is none
	Query       time.Duration // age of the current query, or of the last one
	Text        string        // of that query, on one line, bounded, its literals masked
}

// String says in one line who it is: "pid 4711 (idle in transaction, psql, app)".
func (b Backend) String() string {
	if known := join(b.State, b.Application, b.User); known != "" {
		return fmt.Sprintf("pid %d (%s)", b.PID, known)
	}
	return fmt.Sprintf("pid %d", b.PID)
}

// join lists the words that are known.
func join(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// backend selects the columns of a Backend from a pg_stat_activity named a.
// Ages are in milliseconds: the text of an interval depends on the role's
// settings.
const backend = `
       a.pid,
       coalesce(a.usename::text, ''),
       coalesce(a.datname::text, ''),
       coalesce(a.application_name, ''),
       coalesce(host(a.client_addr), ''),
       coalesce(a.state, ''),
       coalesce(a.wait_event_type || ': ' || a.wait_event, ''),
       coalesce((extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::bigint, 0),
       coalesce((extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint, 0),
       CASE WHEN a.state IS NULL THEN '' ELSE coalesce(a.query, '') END`

// scan reads the columns of backend, and after them those of more.
func (b *Backend) scan(row pgx.CollectableRow, more ...any) error {
	var transaction, query int64
	columns := []any{&b.PID, &b.User, &b.Database, &b.Application, &b.Client, &b.State, &b.Wait, &transaction, &query, &b.Text}
	if err := row.Scan(append(columns, more...)...); err != nil {
		return err
	}
	b.Transaction, b.Query = milliseconds(transaction), milliseconds(query)
	b.Text = masked(b.Text)
	return nil
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// list collects the rows of one question.
func list[T any](ctx context.Context, tx pgx.Tx, read func(pgx.CollectableRow) (T, error), sql string) ([]T, error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, read)
}
