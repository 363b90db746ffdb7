package cloud

import (
	"context"
	"math"
	"time"
)

// Metrics knows the measurements a provider takes of a database.
type Metrics interface {
	// Recent returns one point a minute over the window that ends now, oldest
	// first. Nothing measured is an empty Series and no error; a metric the
	// provider does not take of this instance is NotOffered. The latest minutes
	// are missing until the provider has taken them in.
	Recent(ctx context.Context, i Instance, m Metric, window time.Duration) (Series, error)
}

// Metric is one measurement in units that are the same everywhere.
type Metric string

const (
	CPU            Metric = "cpu"             // fraction of the instance's processors; may pass 1
	CPUCredits     Metric = "cpu-credits"     // credits left on a burstable class
	StorageUsed    Metric = "storage-used"    // fraction of the allocated disk
	MemoryFree     Metric = "memory-free"     // bytes
	MemoryUsed     Metric = "memory-used"     // fraction
	DiskQueue      Metric = "disk-queue"      // requests waiting for the disk
	Connections    Metric = "connections"     // sessions, over all databases
	ReplicaLag     Metric = "replica-lag"     // seconds this replica is behind; +Inf while replication is stopped
	SlotLag        Metric = "slot-lag"        // bytes the slowest replication slot is behind
	TransactionIDs Metric = "transaction-ids" // fraction of the transaction ids before wraparound
)

// Point is a value and the minute it was taken in.
type Point struct {
	Time  time.Time
	Value float64
}

// Series is a metric over time, oldest first.
type Series []Point

// Mean is NaN for an empty Series, which compares as neither good nor bad.
func (s Series) Mean() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, p := range s {
		sum += p.Value
	}
	return sum / float64(len(s))
}

// Last returns the latest point, the zero Point for an empty Series.
func (s Series) Last() Point {
	if len(s) == 0 {
		return Point{}
	}
	return s[len(s)-1]
}

// Since returns the part of s taken at t or later.
func (s Series) Since(t time.Time) Series {
	for n, p := range s {
		if !p.Time.Before(t) {
			return s[n:]
		}
	}
	return nil
}
