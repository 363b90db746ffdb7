package gcpfake

import (
	"crypto/rand"
	"time"
)

// Why Cloud Run starts instances. A request waits for the first kind only.
const (
	Autoscaling = "AUTOSCALING - Instance started due to configured scaling factors (e.g. CPU utilization, request throughput, etc.) " +
		"or no existing capacity for current traffic."
	Rollout      = "DEPLOYMENT_ROLLOUT - Instance started due to traffic shifting between revisions due to deployment, traffic split adjustment, or deployment health check."
	MinInstances = "MANUAL_OR_CUSTOMER_MIN_INSTANCE - Instance started because of customer-configured min-instances or manual scaling."
)

// InstanceStart is the start of an instance.
type InstanceStart struct {
	Reason string
	At     time.Time
	Took   time.Duration // until it was ready for requests; 0 = it never was
}

// Start adds the traces that a start leaves: lines of the system log, and a
// value of the metric where it came to its end.
func (s *State) Start(project string, r Revision, start InstanceStart) {
	line := Entry{
		Project: project, Revision: r, Log: "varlog/system", Severity: "INFO", Time: start.At,
		Text: "Starting new instance. Reason: " + start.Reason, Labels: map[string]string{"instanceId": "00bf4bf0" + rand.Text()},
	}
	s.Entries = append(s.Entries, line)
	if start.Took == 0 {
		return
	}
	line.Time = start.At.Add(start.Took)
	line.Text = `Default STARTUP TCP probe succeeded after 1 attempt for container "` + r.Service + `-1" on port 8080.`
	s.Entries = append(s.Entries, line)
	s.Series = append(s.Series, Series{
		Project: project, Revision: r, Metric: "container/startup_latencies",
		Points: []Point{{Time: line.Time, Value: float64(start.Took.Milliseconds())}},
	})
}
