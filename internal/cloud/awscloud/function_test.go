package awscloud

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/fake/awsfake"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// showFunction puts the world's function into an account, with its log and its
// metrics.
func showFunction(s *awsfake.State, f cloudtest.Function) {
	s.Concurrency = 1000
	shown := awsfake.Function{
		Name: f.ID, Runtime: "nodejs22.x", Timeout: int(f.Timeout / time.Second), MemoryMiB: int(f.Memory / mib),
		Modified:         f.Changed,
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

func TestFunctionByEachOfItsNames(t *testing.T) {
	t.Parallel()
	state := account(world)
	state.Functions[0].Aliases = map[string]string{"live": "7"}
	_, c := standIn(t, state)
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:app-api"

	for _, id := range []string{"app-api", arn, "123456789012:function:app-api"} {
		f, err := c.Function(t.Context(), id)

		require.NoError(t, err)
		assert.Equal(t, []string{"app-api", "", "$LATEST", "$LATEST"}, []string{f.ID, f.Qualifier, f.Version, f.Newest})
		assert.Equal(t, []string{"123456789012", "eu-west-1"}, []string{f.Account, f.Region})
	}
	for _, id := range []string{"app-api:live", arn + ":live"} {
		f, err := c.Function(t.Context(), id)

		require.NoError(t, err)
		assert.Equal(t, []string{"app-api", "live", "7", ""}, []string{f.ID, f.Qualifier, f.Version, f.Newest})
		assert.Equal(t, "/aws/lambda/app-api", f.Log.Place)
	}
	_, err := c.Function(t.Context(), "app-api:gone")
	assert.Equal(t, cloud.NotFound, cloud.KindOf(err))
}

func TestFunctionTellsWhyAndKeepsItsEnvironment(t *testing.T) {
	t.Parallel()
	state := account(world)
	f := &state.Functions[0]
	f.State, f.StateReasonCode, f.StateReason = "Failed", "InvalidSubnet", "The subnet\nis gone"
	f.LastUpdateStatus, f.LastUpdateStatusReason = "Failed", "Out of addresses"
	f.LogGroup, f.SystemLogLevel, f.Runtime = "/shared/api", "WARN", "nodejs16.x"
	_, c := standIn(t, state)

	got, err := c.Function(t.Context(), "app-api")

	require.NoError(t, err)
	assert.Equal(t, cloud.Condition{State: cloud.Down, Status: "Failed", Reason: "InvalidSubnet The subnet is gone"}, got.Serving)
	assert.Equal(t, cloud.Condition{State: cloud.Down, Status: "Failed", Reason: "Out of addresses"}, got.Update)
	assert.Equal(t, cloud.FunctionLog{Place: "/shared/api", Format: "JSON", Level: "WARN"}, got.Log)
	assert.Equal(t, cloud.Yes, got.Deprecated)
	assert.NotContains(t, fmt.Sprintf("%+v", got), "correct-horse")
}

func TestFunctionTellsWhatItsStartsHave(t *testing.T) {
	t.Parallel()
	state := account(world)
	state.Functions[0].Aliases = map[string]string{"live": "7"}
	fake, c := standIn(t, state)
	start := func(id string, change func(*awsfake.Function)) string {
		fake.Update(func(s *awsfake.State) { change(&s.Functions[0]) })
		f, err := c.Function(t.Context(), id)
		require.NoError(t, err)
		return f.Start
	}

	assert.Equal(t, "PackageType Zip, SnapStart None Off", start("app-api", func(*awsfake.Function) {}))
	assert.Equal(t, "PackageType Zip, SnapStart PublishedVersions On", start("app-api:live", func(f *awsfake.Function) { f.SnapStart = "PublishedVersions" }))
	assert.Equal(t, "PackageType Zip, SnapStart PublishedVersions Off", start("app-api", func(*awsfake.Function) {}), "it takes effect on published versions only")
	assert.Equal(t, "PackageType Image, SnapStart None Off, VpcConfig 2 subnets", start("app-api", func(f *awsfake.Function) {
		f.Runtime, f.SnapStart, f.Subnets = "", "", []string{"subnet-a", "subnet-b"}
	}))
	assert.Empty(t, starting(&lambda.GetFunctionConfigurationOutput{}))
}

func TestWordsOfLambda(t *testing.T) {
	t.Parallel()
	for want, words := range map[cloud.State][]types.State{
		cloud.Up:           {"Active"},
		cloud.Changing:     {"Pending"},
		cloud.Idle:         {"Inactive"},
		cloud.Down:         {"Failed", "Deactivating", "Deactivated", "ActiveNonInvocable", "Deleting"},
		cloud.StateUnknown: {"", "SomeWordOfNextYear"},
	} {
		for _, word := range words {
			assert.Equal(t, want.String(), serving(&lambda.GetFunctionConfigurationOutput{State: word}).State.String(), word)
		}
	}
	assert.Equal(t, cloud.StateUnknown, updated(&lambda.GetFunctionConfigurationOutput{}).State)
	for word, want := range map[string]time.Time{
		"2026-11-23T10:00:00.250+0000":  time.Date(2026, 11, 23, 10, 0, 0, 250e6, time.UTC),
		"2026-11-23T10:00:00.000000Z":   time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		"2026-11-23T12:00:00.000+0200":  time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		"Mon, 23 Nov 2026 10:00:00 GMT": {},
		"":                              {},
	} {
		assert.Equal(t, want, modified(&lambda.GetFunctionConfigurationOutput{LastModified: &word}), word)
	}
	assert.Zero(t, modified(&lambda.GetFunctionConfigurationOutput{}))
	for want, out := range map[cloud.Answer]lambda.GetFunctionConfigurationOutput{
		cloud.Yes:     {Runtime: types.RuntimePython38},
		cloud.No:      {PackageType: types.PackageTypeImage},
		cloud.Unknown: {Runtime: types.RuntimePython314},
	} {
		assert.Equal(t, want, deprecated(&out))
	}
}

func TestCapacityThatIsNotReservedOrIsNone(t *testing.T) {
	t.Parallel()
	fake, c := standIn(t, account(world))
	none := 0
	for want, reserved := range map[cloud.Limit]*int{cloud.Unlimited: nil, cloud.AtMost(0): &none} {
		fake.Update(func(s *awsfake.State) { s.Functions[0].Reserved = reserved })

		capacity, err := c.Capacity(t.Context(), cloud.Function{ID: "app-api"})

		require.NoError(t, err)
		assert.Equal(t, cloud.Capacity{Max: want, Account: cloud.AtMost(1000), PerInstance: cloud.AtMost(1)}, capacity)
	}
	fake.Refuse("lambda:GetFunctionConcurrency", awsfake.Denied, awsfake.Forever)
	capacity, err := c.Capacity(t.Context(), cloud.Function{ID: "app-api"})
	assert.ErrorContains(t, err, "asking lambda:GetFunctionConcurrency about app-api: no permission: AccessDeniedException: ")
	assert.Equal(t, cloud.AtMost(1000), capacity.Account, "what could be read is told")
	assert.Equal(t, cloud.Unknown, capacity.Max.Set)
}

func TestValidateRunsNothing(t *testing.T) {
	t.Parallel()
	state := account(world)
	state.Functions[0].Aliases = map[string]string{"live": "7"}
	fake, c := standIn(t, state)

	require.NoError(t, c.Validate(t.Context(), cloud.Function{ID: "app-api", Qualifier: "live"}))
	assert.Equal(t, cloud.NotFound, cloud.KindOf(c.Validate(t.Context(), cloud.Function{ID: "app-api", Qualifier: "gone"})))

	fake.Refuse("lambda:InvokeFunction", awsfake.Denied, 1)
	err := c.Validate(t.Context(), cloud.Function{ID: "app-api"})
	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err))
	assert.ErrorContains(t, err, "lambda:InvokeFunction")
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	state := account(world)
	state.Functions[0].Answer = `{"ok":true}`
	fake, c := standIn(t, state)
	f := cloud.Function{ID: "app-api"}

	got, err := c.Invoke(t.Context(), f, []byte(`{}`))
	require.NoError(t, err)
	assert.Equal(t, `{"ok":true}`, string(got.Payload))
	assert.Equal(t, "$LATEST", got.Version)
	assert.Empty(t, got.Failed)
	assert.Positive(t, got.Took)

	fake.Update(func(s *awsfake.State) {
		s.Functions[0].FunctionError, s.Functions[0].Answer = "Unhandled", strings.Repeat("x", 2*cloud.MaxPayload)
	})
	got, err = c.Invoke(t.Context(), f, []byte(`{}`))
	require.NoError(t, err)
	assert.Equal(t, "Unhandled", got.Failed)
	assert.Len(t, got.Payload, cloud.MaxPayload)

	none := 0
	fake.Update(func(s *awsfake.State) { s.Functions[0].Reserved = &none })
	got, err = c.Invoke(t.Context(), f, []byte(`{}`))
	require.NoError(t, err)
	assert.Equal(t, "ReservedFunctionConcurrentInvocationLimitExceeded", got.Failed)

	fake.Update(func(s *awsfake.State) { s.Functions = nil })
	_, err = c.Invoke(t.Context(), f, []byte(`{}`))
	assert.Equal(t, cloud.NotFound, cloud.KindOf(err))
}

// TestInvokeIsNotRepeated, for it may have been done although it failed.
func TestInvokeIsNotRepeated(t *testing.T) {
	t.Parallel()
	fake, c := standIn(t, account(world))
	for why, want := range map[awsfake.Refusal]cloud.Kind{awsfake.Throttled: cloud.Throttled, awsfake.Broken: cloud.Other} {
		fake.Refuse("lambda:InvokeFunction", why, awsfake.Forever)
		before := len(fake.Actions())

		_, err := c.Invoke(t.Context(), cloud.Function{ID: "app-api"}, nil)

		assert.Equal(t, want, cloud.KindOf(err), err)
		assert.Len(t, fake.Actions()[before:], 1)
	}
}

func TestTrafficOfTheBusiestPart(t *testing.T) {
	t.Parallel()
	at := time.Now()
	requests := cloud.Series{{Time: at, Value: 3}, {Time: at.Add(time.Hour), Value: 300}}
	latency := cloud.Series{{Time: at, Value: 9000}, {Time: at.Add(time.Hour), Value: 120}}

	assert.Equal(t, 120*time.Millisecond, usual(latency, requests))
	assert.Zero(t, usual(nil, requests))
	assert.Zero(t, usual(latency, nil))
	assert.Equal(t, cloud.CountOf(303), sum(requests))
	assert.Equal(t, cloud.CountOf(300), most(requests))
}

// TestThrottledRequestsReachNoCode is a function with no concurrency at all.
func TestThrottledRequestsReachNoCode(t *testing.T) {
	t.Parallel()
	state := account(world)
	throttles := awsfake.Metric{Namespace: "AWS/Lambda", Name: "Throttles", Dimension: "FunctionName", Value: "app-api"}
	state.Metrics = map[awsfake.Metric][]awsfake.Point{throttles: {{Time: time.Now().Add(-3 * time.Minute), Value: 12}}}
	_, c := standIn(t, state)

	traffic, err := c.FunctionTraffic(t.Context(), cloud.Function{ID: "app-api"}, time.Hour)

	require.NoError(t, err)
	assert.Equal(t, cloud.CountOf(12), traffic.Throttled)
	assert.Equal(t, cloud.CountOf(0), traffic.Requests)
}

func TestReplicaThatIsStopped(t *testing.T) {
	t.Parallel()
	state := account(world)
	lag := awsfake.Metric{Namespace: "AWS/RDS", Name: "ReplicaLag", Dimension: "DBInstanceIdentifier", Value: "app-db"}
	state.Metrics = map[awsfake.Metric][]awsfake.Point{lag: {
		{Time: time.Now().Add(-3 * time.Minute), Value: 2}, {Time: time.Now().Add(-2 * time.Minute), Value: -1},
	}}
	_, c := standIn(t, state)

	series, err := c.Recent(t.Context(), cloud.Instance{ID: "app-db", Engine: "postgres"}, cloud.ReplicaLag, time.Hour)

	require.NoError(t, err)
	require.Len(t, series, 2)
	assert.InDelta(t, 2, series[0].Value, 0)
	assert.True(t, math.IsInf(series.Last().Value, 1))
	assert.True(t, math.IsInf(series.Mean(), 1))
}
