package postgres

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSessionTakesTurns(t *testing.T) {
	session := open(t, lent(t).target(t, ""))
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			id, err := session.Identify(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "app", id.Role)
		})
	}
	asking.Wait()
}

func TestSessionWritesNothingAndLeavesNothing(t *testing.T) {
	d := lent(t)
	session := open(t, d.target(t, ""))

	var settings [3]string
	err := session.ask(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		const sql = `SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('application_name')`
		return tx.QueryRow(ctx, sql).Scan(&settings[0], &settings[1], &settings[2])
	})
	require.NoError(t, err)
	assert.Equal(t, [3]string{"5s", "2s", "smoke-verify"}, settings)

	err = session.ask(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE written ()`)
		return err
	})
	requireStage(t, StageQuery, err)
	requireCode(t, "25006", err)

	var after string
	require.NoError(t, session.conn.QueryRow(t.Context(), `SHOW statement_timeout`).Scan(&after))
	assert.Equal(t, "0", after)
}

// The server ends a slow question, and the session lives on.
func TestSessionOutlivesASlowQuestion(t *testing.T) {
	session := open(t, lent(t).target(t, ""))
	before := session.conn

	err := session.ask(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)`)
		return err
	})
	requireStage(t, StageQuery, err)
	requireCode(t, "57014", err)

	_, err = session.Identify(t.Context())
	require.NoError(t, err)
	assert.Same(t, before, session.conn)
}

func TestSessionReopensALostConnection(t *testing.T) {
	d := start(t)
	session := open(t, d.target(t, ""))
	d.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`)

	_, err := session.Identify(t.Context())
	requireStage(t, StageQuery, err)
	_, err = session.Identify(t.Context())
	require.NoError(t, err)

	require.NoError(t, d.Stop())
	_, err = session.Identify(t.Context())
	requireStage(t, StageQuery, err)
	_, err = session.Identify(t.Context())
	requireStage(t, "connect", err)
}

func TestSessionEndsWithTheCaller(t *testing.T) {
	session := open(t, lent(t).target(t, ""))
	budget := errors.New("P0 budget of 10s spent")

	asked, cancel := context.WithCancelCause(t.Context())
	err := session.ask(asked, func(ctx context.Context, tx pgx.Tx) error {
		time.AfterFunc(10*time.Millisecond, func() { cancel(budget) })
		_, err := tx.Exec(ctx, `SELECT pg_sleep(60)`)
		return err
	})
	requireStage(t, StageQuery, err)
	assert.ErrorIs(t, err, context.Cause(asked))
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)

	_, err = session.Identify(t.Context())
	require.NoError(t, err, "one page's end is not another's")
}

func TestSessionWaitsForItsTurnNoLongerThanTheCaller(t *testing.T) {
	session := open(t, lent(t).target(t, ""))
	require.NoError(t, session.take(t.Context()))
	budget := errors.New("P0 budget of 10s spent")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(budget)

	_, err := session.Identify(ctx)
	requireStage(t, StageQuery, err)
	assert.ErrorIs(t, err, budget)
	assert.ErrorIs(t, session.Close(ctx), budget)
	session.leave()
}
