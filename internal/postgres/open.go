package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"runbook/internal/probe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// openPatience bounds opening a session, all hosts and attempts together:
	// below the ten seconds that one who asks usually has, above the time of
	// eight round trips across an ocean and a server short of CPU.
	openPatience = 8 * time.Second
	// startingInterval is the pause before a server that is starting up is
	// asked again, which costs it one fork.
	startingInterval = 250 * time.Millisecond
)

// Open connects with the stack's own credentials and sslmode. Of several hosts
// the first that answers is taken, each having its share of eight seconds; a
// server that is starting up is asked again within it. The caller closes the
// session.
//
// When no host answers, the error tells what each said and carries the stage
// of the one that got furthest. Credentials that were refused are not tried
// again elsewhere: some servers lock an account for that.
func (t *Target) Open(ctx context.Context) (*Session, error) {
	conn, err := t.connect(ctx, openPatience)
	if err != nil {
		return nil, err
	}
	return &Session{target: t, conn: conn, turn: make(chan struct{}, 1)}, nil
}

func (t *Target) connect(ctx context.Context, patience time.Duration) (*pgx.Conn, error) {
	share := patience / time.Duration(len(t.servers))
	var failed []*probe.Error
	for _, s := range t.servers {
		conn, err := s.connect(ctx, share)
		if err == nil {
			return conn, nil
		}
		if failed = append(failed, err); final(err) {
			break
		}
	}
	return nil, furthest(t.subject(), failed)
}

// connect asks one host until it says anything but that it is starting up.
func (s server) connect(ctx context.Context, patience time.Duration) (*pgx.Conn, *probe.Error) {
	ctx, cancel := probe.Limit(ctx, patience)
	defer cancel()
	var starting *probe.Error
	for {
		conn, err := s.once(ctx)
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil && starting != nil:
			return nil, stillStarting(ctx, starting)
		case err.Stage != StageStarting:
			return nil, err
		}
		starting = err
		select {
		case <-ctx.Done():
		case <-time.After(startingInterval):
		}
	}
}

// stillStarting keeps the server's own words beside the end of the wait.
func stillStarting(ctx context.Context, last *probe.Error) *probe.Error {
	err := fmt.Errorf("%w; then: %w", last.Err, context.Cause(ctx))
	var patience probe.Silence
	if errors.As(context.Cause(ctx), &patience) {
		err = fmt.Errorf("%w, still after %s", last.Err, time.Duration(patience))
	}
	return &probe.Error{Subject: last.Subject, Stage: StageStarting, Err: err}
}

// once tries each way to connect to the host.
func (s server) once(ctx context.Context) (*pgx.Conn, *probe.Error) {
	var failed []*probe.Error
	for _, way := range s.ways {
		conn, err := dial(ctx, way, s.String())
		if err == nil {
			return conn, nil
		}
		if failed = append(failed, err); final(err) {
			break
		}
	}
	return nil, furthest(s.String(), failed)
}

// dial makes one connection and notes how far it gets.
func dial(ctx context.Context, config *pgx.ConnConfig, subject string) (*pgx.Conn, *probe.Error) {
	var passed atomic.Int32 // the number of stages; pgx dials again, on its own, to cancel what it gives up
	config = config.Copy()
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) {
		return []string{host}, nil // left to the dialer, which tries every address
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := probe.Dial(ctx, network, address)
		if err == nil {
			passed.CompareAndSwap(0, 1)
		}
		return conn, err
	}
	config.AfterNetConnect = func(ctx context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		if secure, ok := conn.(*tls.Conn); ok {
			if err := secure.HandshakeContext(ctx); err != nil {
				return conn, err
			}
		}
		passed.Store(2)
		return conn, nil
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		at := [...]probe.Stage{probe.StageConnect, probe.StageTLS, probe.StageAnswer}[passed.Load()]
		return nil, probe.Fail(ctx, subject, stageOf(err, at), said(err))
	}
	return conn, nil
}

// said takes from pgx's error what was said, without the configuration it
// carries, which holds the password, and without the address.
func said(err error) error {
	var verdict *pgconn.PgError
	if errors.As(err, &verdict) {
		return verdict
	}
	var failed *pgconn.ConnectError
	if !errors.As(err, &failed) {
		return err
	}
	err = failed.Unwrap()
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		err = joined.Unwrap()[0]
	}
	for range 2 { // the address, then pgx's name for the step
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
	}
	return err
}
