package gcpcloud

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/logging/v2"
	"google.golang.org/api/monitoring/v3"
)

const (
	// maxRefused bounds the entries of the request log that are counted.
	maxRefused = 5 * manyEntries
	// visible is how long Cloud Run's measurements take to be seen at the most, by
	// the list of its metrics: 180 seconds.
	visible = 3 * time.Minute
)

// interval is a time in whole minutes, after start and up to end.
type interval struct{ start, end time.Time }

// lately is the interval of at least a minute that ends now.
func lately(window time.Duration) interval {
	end := time.Now().UTC().Truncate(time.Minute)
	return interval{end.Add(-max(window.Round(time.Minute), time.Minute)), end}
}

// aggregation is how series become fewer and coarser. The zero period is the
// whole interval.
type aggregation struct {
	aligner, reducer string
	period           time.Duration
	group            string
}

// FunctionTraffic asks Cloud Monitoring for the requests that reached a
// container and what its instances had in use; their latency is without the
// start of an instance that they waited for. It asks the request log, up to a few
// thousand entries, for Throttled and Logged: what no container saw. More of them
// make it Incomplete. The latest minutes are left out of both: the log has them at
// once, so that its requests would be held against fewer than there were.
func (c *Client) FunctionTraffic(ctx context.Context, f cloud.Function, window time.Duration) (cloud.Traffic, error) {
	project, err := c.projectOf(ctx, f.Account)
	if err != nil {
		return cloud.Traffic{}, failed(ctx, timeSeriesList, f.ID, err)
	}
	over := lately(window)
	if over.end = over.end.Add(-visible); !over.end.After(over.start) {
		return nothing, nil
	}
	var reading sync.WaitGroup
	var throttled, logged cloud.Count
	var unread error
	reading.Go(func() { throttled, logged, unread = c.refused(ctx, f, project, over) })
	t, unmeasured := c.served(ctx, f, project, over)
	reading.Wait()
	t.Throttled, t.Logged = throttled, logged
	return t, cmp.Or(unmeasured, unread)
}

// nothing is the traffic of a time of which nothing can be known yet.
var nothing = cloud.Traffic{
	Requests: cloud.CountOf(0), ClientErrors: cloud.CountOf(0), ServerErrors: cloud.CountOf(0),
	Throttled: cloud.CountOf(0), Logged: cloud.CountOf(0),
}

// answers counts requests by the class of their answer.
func answers(series []*monitoring.TimeSeries) (all, client, server cloud.Count) {
	all, client, server = cloud.CountOf(0), cloud.CountOf(0), cloud.CountOf(0)
	for _, s := range series {
		for _, p := range s.Points {
			if p.Value == nil || p.Value.Int64Value == nil {
				continue
			}
			all.N += *p.Value.Int64Value
			switch s.Metric.Labels["response_code_class"] {
			case "4xx":
				client.N += *p.Value.Int64Value
			case "5xx":
				server.N += *p.Value.Int64Value
			}
		}
	}
	return all, client, server
}

// highest is 0 where nothing was measured.
func highest(series []*monitoring.TimeSeries) (most float64) {
	for _, s := range series {
		for _, p := range s.Points {
			if value := number(p.Value); value > most {
				most = value
			}
		}
	}
	return most
}

// refused counts, in the request log, requests for which there was no instance
// and answers with 5xx.
func (c *Client) refused(ctx context.Context, f cloud.Function, project string, over interval) (throttled, failures cloud.Count, err error) {
	var read int
	throttled, failures = cloud.CountOf(0), cloud.CountOf(0)
	filter := fmt.Sprintf(`%s AND timestamp>=%q AND timestamp<%q AND logName=%q AND (httpRequest.status=429 OR httpRequest.status>=500)`,
		resourceFilter(f), over.start.Format(time.RFC3339), over.end.Format(time.RFC3339), logName(project, "requests"))
	err = c.entries(ctx, f.ID, project, filter, manyEntries, func(e *logging.LogEntry) bool {
		if strings.Contains(e.TextPayload, "no available instance") {
			throttled.N++
		}
		if e.HttpRequest != nil && e.HttpRequest.Status >= 500 {
			failures.N++
		}
		read++
		return read < maxRefused
	})
	switch {
	case err != nil:
		return cloud.Count{}, cloud.Count{}, err
	case read == maxRefused:
		err = &cloud.Error{
			Action: entriesList, Subject: f.ID, Kind: cloud.Incomplete,
			Err: fmt.Errorf("%d requests answered with 429 or 5xx were counted, and there may be more", maxRefused),
		}
	}
	return throttled, failures, err
}

// timeSeries asks for a metric of a service.
func (c *Client) timeSeries(ctx context.Context, f cloud.Function, project, metric string, over interval, a aggregation) ([]*monitoring.TimeSeries, error) {
	if a.period == 0 {
		a.period = over.end.Sub(over.start)
	}
	call := c.metrics.Projects.TimeSeries.List("projects/" + project).
		Filter(fmt.Sprintf(`metric.type = "run.googleapis.com/%s" AND %s`, metric, resourceFilter(f))).
		IntervalStartTime(over.start.Format(time.RFC3339)).
		IntervalEndTime(over.end.Format(time.RFC3339)).
		AggregationAlignmentPeriod(fmt.Sprintf("%.0fs", a.period.Seconds())).
		AggregationPerSeriesAligner(a.aligner).
		Context(ctx)
	if a.reducer != "" {
		call.AggregationCrossSeriesReducer(a.reducer)
	}
	if a.group != "" {
		call.AggregationGroupByFields(a.group)
	}
	return seriesOf(ctx, f.ID, call)
}
