package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
)

func TestErrorIsOneLine(t *testing.T) {
	refused := errors.New("AccessDenied: User: arn:aws:sts::1:x\nis not authorized")

	err := fmt.Errorf("page: %w", &cloud.Error{
		Action: "rds:DescribeDBInstances", Subject: "app-db", Kind: cloud.NoPermission, Err: refused,
	})

	assert.EqualError(t, err, "page: asking rds:DescribeDBInstances about app-db: no permission: AccessDenied: User: arn:aws:sts::1:x is not authorized")
	assert.ErrorIs(t, err, refused)
	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err))
	assert.Empty(t, cloud.KindOf(refused))
}

func TestOnlyAMissingResourceIsAFinding(t *testing.T) {
	for kind, want := range map[cloud.Kind]string{
		cloud.NotFound:     "",
		cloud.NoPermission: "no-permission",
		cloud.Throttled:    "throttled",
		cloud.Other:        "provider-error",
	} {
		assert.Equal(t, want, (&cloud.Error{Action: "a:B", Kind: kind}).Inconclusive())
	}
}

func TestWorldOpen(t *testing.T) {
	for name, c := range map[string]struct {
		cidrs []string
		open  []string
	}{
		"nobody":            {},
		"everyone":          {[]string{"10.0.0.0/8", "0.0.0.0/0"}, []string{"0.0.0.0/0"}},
		"halves":            {[]string{"0.0.0.0/1", "128.0.0.0/1"}, []string{"0.0.0.0/1", "128.0.0.0/1"}},
		"half":              {[]string{"0.0.0.0/1"}, nil},
		"uneven split":      {[]string{"64.0.0.0/2", "128.0.0.0/1", "0.0.0.0/2"}, []string{"0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"}},
		"a gap":             {[]string{"0.0.0.0/2", "64.0.0.0/3", "128.0.0.0/1"}, nil},
		"every IPv6":        {[]string{"::/0"}, []string{"::/0"}},
		"IPv6 halves":       {[]string{"8000::/1", "::/1"}, []string{"::/1", "8000::/1"}},
		"halves of neither": {[]string{"0.0.0.0/1", "8000::/1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			sources := []cloud.Source{{Rule: "sg-1", Peer: "sg-2"}}
			for _, c := range c.cidrs {
				sources = append(sources, cloud.Source{Rule: "sg-1", CIDR: netip.MustParsePrefix(c)})
			}
			var open []string
			for _, s := range cloud.WorldOpen(sources) {
				open = append(open, s.CIDR.String())
			}
			assert.Equal(t, c.open, open)
		})
	}
}

func TestLevelOf(t *testing.T) {
	for line, want := range map[string]cloud.Level{
		`2026-11-23 10:00:00 UTC:10.0.0.7(51234):app@app:[812]:FATAL:  password authentication failed for user "app"`: cloud.LevelFatal,
		`[812]: [1-1] db=app,user=app ERROR:  relation "orders" does not exist at character 15`:                       cloud.LevelError,
		`2026-11-23 10:00:00 UTC::@:[1]:PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left`:           cloud.LevelPanic,
		`2026-11-23 10:00:00 UTC:10.0.0.7(51234):app@app:[812]:STATEMENT:  select 'ERROR: no'`:                        "",
		`2026-11-23 10:00:00 UTC::@:[1]:LOG:  checkpoint complete`:                                                    "",
		`	ERROR is only a word here`: "",
	} {
		assert.Equal(t, want, cloud.LevelOf(line), line)
	}
}

func TestSeries(t *testing.T) {
	start := time.Unix(0, 0)
	s := cloud.Series{{Time: start, Value: 1}, {Time: start.Add(time.Minute), Value: 3}}

	assert.InDelta(t, 2, s.Mean(), 0)
	assert.InDelta(t, 3, s.Since(start.Add(time.Second)).Mean(), 0)
	assert.InDelta(t, 3, s.Last().Value, 0)
	assert.True(t, math.IsNaN(cloud.Series{}.Mean()))
	assert.Zero(t, cloud.Series{}.Last())
}

func TestWordsForUnknown(t *testing.T) {
	var i cloud.Instance

	assert.Equal(t, "unknown unknown unknown", fmt.Sprint(i.State, " ", i.Public, " ", i.Storage.Growth))
	assert.Equal(t, cloud.No, cloud.YesNo(false))
}

func TestPermissionsAreListedOnce(t *testing.T) {
	p := cloud.Permissions{cloud.AskLogs: {"b:Y", "a:X"}, cloud.AskInstance: {"a:X"}}

	assert.Equal(t, []string{"a:X", "b:Y"}, p.All())
	assert.Equal(t, []cloud.Question{cloud.AskInstance, cloud.AskLogs}, p.Questions())
}

func TestLimits(t *testing.T) {
	var unknown cloud.Limit

	assert.Equal(t, "unknown none 0 0.5", fmt.Sprint(unknown, " ", cloud.Unlimited, " ", cloud.AtMost(0), " ", cloud.AtMost(0.5)))
	assert.True(t, cloud.AtMost(0).Closed())
	for _, open := range []cloud.Limit{unknown, cloud.Unlimited, cloud.AtMost(1)} {
		assert.False(t, open.Closed(), open)
	}
}

func TestStageThatRefusesEveryRequest(t *testing.T) {
	orders := cloud.Throttle{Route: "GET /orders", Rate: cloud.AtMost(10), Burst: cloud.AtMost(0)}

	assert.Empty(t, cloud.Stage{Rate: cloud.AtMost(10), Burst: cloud.Unlimited}.Closed())
	assert.Equal(t, []string{"GET /orders"}, cloud.Stage{Routes: []cloud.Throttle{{Route: "GET /"}, orders}}.Closed())
	assert.Equal(t, []string{"GET /orders", "every route without limits of its own"},
		cloud.Stage{Rate: cloud.AtMost(0), Routes: []cloud.Throttle{orders}}.Closed())
}

func TestShareNeedsEnoughOfAKnownWhole(t *testing.T) {
	share, ok := cloud.CountOf(1).Share(cloud.CountOf(20), 20)
	assert.True(t, ok)
	assert.InDelta(t, 0.05, share, 1e-9)

	for _, c := range [][2]cloud.Count{
		{{}, cloud.CountOf(20)}, {cloud.CountOf(1), {}}, {cloud.CountOf(1), cloud.CountOf(19)}, {cloud.CountOf(0), cloud.CountOf(0)},
	} {
		_, ok := c[0].Share(c[1], 20)
		assert.False(t, ok, c)
	}
}

func TestAQuarterOfTheTimeIsSpared(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	end, _ := ctx.Deadline()

	sparing, stop := cloud.Sparing(ctx)
	defer stop()
	early, ok := sparing.Deadline()
	assert.True(t, ok)
	assert.WithinDuration(t, end.Add(-15*time.Minute), early, time.Minute)

	endless, stop := cloud.Sparing(t.Context())
	defer stop()
	_, ok = endless.Deadline()
	assert.False(t, ok)

	over, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer stop()
	spent, stop := cloud.Sparing(over)
	defer stop()
	assert.ErrorIs(t, spent.Err(), context.DeadlineExceeded)
}

func TestRanOut(t *testing.T) {
	for kind, want := range map[cloud.Kind]bool{
		cloud.OutOfTime: true, cloud.Throttled: true, cloud.NoPermission: false, cloud.Unreachable: false, cloud.Other: false,
	} {
		assert.Equal(t, want, cloud.RanOut(&cloud.Error{Kind: kind}), kind)
	}
	assert.False(t, cloud.RanOut(nil))
}

func TestStartsAreSummedUp(t *testing.T) {
	var all []time.Duration
	for n := range 20 {
		all = append(all, time.Duration(20-n)*time.Second)
	}

	assert.Equal(t, cloud.Starts{Count: 20, P95: 19 * time.Second, Max: 20 * time.Second}, cloud.StartsOf(all))
	assert.Equal(t, cloud.Starts{Count: 1, P95: time.Second, Max: time.Second}, cloud.StartsOf(all[19:]))
	assert.Zero(t, cloud.StartsOf(nil))
}
