package awscloud

import (
	"context"
	"math"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// FunctionTraffic is that of all the function's versions. An error is one that
// the code or the runtime ended in; Lambda does not look into its answers.
func (c *Client) FunctionTraffic(ctx context.Context, f cloud.Function, window time.Duration) (cloud.Traffic, error) {
	measured, err := c.measure(ctx, f.ID, window, "AWS/Lambda", map[string]string{
		"Invocations": "Sum", "Errors": "Sum", "Throttles": "Sum", "Duration": "p95", "ConcurrentExecutions": "Maximum",
	}, dimensionOf("FunctionName", f.ID))
	if err != nil {
		return cloud.Traffic{}, err
	}
	return cloud.Traffic{
		Requests:     sum(measured["Invocations"]),
		ServerErrors: sum(measured["Errors"]),
		Throttled:    sum(measured["Throttles"]),
		Latency:      usual(measured["Duration"], measured["Invocations"]),
		Instances:    most(measured["ConcurrentExecutions"]),
	}, nil
}

// GatewayTraffic counts requests refused by a throttle among the client errors:
// API Gateway does not measure them apart.
func (c *Client) GatewayTraffic(ctx context.Context, g cloud.Gateway, window time.Duration) (cloud.Traffic, error) {
	clientErrors, serverErrors, dimension := "4xx", "5xx", dimensionOf("ApiId", g.ID)
	switch g.Kind {
	case cloud.HTTPGateway:
	case cloud.RESTGateway:
		clientErrors, serverErrors, dimension = "4XXError", "5XXError", dimensionOf("ApiName", g.Name)
	default:
		return cloud.Traffic{}, &cloud.Error{Action: getMetricData, Subject: g.ID, Kind: cloud.NotOffered}
	}
	measured, err := c.measure(ctx, g.ID, window, "AWS/ApiGateway", map[string]string{
		"Count": "SampleCount", clientErrors: "Sum", serverErrors: "Sum", "Latency": "p95", "IntegrationLatency": "p95",
	}, dimension, dimensionOf("Stage", g.Stage.Name))
	if err != nil {
		return cloud.Traffic{}, err
	}
	return cloud.Traffic{
		Requests:     sum(measured["Count"]),
		ClientErrors: sum(measured[clientErrors]),
		ServerErrors: sum(measured[serverErrors]),
		Latency:      usual(measured["Latency"], measured["Count"]),
		Integration:  usual(measured["IntegrationLatency"], measured["Count"]),
	}, nil
}

// measure asks for one period as long as the window, for percentiles cannot be
// added up. CloudWatch may cut it in two all the same, where its own periods
// begin.
func (c *Client) measure(ctx context.Context, id string, window time.Duration, namespace string, statistics map[string]string, dimensions ...types.Dimension) (map[string]cloud.Series, error) {
	period := max(window.Round(time.Minute), time.Minute)
	end := time.Now().Truncate(time.Minute).Add(time.Minute)
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-period)), EndTime: aws.Time(end)}
	for name, statistic := range statistics {
		in.MetricDataQueries = append(in.MetricDataQueries, query(namespace, name, statistic, period, dimensions...))
	}
	return c.metricData(ctx, id+" "+namespace, in)
}

func sum(s cloud.Series) cloud.Count {
	total := 0.0
	for _, p := range s {
		total += p.Value
	}
	return cloud.CountOf(int64(math.Round(total)))
}

func most(s cloud.Series) cloud.Count {
	top := 0.0
	for _, p := range s {
		top = max(top, p.Value)
	}
	return cloud.CountOf(int64(math.Round(top)))
}

// usual is the latency, measured in milliseconds, of the part of the window
// that had the most requests.
func usual(latency, requests cloud.Series) time.Duration {
	busiest := cloud.Point{Value: -1}
	for _, p := range requests {
		if p.Value > busiest.Value {
			busiest = p
		}
	}
	for _, p := range latency {
		if p.Time.Equal(busiest.Time) {
			return milliseconds(p.Value)
		}
	}
	return 0
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
