package gcpfake

import (
	"fmt"
	"math"
)

// buckets bound what a distribution tells apart: what falls into one can no
// longer be, as in Google's.
type buckets struct {
	finite int
	growth float64 // each bound is so many times the one before, from 1; or
	width  float64 // so much more than the one before, from 0
}

// buckets are those that Cloud Run measures with: one for each percent of a
// share, else ones that grow by a tenth.
func (d descriptor) buckets() buckets {
	if d.unit == "10^2.%" {
		return buckets{finite: 100, width: 0.01}
	}
	return buckets{finite: 150, growth: 1.1}
}

// bound is the upper bound of a bucket.
func (b buckets) bound(bucket int) float64 {
	if b.width > 0 {
		return b.width * float64(bucket)
	}
	return math.Pow(b.growth, float64(bucket))
}

func (b buckets) options() map[string]any {
	if b.width > 0 {
		return map[string]any{"linearBuckets": map[string]any{"numFiniteBuckets": b.finite, "width": b.width, "offset": 0}}
	}
	return map[string]any{"exponentialBuckets": map[string]any{"numFiniteBuckets": b.finite, "growthFactor": b.growth, "scale": 1}}
}

// distribution counts values by bucket. Bucket 0 holds those below every bound,
// the last those past them.
type distribution struct {
	buckets
	counts []int64
	count  int64
	mean   float64
}

func (b buckets) distribution(numbers []float64) distribution {
	d := distribution{buckets: b, counts: make([]int64, b.finite+2)}
	for _, n := range numbers {
		bucket := 0
		for bucket <= b.finite && n >= b.bound(bucket) {
			bucket++
		}
		d.counts[bucket]++
		d.count++
		d.mean += (n - d.mean) / float64(d.count)
	}
	return d
}

// percentile takes the values of a bucket to be spread evenly over it.
func (d distribution) percentile(fraction float64) float64 {
	rank, below, low := fraction*float64(d.count), 0.0, 0.0
	for bucket, n := range d.counts {
		if n > 0 && below+float64(n) >= rank {
			return low + (d.bound(bucket)-low)*(rank-below)/float64(n)
		}
		below += float64(n)
		low = d.bound(bucket)
	}
	return low
}

func (d distribution) wire() map[string]any {
	var counts []string
	for _, n := range d.counts {
		counts = append(counts, fmt.Sprint(n))
	}
	return map[string]any{
		"count": fmt.Sprint(d.count), "mean": d.mean, "bucketCounts": counts, "bucketOptions": d.options(),
	}
}
