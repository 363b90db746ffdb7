package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Stage is how far a question got before it failed.
type Stage string

// The stages in the order in which a question passes them.
const (
	StageResolve     Stage = "resolve"     // the name has no address
	StageConnect     Stage = "connect"     // nothing accepts the connection
	StageTLS         Stage = "tls"         // no TLS is spoken, or the handshake broke
	StageCertificate Stage = "certificate" // chain or host name is not trusted
	StageExpiry      Stage = "expiry"      // trusted, but only at another time
	StageRequest     Stage = "request"     // the question could not be sent
	StageAnswer      Stage = "answer"      // no answer, or not a whole one
)

// Error is a question that got no answer. Its text is one line and holds no
// userinfo and no query of a URL.
type Error struct {
	Subject string // what was asked: host:port, or a URL
	Stage   Stage
	Err     error
}

func (e *Error) Error() string {
	why := strings.TrimPrefix(e.Err.Error(), string(e.Stage)+": ") // crypto/tls says it too
	line := fmt.Sprintf("asking %s: %s: %s", e.Subject, e.Stage, why)
	return strings.NewReplacer("\r\n", "; ", "\n", "; ", "\r", "; ").Replace(line)
}

func (e *Error) Unwrap() error { return e.Err }

// Silence is the cause of a question given up because nobody answered for this
// long. It is a finding about the peer, unlike the end of the caller's context,
// and is an [os.ErrDeadlineExceeded].
type Silence time.Duration

func (s Silence) Error() string { return "no answer within " + time.Duration(s).String() }

func (s Silence) Unwrap() error { return os.ErrDeadlineExceeded }

// Unfinished is an answer that began and did not end.
type Unfinished struct {
	Status int // zero when the headers were not whole
	Body   int // bytes of the body that came
	Err    error
}

func (u *Unfinished) Error() string {
	why := u.Err.Error()
	if silence, ok := u.Err.(Silence); ok {
		why = "not whole within " + time.Duration(silence).String()
	}
	if u.Status == 0 {
		return "the answer began, then: " + why
	}
	return fmt.Sprintf("status %d and %d bytes of the body, then: %s", u.Status, u.Body, why)
}

func (u *Unfinished) Unwrap() error { return u.Err }

// Limit bounds ctx by the patience of one question. When that runs out first,
// the cause of the returned context is [Silence]; otherwise it is ctx's own.
func Limit(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, Silence(patience))
}

// Fail describes err, met at stage while asking subject under ctx. When ctx has
// ended, its cause is what failed, in whatever words err says so. When err
// holds an [*Error] already, that one's stage and reason stay.
func Fail(ctx context.Context, subject string, stage Stage, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		stage, err = known.Stage, known.Err
	}
	if ended(ctx) {
		err = context.Cause(ctx)
	}
	return &Error{Subject: subject, Stage: stage, Err: reason(err)}
}

// ended tells whether ctx has ended. Sockets are given its deadline and notice
// it a moment before the context itself does.
func ended(ctx context.Context) bool {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}
