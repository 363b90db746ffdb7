package probe

import (
	"fmt"
	"slices"
	"time"
)

// Spread is how a number of durations lie. Its percentiles are by nearest rank:
// values that were measured, none in between.
type Spread struct{ Min, P50, P95, Max time.Duration }

// NewSpread sums samples up, in whatever order they are. None give the zero
// Spread.
func NewSpread(samples []time.Duration) Spread {
	if len(samples) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	rank := func(percent int) time.Duration { return sorted[(len(sorted)*percent+99)/100-1] }
	return Spread{Min: sorted[0], P50: rank(50), P95: rank(95), Max: rank(100)}
}

func (s Spread) String() string {
	short := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p95 %s, max %s", short(s.P50), short(s.P95), short(s.Max))
}
