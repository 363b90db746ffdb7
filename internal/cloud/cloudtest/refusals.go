package cloudtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testDenied takes each question's permissions away while the rest stay.
func testDenied(t *testing.T, p Provider) {
	if p.Deny == nil {
		return
	}
	k := know(t, p)

	for _, q := range asked(p) {
		if q == cloud.AskCaller {
			continue // who one is needs no permission
		}
		p.Deny(q)
		err := ask(t.Context(), p.Adapter, q, k)
		if q == cloud.AskFirewall && err == nil {
			continue // known from the instance's own answer
		}
		assertKind(t, cloud.NoPermission, err, p, q)
	}
}

func testDisabled(t *testing.T, p Provider) {
	if p.Disable == nil {
		return
	}
	k := know(t, p)

	for _, q := range asked(p) {
		if !slices.Contains([]cloud.Question{cloud.AskLogs, cloud.AskMetrics, cloud.AskInstance, cloud.AskFunction}, q) {
			continue
		}
		p.Disable(q)
		assertKind(t, cloud.NotEnabled, ask(t.Context(), p.Adapter, q, k), p, q)
	}
}

func testThrottledForAWhile(t *testing.T, p Provider) {
	if p.Throttle == nil {
		return
	}
	k := know(t, p)

	for _, q := range asked(p) {
		p.Throttle(q, 2)
		assert.NoError(t, ask(t.Context(), p.Adapter, q, k), q)
	}
}

// testThrottledForEver shows that retries end with the caller's patience, which
// ends here in the midst of them, and that the reason is told all the same.
func testThrottledForEver(t *testing.T, p Provider) {
	if p.Throttle == nil || p.Actions == nil {
		return
	}
	k := know(t, p)
	p.Throttle(cloud.AskMetrics, -1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := len(p.Actions())
	go func() {
		for len(p.Actions()) < before+2 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()

	err := ask(ctx, p.Adapter, cloud.AskMetrics, k)

	assertKind(t, cloud.Throttled, err, p, cloud.AskMetrics)
	assert.GreaterOrEqual(t, len(p.Actions()), before+2, "asked again")
}

func testNoCredentials(t *testing.T, p Provider) {
	if p.Anonymous == nil {
		return
	}
	k := know(t, p)

	for _, q := range asked(p) {
		err := ask(t.Context(), p.Anonymous, q, k)
		if q == cloud.AskFirewall && err == nil {
			continue // known from the instance's own answer
		}
		assertKind(t, cloud.NoCredentials, err, p, q)
	}
}

func testStopped(t *testing.T, p Provider) {
	if p.Stop == nil {
		return
	}
	p.Show(healthy())
	p.Stop()

	err := ask(t.Context(), p.Adapter, cloud.AskInstance, known{Instance: cloud.Instance{ID: "app-db"}})

	assertKind(t, cloud.Unreachable, err, p, cloud.AskInstance)
}

func testOutOfTime(t *testing.T, p Provider) {
	p.Show(healthy())
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()

	err := ask(ctx, p.Adapter, cloud.AskInstance, known{Instance: cloud.Instance{ID: "app-db"}})

	assertKind(t, cloud.OutOfTime, err, p, cloud.AskInstance)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// testPermissions holds each question to the actions listed for it.
func testPermissions(t *testing.T, p Provider) {
	if p.Actions == nil {
		return
	}
	k := know(t, p)

	for _, q := range asked(p) {
		before := len(p.Actions())
		require.NoError(t, ask(t.Context(), p.Adapter, q, k))
		assert.Subset(t, p.Permissions[q], p.Actions()[before:], q)
	}
}

// asked returns the questions of the suite that the adapter lists permissions
// for. The others not every provider knows, or they do something.
func asked(p Provider) []cloud.Question {
	return slices.DeleteFunc(p.Permissions.Questions(), func(q cloud.Question) bool {
		return slices.Contains([]cloud.Question{cloud.AskPooler, cloud.AskGateway, cloud.AskGatewayLogs, cloud.AskInvoke}, q)
	})
}
