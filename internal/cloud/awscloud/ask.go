package awscloud

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// AWS refills its request buckets every second, so that waits need not grow
	// beyond a few of them.
	firstPause, longestPause = 100 * time.Millisecond, 2 * time.Second
	// Ends the retrying for callers who set no deadline: some 12 seconds.
	throttleAttempts = 10
	// A service that fails so often in a row is broken, not unlucky.
	faultAttempts = 3
)

// once puts one request, and names what was asked in the error, which is
// always a *cloud.Error.
func once[T any](ctx context.Context, c *Client, action, subject string, request func(context.Context) (T, error)) (T, error) {
	var none T
	failed := func(kind cloud.Kind, err error) error {
		return &cloud.Error{Action: action, Subject: subject, Kind: kind, Err: err}
	}
	switch {
	case ctx.Err() != nil:
		return none, failed(cloud.OutOfTime, ctx.Err())
	case c.config.Region == "":
		return none, failed(cloud.NotConfigured, errors.New("no region, want AWS_REGION"))
	}
	if err := c.credential(); err != nil {
		return none, failed(cloud.NoCredentials, brief(err))
	}
	out, err := request(ctx)
	if err != nil {
		return none, failed(kindOf(ctx, err), brief(err))
	}
	return out, nil
}

// ask does as once does, again when that may help.
func ask[T any](ctx context.Context, c *Client, action, subject string, request func(context.Context) (T, error)) (T, error) {
	var throttled error
	for attempt := 1; ; attempt++ {
		out, err := once(ctx, c, action, subject, request)
		kind := cloud.KindOf(err)
		switch {
		case kind == cloud.Throttled:
			throttled = err
		case kind == cloud.OutOfTime && throttled != nil:
			return out, throttled
		}
		if err == nil || !worthRepeating(kind, err, attempt) || !pause(ctx, attempt) {
			return out, err
		}
	}
}

func worthRepeating(kind cloud.Kind, err error, attempt int) bool {
	if kind == cloud.Throttled {
		return attempt < throttleAttempts
	}
	var answer interface{ HTTPStatusCode() int }
	fault := errors.As(err, &answer) && answer.HTTPStatusCode() >= 500
	cut := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
	return (fault || cut) && attempt < faultAttempts
}

// pause waits before the next attempt. It is false when there will be no time
// for one.
func pause(ctx context.Context, attempt int) bool {
	delay := min(firstPause<<(attempt-1), longestPause)
	delay = delay/2 + rand.N(delay/2)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= delay {
		return false
	}
	select {
	case <-time.After(delay):
		return true
	case <-ctx.Done():
		return false
	}
}

var throttles = retry.IsErrorThrottles(retry.DefaultThrottles)

func kindOf(ctx context.Context, err error) cloud.Kind {
	var answer smithy.APIError
	var unsent *smithyhttp.RequestSendError
	switch {
	case throttles.IsErrorThrottle(err).Bool():
		return cloud.Throttled
	case errors.As(err, &answer):
		return kindOfCode(answer.ErrorCode())
	case ctx.Err() != nil:
		return cloud.OutOfTime
	case errors.As(err, &unsent):
		return cloud.Unreachable
	}
	return cloud.Other
}

func kindOfCode(code string) cloud.Kind {
	switch strings.TrimSuffix(code, "Exception") {
	case "AccessDenied", "UnauthorizedOperation":
		return cloud.NoPermission
	case "MissingAuthenticationToken", "UnrecognizedClient", "InvalidClientTokenId", "AuthFailure", "ExpiredToken",
		"RequestExpired", "SignatureDoesNotMatch", "InvalidSignature", "IncompleteSignature", "RequestTimeTooSkewed":
		return cloud.NoCredentials
	case "OptInRequired", "SubscriptionRequired":
		return cloud.NotEnabled
	}
	if strings.Contains(code, "NotFound") {
		return cloud.NotFound
	}
	return cloud.Other
}

// words is an error in the provider's own words: the SDK wraps them in the
// names of its layers.
type words struct {
	error
	text string
}

func (w words) Error() string { return w.text }
func (w words) Unwrap() error { return w.error }

func brief(err error) error {
	var answer smithy.APIError
	var unsent *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &answer):
		return words{err, answer.ErrorCode() + ": " + answer.ErrorMessage()}
	case errors.As(err, &unsent):
		return words{err, unsent.Err.Error()}
	}
	return err
}
