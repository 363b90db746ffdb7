package gcpcloud

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/logging/v2"
)

const (
	// manyEntries is the largest page of entries.list, whose quota is counted
	// in requests.
	manyEntries = 1000
	// maxStartLines bounds the lines read about starts: some hundreds of starts
	// tell their percentiles.
	maxStartLines = 2 * manyEntries
)

// The lines that Cloud Run writes when it starts an instance, with its reason,
// and when the instance is ready for requests.
var (
	starting = regexp.MustCompile(`^Starting new instance\. Reason: ([A-Z_]+)`)
	started  = regexp.MustCompile(`STARTUP .* probe succeeded`)
)

// ColdStarts asks Cloud Logging when instances were started for want of
// capacity, and when they were ready. Cloud Monitoring measures starts too, but
// not apart from those of a rollout or of minimum instances, for which nobody
// waits: it is asked only whether there were any that the log does not tell of.
// A start that never came to its end is not among the starts.
func (c *Client) ColdStarts(ctx context.Context, f cloud.Function, since time.Time) (cloud.Starts, error) {
	project, err := c.projectOf(ctx, f.Account)
	if err != nil {
		return cloud.Starts{}, failed(ctx, entriesList, f.ID, err)
	}
	var found startLog
	filter := fmt.Sprintf(`%s AND timestamp>=%q AND logName=%q AND textPayload=~"^Starting new instance|STARTUP .* probe succeeded"`,
		resourceFilter(f), since.UTC().Format(time.RFC3339Nano), logName(project, "varlog/system"))
	err = c.entries(ctx, f.ID, project, filter, manyEntries, found.add)
	cut := cloud.RanOut(err) && len(found.took) > 0
	if err != nil && !cut {
		return cloud.Starts{}, err
	}
	if found.lines == 0 {
		if err := c.unlogged(ctx, f, project, since); err != nil {
			return cloud.Starts{}, err
		}
	}
	starts := cloud.StartsOf(found.took)
	starts.Truncated = cut || found.lines > maxStartLines
	starts.Source = logName(project, "varlog/system")
	return starts, nil
}

// startLog pairs lines, newest first: an instance is ready before, in that
// order, it is started. It is ready with the last of its containers.
type startLog struct {
	lines int
	ready map[string]time.Time // by instance
	took  []time.Duration
}

func (l *startLog) add(e *logging.LogEntry) bool {
	if l.lines++; l.lines > maxStartLines {
		return false
	}
	if l.ready == nil {
		l.ready = map[string]time.Time{}
	}
	instance, at := e.Labels["instanceId"], rfc3339(e.Timestamp)
	if started.MatchString(e.TextPayload) {
		if _, known := l.ready[instance]; !known {
			l.ready[instance] = at
		}
		return true
	}
	reason := starting.FindStringSubmatch(e.TextPayload)
	if ready, ok := l.ready[instance]; ok && reason != nil && reason[1] == "AUTOSCALING" {
		l.took = append(l.took, ready.Sub(at))
	}
	return true
}

// unlogged fails with NotEnabled where instances were started of which the log
// has no line, as where its sink leaves them out.
func (c *Client) unlogged(ctx context.Context, f cloud.Function, project string, since time.Time) error {
	measured, err := c.timeSeries(ctx, f, project, "container/startup_latencies", lately(time.Since(since)), aggregation{aligner: "ALIGN_DELTA"})
	if err != nil {
		return err
	}
	var count int64
	for _, s := range measured {
		for _, p := range s.Points {
			if p.Value != nil && p.Value.DistributionValue != nil {
				count += p.Value.DistributionValue.Count
			}
		}
	}
	if count == 0 {
		return nil
	}
	return &cloud.Error{
		Action: entriesList, Subject: f.ID, Kind: cloud.NotEnabled,
		Err: fmt.Errorf("%d instances were started of which %s tells nothing", count, strings.ReplaceAll(logName(project, "varlog/system"), "%2F", "/")),
	}
}
