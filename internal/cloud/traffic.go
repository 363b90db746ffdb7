package cloud

import (
	"context"
	"time"
)

// FunctionTraffic knows how requests to functions fared.
type FunctionTraffic interface {
	// FunctionTraffic sums up the window that ends now. The latest minutes are
	// missing until the provider has taken them in. It returns, beside an error,
	// what could be counted.
	FunctionTraffic(ctx context.Context, f Function, window time.Duration) (Traffic, error)
}

// GatewayTraffic knows how requests to gateways fared.
type GatewayTraffic interface {
	// GatewayTraffic sums up the window that ends now, of g's stage. The latest
	// minutes are missing until the provider has taken them in.
	GatewayTraffic(ctx context.Context, g Gateway, window time.Duration) (Traffic, error)
}

// Traffic is how requests fared over a window of time. Nothing measured is no
// requests: too few to tell anything is for those who ask to say.
type Traffic struct {
	Requests     Count // that reached the code, or the gateway
	ClientErrors Count // answered with 4xx
	ServerErrors Count // answered with 5xx, or ended in an error of the code
	Throttled    Count // refused for want of capacity; not among Requests where no code was reached
	Logged       Count // server errors in the request log, which also has those that reached no code

	Latency     time.Duration // 95th percentile, as the provider measures it; 0 = not measured
	Integration time.Duration // 95th percentile of the time spent behind the gateway; 0 likewise
	Instances   Count         // the most that ran at the same time

	// 95th percentiles over the instances; 0 = not measured.
	Memory      float64 // share of an instance's in use, 0 to 1
	Processor   float64 // likewise
	Concurrency float64 // the most requests that an instance answered at a time
}

// Count is a number of things that happened. The zero Count was not counted,
// which is not the same as never.
type Count struct {
	Counted bool
	N       int64
}

// CountOf is a Count that was counted.
func CountOf(n int64) Count { return Count{true, n} }

// Share is the part that c is of all, 0 to 1. It cannot be told, and ok is
// false, where either was not counted or all are fewer than least.
func (c Count) Share(all Count, least int64) (share float64, ok bool) {
	if !c.Counted || !all.Counted || all.N < max(least, 1) {
		return 0, false
	}
	return float64(c.N) / float64(all.N), true
}
