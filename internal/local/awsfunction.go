package local

import (
	"fmt"
	"time"

	"runbook/internal/fake/awsfake"
)

const (
	functionName  = "local-function"
	functionGroup = "/aws/lambda/" + functionName
)

// awsFunction is a Lambda function on a good day.
func awsFunction() func(*awsfake.State) {
	return together(
		func(state *awsfake.State) {
			state.Concurrency = 1000
			state.Functions = []awsfake.Function{{
				Name: functionName, Runtime: "nodejs22.x", Timeout: 30, MemoryMiB: 512,
				State: "Active", LastUpdateStatus: "Successful", Modified: time.Now().Add(-time.Hour),
				Answer: `{"statusCode":200}`,
			}}
		},
		functionMeasures("Invocations", counted(perMinute)...),
		functionMeasures("Errors", counted(0)...),
		functionMeasures("Throttles", counted(0)...),
		functionMeasures("Duration", latencies(40, 90)...),
		functionMeasures("ConcurrentExecutions", sample{2, 1}),
		functionLogs(
			invocation{ago: 3 * time.Hour, init: 400 * time.Millisecond, says: []string{"INFO\tserved /health"}},
			invocation{ago: 8 * time.Minute, says: []string{"INFO\tserved /health", "INFO\tno error so far"}},
			invocation{ago: time.Minute, says: []string{"INFO\tserved /health"}},
		),
	)
}

// ofTheFunction changes the function's configuration.
func ofTheFunction(change func(*awsfake.Function)) func(*awsfake.State) {
	return func(state *awsfake.State) { change(&state.Functions[0]) }
}

func functionMeasures(name string, samples ...sample) func(*awsfake.State) {
	return awsSamples(awsfake.Metric{Namespace: "AWS/Lambda", Name: name, Dimension: "FunctionName", Value: functionName}, samples)
}

// awsSamples measures the same each minute.
func awsSamples(metric awsfake.Metric, samples []sample) func(*awsfake.State) {
	return func(state *awsfake.State) {
		var points []awsfake.Point
		for _, at := range minutes() {
			for _, s := range samples {
				if s.requests > 0 {
					points = append(points, awsfake.Point{Time: at, Value: s.value, Samples: s.requests})
				}
			}
		}
		state.Metrics[metric] = points
	}
}

// invocation is a request to the function, as its log tells of it in the text format.
type invocation struct {
	ago    time.Duration
	init   time.Duration // of the instance that was started for it; 0 = one was there
	says   []string      // what the code logs: "INFO\tserved"
	killed bool          // by the kernel, for want of memory
}

func (i invocation) at() time.Time { return time.Now().Add(-i.ago) }

// id is the request's own.
func (i invocation) id() string { return fmt.Sprintf("8fc6f963-411b-58b5-8483-%012x", int64(i.ago)) }

func (i invocation) lines() []string {
	lines := []string{"START RequestId: " + i.id() + " Version: $LATEST\n"}
	for _, said := range i.says {
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\n", i.at().UTC().Format("2006-01-02T15:04:05.000Z"), i.id(), said))
	}
	report := "REPORT RequestId: " + i.id() + "\tDuration: 41.07 ms\tBilled Duration: 42 ms\tMemory Size: 512 MB\tMax Memory Used: 91 MB\t"
	if i.init > 0 {
		report += fmt.Sprintf("Init Duration: %.2f ms\t", i.init.Seconds()*1000)
	}
	if i.killed {
		lines = append(lines, "RequestId: "+i.id()+" Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n")
		report += "Status: error\tError Type: Runtime.ExitError"
	}
	return append(lines, "END RequestId: "+i.id()+"\n", report+"\n")
}

func functionLogs(requests ...invocation) func(*awsfake.State) {
	return func(state *awsfake.State) {
		for _, i := range requests {
			for _, line := range i.lines() {
				logged(functionGroup, i.ago, line)(state)
			}
		}
	}
}

// logged puts a line into a log group, which it makes where there is none.
func logged(group string, ago time.Duration, text string) func(*awsfake.State) {
	return func(state *awsfake.State) {
		event := awsfake.LogEvent{Time: time.Now().Add(-ago), Stream: "2026/01/01/[$LATEST]8f1a1fb9", Message: text}
		state.LogGroups[group] = append(state.LogGroups[group], event)
	}
}
