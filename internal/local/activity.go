package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// tooManyConnections and uniqueViolation are SQLSTATEs:
	// https://www.postgresql.org/docs/current/errcodes-appendix.html
	tooManyConnections = "53300"
	uniqueViolation    = "23505"
	// pollInterval is the pause between two looks at whether a fault has set in.
	pollInterval = 20 * time.Millisecond
)

// client opens a session of the app, which lasts as long as the stack, and has
// it run statements.
func (s *Stack) client(ctx context.Context, application string, statements ...string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(s.databaseURL())
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = application
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s.releases = append(s.releases, func() error { return conn.Close(context.Background()) })
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return conn, nil
}

// begin sends a statement that does not end before the stack does.
func (s *Stack) begin(conn *pgx.Conn, statement string) {
	ctx, cut := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = conn.Exec(ctx, statement)
	}()
	s.releases = append(s.releases, func() error {
		cut()
		<-ended
		return nil
	})
}

// await asks the server until its answer is true.
func (s *Stack) await(ctx context.Context, condition string) error {
	conn, err := s.database.Connect(ctx, appDatabase)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	for {
		var met bool
		if err := conn.QueryRow(ctx, "SELECT "+condition).Scan(&met); err != nil || met {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// takeSlots opens sessions of the app until the server has no more for it, and
// gives a few back.
func takeSlots(free int) func(context.Context, *Stack) error {
	return func(ctx context.Context, s *Stack) error {
		var taken []*pgx.Conn
		for {
			conn, err := s.client(ctx, "orders")
			var refused *pgconn.PgError
			if errors.As(err, &refused) && refused.Code == tooManyConnections {
				break
			}
			if err != nil {
				return err
			}
			taken = append(taken, conn)
		}
		kept := len(taken) - free
		for _, conn := range taken[kept:] {
			if err := conn.Close(ctx); err != nil {
				return err
			}
		}
		return s.await(ctx, fmt.Sprintf("count(*) = %d FROM pg_stat_activity WHERE usename = '%s'", kept, appRole))
	}
}

// The faults below last until the thresholds that they lower are passed.

func leaveTransactionOpen(ctx context.Context, s *Stack) error {
	if _, err := s.client(ctx, "orders", "BEGIN", "SELECT FROM customer WHERE id = 1 FOR UPDATE"); err != nil {
		return err
	}
	return s.await(ctx, "count(*) = 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND clock_timestamp() - xact_start > '1s'")
}

func runForHours(ctx context.Context, s *Stack) error {
	conn, err := s.client(ctx, "reports")
	if err != nil {
		return err
	}
	s.begin(conn, "SELECT count(*), pg_sleep(7200) FROM purchase WHERE cents > 100")
	return s.await(ctx, "count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%FROM purchase%' AND state = 'active' AND clock_timestamp() - query_start > '1s' AND pid <> pg_backend_pid()")
}

// chainLocks has one session hold up a second, and that one a third.
func chainLocks(ctx context.Context, s *Stack) error {
	if _, err := s.client(ctx, "psql", "BEGIN", "UPDATE customer SET email = email WHERE id = 1"); err != nil {
		return err
	}
	second, err := s.client(ctx, "orders", "BEGIN", "UPDATE customer SET email = email WHERE id = 2")
	if err != nil {
		return err
	}
	third, err := s.client(ctx, "invoices")
	if err != nil {
		return err
	}
	s.begin(second, "UPDATE customer SET email = email WHERE id = 1")
	s.begin(third, "UPDATE customer SET email = email WHERE id = 2")
	return s.await(ctx, "count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND clock_timestamp() - query_start > '1s'")
}

// failToIndex fails where a migration would: the customers have bought more
// than once.
func failToIndex(ctx context.Context, s *Stack) error {
	err := s.database.Exec(ctx, appDatabase, "CREATE UNIQUE INDEX CONCURRENTLY purchase_once ON purchase (customer)")
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == uniqueViolation {
		return nil
	}
	return errors.Join(errors.New("the index could be built"), err)
}

func leaveSlotBehind(ctx context.Context, s *Stack) error {
	return s.database.Exec(ctx, appDatabase, `
		SELECT pg_create_physical_replication_slot('old_replica', true);
		SELECT pg_logical_emit_message(false, 'fault', repeat('x', 2 * 1024 * 1024))`)
}

// useTransactions lets the oldest transaction grow old.
func useTransactions(ctx context.Context, s *Stack) error {
	return s.database.Exec(ctx, appDatabase, `
		DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$`)
}

func blindMonitor(ctx context.Context, s *Stack) error {
	return s.database.Exec(ctx, "postgres", "REVOKE pg_read_all_stats FROM "+monitorRole)
}
