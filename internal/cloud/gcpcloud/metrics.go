package gcpcloud

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/monitoring/v3"
)

// gauge is how Cloud Monitoring names one of our metrics. All that are asked
// are gauges, sampled every 60 s and shown up to 165 s later.
type gauge struct {
	name   string
	reduce string // how the series of one instance become one
}

// gauges leaves out what Cloud SQL does not measure: CPU credits, the disk's
// queue, free memory in bytes, and how far replication slots are behind.
var gauges = map[cloud.Metric]gauge{
	cloud.CPU:            {name: "database/cpu/utilization"},
	cloud.StorageUsed:    {name: "database/disk/utilization"},
	cloud.MemoryUsed:     {name: "database/memory/utilization"},
	cloud.Connections:    {name: "database/postgresql/num_backends", reduce: "REDUCE_SUM"}, // one series a database
	cloud.ReplicaLag:     {name: "database/replication/replica_lag"},
	cloud.TransactionIDs: {name: "database/postgresql/transaction_id_utilization"},
}

// Offered returns the metrics that Cloud SQL takes, sorted.
func Offered() []cloud.Metric {
	var all []cloud.Metric
	for m := range gauges {
		all = append(all, m)
	}
	slices.Sort(all)
	return all
}

// Recent asks Cloud Monitoring for the mean of each minute. ReplicaLag is
// offered of replicas only.
func (c *Client) Recent(ctx context.Context, i cloud.Instance, m cloud.Metric, window time.Duration) (cloud.Series, error) {
	g, ok := gauges[m]
	if !ok || m == cloud.ReplicaLag && i.ReplicaOf == "" {
		return nil, &cloud.Error{
			Action: timeSeriesList, Subject: i.ID, Kind: cloud.NotOffered,
			Err: fmt.Errorf("no %s in Cloud SQL's metrics of this instance", m),
		}
	}
	project, err := c.projectOf(ctx, i.Account)
	if err != nil {
		return nil, failed(ctx, timeSeriesList, i.ID, err)
	}
	end := time.Now().UTC().Truncate(time.Minute)
	call := c.metrics.Projects.TimeSeries.List("projects/" + project).
		Filter(fmt.Sprintf(`metric.type = "cloudsql.googleapis.com/%s" AND resource.type = "cloudsql_database" AND resource.labels.database_id = "%s:%s"`,
			g.name, project, i.ID)).
		IntervalStartTime(end.Add(-window).Format(time.RFC3339)).
		IntervalEndTime(end.Format(time.RFC3339)).
		AggregationAlignmentPeriod("60s").
		AggregationPerSeriesAligner("ALIGN_MEAN").
		Context(ctx)
	if g.reduce != "" {
		call.AggregationCrossSeriesReducer(g.reduce)
	}
	return points(ctx, i.ID, call, m)
}

// points puts the points of a call in order.
func points(ctx context.Context, subject string, call *monitoring.ProjectsTimeSeriesListCall, m cloud.Metric) (cloud.Series, error) {
	found, err := seriesOf(ctx, subject, call)
	if err != nil {
		return nil, err
	}
	var all cloud.Series
	for _, series := range found {
		for _, p := range series.Points {
			value := number(p.Value)
			if m == cloud.ReplicaLag && value < 0 {
				value = math.Inf(1) // replication is not running
			}
			if !math.IsNaN(value) {
				all = append(all, cloud.Point{Time: rfc3339(p.Interval.EndTime), Value: value})
			}
		}
	}
	slices.SortFunc(all, func(a, b cloud.Point) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// seriesOf reads every page of a call; one may hold no series, or the rest of
// one begun on the page before.
func seriesOf(ctx context.Context, subject string, call *monitoring.ProjectsTimeSeriesListCall) ([]*monitoring.TimeSeries, error) {
	var all []*monitoring.TimeSeries
	for token := ""; ; {
		page, err := ask(ctx, timeSeriesList, subject, func() (*monitoring.ListTimeSeriesResponse, error) {
			return call.PageToken(token).Do()
		})
		if err != nil {
			return nil, measured(err)
		}
		all = append(all, page.TimeSeries...)
		if token = page.NextPageToken; token == "" {
			return all, nil
		}
	}
}

// measured corrects what a 404 means here: that nothing was ever measured,
// because a project's metrics come to be with their first point.
func measured(err error) error {
	var e *cloud.Error
	if errors.As(err, &e) && e.Kind == cloud.NotFound {
		e.Kind = cloud.NoData
	}
	return err
}

// number takes the number out of a value, NaN where it is none.
func number(v *monitoring.TypedValue) float64 {
	switch {
	case v == nil:
	case v.DoubleValue != nil:
		return *v.DoubleValue
	case v.Int64Value != nil:
		return float64(*v.Int64Value)
	}
	return math.NaN()
}
