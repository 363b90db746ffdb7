package awscloud

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const transactionIDs = 1 << 31 // how many there are before they wrap around

// measurement is a metric of namespace AWS/RDS and what makes one of ours of it.
type measurement struct {
	name   string
	factor float64 // 0 is 1
	offset float64
}

// measured finds what RDS measures of i. An instance without a disk of its own
// has no share of it in use, one that is not burstable no credits.
func measured(i cloud.Instance, m cloud.Metric) (measurement, bool) {
	switch m {
	case cloud.CPU:
		return measurement{name: "CPUUtilization", factor: 0.01}, true // percent
	case cloud.CPUCredits:
		return measurement{name: "CPUCreditBalance"}, strings.HasPrefix(i.Class, "db.t")
	case cloud.StorageUsed:
		return measurement{name: "FreeStorageSpace", factor: -1 / float64(i.Storage.Bytes), offset: 1}, i.Storage.Bytes > 0
	case cloud.MemoryFree:
		return measurement{name: "FreeableMemory"}, true
	case cloud.DiskQueue:
		return measurement{name: "DiskQueueDepth"}, true
	case cloud.Connections:
		return measurement{name: "DatabaseConnections"}, true
	case cloud.ReplicaLag:
		if strings.HasPrefix(i.Engine, "aurora") {
			return measurement{name: "AuroraReplicaLag", factor: 0.001}, true // milliseconds
		}
		return measurement{name: "ReplicaLag"}, true
	case cloud.SlotLag:
		return measurement{name: "OldestReplicationSlotLag"}, true
	case cloud.TransactionIDs:
		return measurement{name: "MaximumUsedTransactionIDs", factor: 1.0 / transactionIDs}, true
	}
	return measurement{}, false
}

// Recent takes each minute's average.
func (c *Client) Recent(ctx context.Context, i cloud.Instance, m cloud.Metric, window time.Duration) (cloud.Series, error) {
	found, ok := measured(i, m)
	if !ok {
		return nil, &cloud.Error{Action: getMetricData, Subject: i.ID + " " + string(m), Kind: cloud.NotOffered}
	}
	series, err := c.series(ctx, found.name, "DBInstanceIdentifier", i.ID, window)
	for n := range series {
		if found.factor != 0 {
			series[n].Value *= found.factor
		}
		series[n].Value += found.offset
		if m == cloud.ReplicaLag && series[n].Value < 0 { // RDS says -1
			series[n].Value = math.Inf(1)
		}
	}
	return series, err
}

// series is a metric of namespace AWS/RDS, averaged over each minute.
func (c *Client) series(ctx context.Context, name, dimension, id string, window time.Duration) (cloud.Series, error) {
	now := time.Now()
	in := &cloudwatch.GetMetricDataInput{
		StartTime:         aws.Time(now.Add(-window).Truncate(time.Minute)),
		EndTime:           aws.Time(now),
		MetricDataQueries: []types.MetricDataQuery{query("AWS/RDS", name, "Average", time.Minute, dimensionOf(dimension, id))},
	}
	all, err := c.metricData(ctx, id+" "+name, in)
	return all[name], err
}

const getMetricData = "cloudwatch:GetMetricData"

// query asks for a metric's statistic, one point a period.
func query(namespace, name, statistic string, period time.Duration, dimensions ...types.Dimension) types.MetricDataQuery {
	return types.MetricDataQuery{
		Id: aws.String("m" + name), // the name alone may not begin an id
		MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String(namespace), MetricName: aws.String(name), Dimensions: dimensions},
			Period: aws.Int32(int32(period / time.Second)),
			Stat:   aws.String(statistic),
		},
	}
}

func dimensionOf(name, value string) types.Dimension {
	return types.Dimension{Name: aws.String(name), Value: aws.String(value)}
}

// metricData reads every page and returns what each query asked for by the
// name of its metric, oldest first.
func (c *Client) metricData(ctx context.Context, subject string, in *cloudwatch.GetMetricDataInput) (map[string]cloud.Series, error) {
	in.ScanBy = types.ScanByTimestampAscending
	names := map[string]string{}
	for _, q := range in.MetricDataQueries {
		names[*q.Id] = *q.MetricStat.Metric.MetricName
	}
	all := map[string]cloud.Series{}
	for pages := cloudwatch.NewGetMetricDataPaginator(c.cloudwatch, in); pages.HasMorePages(); {
		page, err := ask(ctx, c, getMetricData, subject, func(ctx context.Context) (*cloudwatch.GetMetricDataOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			name := names[aws.ToString(result.Id)]
			if kind := unmeasured(result.StatusCode); kind != "" {
				err := errors.New(name + ": got status " + string(result.StatusCode) + ", want Complete")
				return nil, &cloud.Error{Action: getMetricData, Subject: subject, Kind: kind, Err: err}
			}
			for n, at := range result.Timestamps {
				all[name] = append(all[name], cloud.Point{Time: at, Value: result.Values[n]})
			}
		}
	}
	return all, nil
}

// unmeasured is why a result that came in a successful answer is none; "" when
// it is one.
func unmeasured(status types.StatusCode) cloud.Kind {
	switch status {
	case types.StatusCodeForbidden:
		return cloud.NoPermission
	case types.StatusCodeInternalError:
		return cloud.Other
	}
	return ""
}
