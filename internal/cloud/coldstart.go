package cloud

import (
	"context"
	"math"
	"slices"
	"time"
)

// ColdStarts knows how long requests waited for new instances.
type ColdStarts interface {
	// ColdStarts reads what the platform recorded since then; it forces none.
	// Starts that no request waited for are left out where the platform tells
	// them apart. None in that time is no error; a log that no request has made
	// yet is NoData, one that leaves such lines out NotEnabled. Where time runs out,
	// the starts found until then are summed up, if there are any.
	ColdStarts(ctx context.Context, f Function, since time.Time) (Starts, error)
}

// Starts sums up the starts of instances.
type Starts struct {
	Count     int           // of the starts that are summed up
	P95, Max  time.Duration // 0 = there was none, or the provider does not tell
	Truncated bool          // older ones were not counted
	Source    string        // where they were read: a log group, a metric
}

// StartsOf sums up single starts, by the nearest-rank method.
func StartsOf(durations []time.Duration) Starts {
	if len(durations) == 0 {
		return Starts{}
	}
	sorted := slices.Sorted(slices.Values(durations))
	rank := int(math.Ceil(0.95 * float64(len(sorted))))
	return Starts{Count: len(sorted), P95: sorted[rank-1], Max: sorted[len(sorted)-1]}
}
