package diag

import (
	"context"
	"fmt"
	"time"
)

const outOfTime = "out-of-time"

// ended is the cause with which a page's or a run's time ends.
type ended struct{ why, reason string }

func (e *ended) Error() string        { return e.why }
func (e *ended) Inconclusive() string { return e.reason }

// pause between two questions is long enough not to add to the load of a service
// that is coming up, and short against any budget.
const pause = time.Second

// Until asks until the answer is right, for what needs time to settle after a
// deploy. An answer that follows a wrong one must be given twice, so that one good
// of two instances is not taken for a recovery, and makes the page degraded.
//
// When the page's time ends first, the error holds both the last wrong answer and
// the end of the budget; it is inconclusive only if no question was answered.
// An error that is inconclusive by itself, and that of a question which another page
// explains, is returned at once.
func (d *D) Until(ask func(context.Context) error) error {
	start := time.Now()
	var last error
	right := 0
	for attempt := 1; ; attempt++ {
		err := ask(d.ctx)
		switch {
		case err == nil:
			if right++; attempt == 1 {
				return nil
			}
		case d.ctx.Err() != nil && last != nil:
			return &unsettled{last: last, end: context.Cause(d.ctx), attempts: attempt - 1}
		case d.inconclusive(err) != "":
			return err
		default:
			last, right = err, 0
		}
		if right == 2 {
			d.Degraded("right only after %s, at attempt %d: %v", time.Since(start).Round(100*time.Millisecond), attempt, last)
			return nil
		}
		select {
		case <-d.ctx.Done():
			return &unsettled{last: last, end: context.Cause(d.ctx), attempts: attempt}
		case <-time.After(pause):
		}
	}
}

// unsettled is a wrong answer that stayed wrong. It does not unwrap to the end of
// the budget, which alone would make the page inconclusive.
type unsettled struct {
	last, end error
	attempts  int
}

func (u *unsettled) Error() string {
	return fmt.Sprintf("%v (still so after %d attempts, %v)", u.last, u.attempts, u.end)
}

func (u *unsettled) Unwrap() error { return u.last }
