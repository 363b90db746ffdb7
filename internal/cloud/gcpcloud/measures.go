package gcpcloud

import (
	"cmp"
	"context"
	"math"
	"sync"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/monitoring/v3"
)

type series = []*monitoring.TimeSeries

// measures are what Cloud Monitoring is asked of a service, and where the
// answer belongs.
var measures = []struct {
	metric string
	aggregation
	put func(*cloud.Traffic, series)
}{
	{
		"request_count", aggregation{aligner: "ALIGN_DELTA", reducer: "REDUCE_SUM", group: "metric.labels.response_code_class"},
		func(t *cloud.Traffic, s series) { t.Requests, t.ClientErrors, t.ServerErrors = answers(s) },
	},
	{
		"request_latencies", aggregation{aligner: "ALIGN_DELTA", reducer: "REDUCE_PERCENTILE_95"},
		func(t *cloud.Traffic, s series) { t.Latency = time.Duration(highest(s) * float64(time.Millisecond)) },
	},
	{
		"container/instance_count", aggregation{aligner: "ALIGN_MEAN", reducer: "REDUCE_SUM", period: time.Minute},
		func(t *cloud.Traffic, s series) { t.Instances = cloud.CountOf(int64(math.Ceil(highest(s)))) },
	},
	{
		"container/memory/utilizations", aggregation{aligner: "ALIGN_DELTA", reducer: "REDUCE_PERCENTILE_95"},
		func(t *cloud.Traffic, s series) { t.Memory = highest(s) },
	},
	{
		"container/cpu/utilizations", aggregation{aligner: "ALIGN_DELTA", reducer: "REDUCE_PERCENTILE_95"},
		func(t *cloud.Traffic, s series) { t.Processor = highest(s) },
	},
	{ // idle instances, which answer no requests, are a group of their own
		"container/max_request_concurrencies", aggregation{aligner: "ALIGN_DELTA", reducer: "REDUCE_PERCENTILE_95", group: "metric.labels.state"},
		func(t *cloud.Traffic, s series) { t.Concurrency = highest(s) },
	},
}

// served asks for all measures at once. It returns, beside the first error in
// their order, what was counted. Where no instance ever had a point of a metric,
// the metric is not there: that is no error of any but the requests.
func (c *Client) served(ctx context.Context, f cloud.Function, project string, over interval) (cloud.Traffic, error) {
	found := make([]series, len(measures))
	errs := make([]error, len(measures))
	var asking sync.WaitGroup
	for n, m := range measures {
		asking.Go(func() { found[n], errs[n] = c.timeSeries(ctx, f, project, m.metric, over, m.aggregation) })
	}
	asking.Wait()
	var t cloud.Traffic
	for n, m := range measures {
		switch {
		case errs[n] == nil:
			m.put(&t, found[n])
		case n > 0 && cloud.KindOf(errs[n]) == cloud.NoData:
			errs[n] = nil
		}
	}
	return t, cmp.Or(errs...)
}
