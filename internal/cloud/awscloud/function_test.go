package awscloud

import (
	"fmt"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/fake/awsfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// showFunction puts the world's function into an account, with its log and its
// metrics.
func showFunction(s *awsfake.State, f cloudtest.Function) {
	s.Concurrency = 1000
	shown := awsfake.Function{
		Name: f.ID, Runtime: "nodejs22.x", Timeout: int(f.Timeout / time.Second), MemoryMiB: int(f.Memory / mib),
		Environment:      map[string]string{"DATABASE_URL": "postgres://app:correct-horse@db/app"},
		State:            map[cloud.State]string{cloud.Up: "Active", cloud.Changing: "Pending", cloud.Down: "Failed"}[f.Serving],
		LastUpdateStatus: map[cloud.State]string{cloud.Up: "Successful", cloud.Changing: "InProgress", cloud.Down: "Failed"}[f.Update],
	}
	if f.Update == cloud.Down {
		shown.LastUpdateStatusReasonCode, shown.LastUpdateStatusReason = "ImageAccessDenied", "Lambda does not have permission\nto access the ECR image."
	}
	if f.Max.Set == cloud.Yes {
		reserved := int(f.Max.Value)
		shown.Reserved = &reserved
	}
	s.Functions = append(s.Functions, shown)
	s.LogGroups["/aws/lambda/"+f.ID] = lambdaLog(f)
	for name, points := range lambdaPoints(f.Traffic) {
		s.Metrics[awsfake.Metric{Namespace: "AWS/Lambda", Name: name, Dimension: "FunctionName", Value: f.ID}] = points
	}
}

// lambdaLog is the world's log in Lambda's text format.
func lambdaLog(f cloudtest.Function) []awsfake.LogEvent {
	events := []awsfake.LogEvent{}
	for n, line := range f.Log {
		id := requestID(n)
		at := line.Time.UTC().Format("2006-01-02T15:04:05.000Z")
		text := at + "\t" + id + "\tINFO\t" + line.Text + "\n"
		switch {
		case line.Cause == cloud.TimedOut:
			text = at + " " + id + " Task timed out after 30.03 seconds\n\n"
		case line.Cause == cloud.OutOfMemory:
			text = "RequestId: " + id + " Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"
		case line.Cause == cloud.Exited:
			text = "RequestId: " + id + " Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n"
		case line.Level == cloud.LevelError:
			text = at + "\t" + id + "\tERROR\t" + line.Text + "\n"
		}
		events = append(events, awsfake.LogEvent{Time: line.Time, Stream: "2026/11/23/[$LATEST]0", Message: text})
	}
	for n, took := range f.Starts {
		at := time.Now().Add(-time.Duration(n+1) * time.Minute)
		events = append(events, awsfake.LogEvent{Time: at, Stream: "2026/11/23/[$LATEST]1", Message: report(requestID(1000+n), took)})
	}
	warm := "REPORT RequestId: " + requestID(2000) + "\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\t\n"
	return append(events, awsfake.LogEvent{Time: time.Now().Add(-time.Minute), Stream: "2026/11/23/[$LATEST]1", Message: warm})
}

func report(id string, took time.Duration) string {
	return fmt.Sprintf("REPORT RequestId: %s\tDuration: 120.10 ms\tBilled Duration: 121 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\tInit Duration: %.2f ms\t\n",
		id, took.Seconds()*1000)
}

func requestID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", n) }

// lambdaPoints are the world's traffic in one minute not long ago.
func lambdaPoints(t cloud.Traffic) map[string][]awsfake.Point {
	if t == (cloud.Traffic{}) {
		return nil
	}
	at := time.Now().Truncate(time.Minute).Add(-4 * time.Minute)
	point := func(v float64) []awsfake.Point { return []awsfake.Point{{Time: at, Value: v}} }
	return map[string][]awsfake.Point{
		"Invocations": point(float64(t.Requests.N)), "Errors": point(float64(t.ServerErrors.N)), "Throttles": point(float64(t.Throttled.N)),
		"Duration": point(t.Latency.Seconds() * 1000), "ConcurrentExecutions": point(float64(t.Instances.N)),
	}
}

var _ = assert.Equal
var _ = require.NoError
var _ *testing.T
