package postgres

import (
	"context"
	"time"

	"runbook/internal/probe"

	"github.com/jackc/pgx/v5"
)

const (
	// queryPatience lets the server end a slow statement itself, so that the
	// session outlives it and the error says why.
	queryPatience = 6 * time.Second
	// begin is one round trip. SET LOCAL ends with the transaction: behind a
	// pooler a session's settings would stay with whoever comes next.
	begin = "BEGIN READ ONLY; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '2s'"
	// rollbackPatience is for a transaction whose question ran out of time.
	rollbackPatience = time.Second
)

// Session is one connection to a server, shared by all who ask: questions of
// several goroutines take turns.
type Session struct {
	target *Target
	conn   *pgx.Conn     // belongs to who has the turn
	turn   chan struct{} // holds one token while somebody asks
}

// Close ends the session once nobody asks any more.
func (s *Session) Close(ctx context.Context) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.leave()
	return s.conn.Close(ctx)
}

// ask runs a question in a read-only transaction of its own, when its turn
// comes. A connection lost to an earlier question is made again. Errors are
// [*probe.Error].
func (s *Session) ask(ctx context.Context, question func(context.Context, pgx.Tx) error) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.reopen(ctx); err != nil {
		return err
	}
	ctx, cancel := probe.Limit(ctx, queryPatience)
	defer cancel()
	if err := s.transact(ctx, question); err != nil {
		return probe.Fail(ctx, s.target.subject(), StageQuery, err)
	}
	return nil
}

func (s *Session) transact(ctx context.Context, question func(context.Context, pgx.Tx) error) error {
	tx, err := s.conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackPatience)
		defer cancel()
		tx.Rollback(ctx) // nothing was written; a connection that fails here is closed by pgx, and made again
	}()
	return question(ctx, tx)
}

func (s *Session) reopen(ctx context.Context) error {
	if !s.conn.IsClosed() {
		return nil
	}
	conn, err := s.target.connect(ctx, openPatience)
	if err != nil {
		return err
	}
	s.conn = conn
	return nil
}

// take waits for the turn.
func (s *Session) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return probe.Fail(ctx, s.target.subject(), StageQuery, ctx.Err())
	}
}

func (s *Session) leave() { <-s.turn }
