package gcpcloud

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/googleapi"
)

const (
	// attempts and firstPause give a busy API about 3 s in all. Its quotas are
	// counted by the minute, so that more patience helps only a run that has a
	// minute to spend.
	attempts   = 6
	firstPause = 100 * time.Millisecond
)

// ask puts a question until it is answered, as long as it is refused for
// asking too often or for a passing weakness of the server, and ctx leaves
// time. The error is a *cloud.Error.
func ask[T any](ctx context.Context, action, subject string, question func() (T, error)) (T, error) {
	var refused error
	for n := 1; ; n++ {
		answer, err := question()
		if err == nil {
			return answer, nil
		}
		if refused != nil && ctx.Err() != nil {
			return answer, failed(ctx, action, subject, refused)
		}
		if n == attempts || !passing(err) || !pause(ctx, firstPause<<(n-1)) {
			return answer, failed(ctx, action, subject, err)
		}
		refused = err
	}
}

// passing reports whether err may be gone with the next attempt.
func passing(err error) bool {
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Code {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return kindOfAnswer(answer) == cloud.Throttled
}

// pause waits between half of d and d. It reports false, at once, when ctx
// would end first: what was refused last is worth more than a deadline.
func pause(ctx context.Context, d time.Duration) bool {
	d = d/2 + rand.N(d/2)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
