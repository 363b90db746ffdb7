package local

import (
	"net/http"
	"slices"
	"time"

	"runbook/internal/fake/awsfake"
	"runbook/internal/fake/gcpfake"
)

const (
	deployed  = "TestFunctionIsDeployed"
	mayInvoke = "TestFunctionMayBeInvoked"
	endsWell  = "TestFunctionEndsInFewErrors" // of AWS alone
	capacity  = "TestFunctionHasCapacity"
	starts    = "TestFunctionStartsQuickly"
	codeLog   = "TestFunctionLogIsClean"
)

// ofFunction are the pages that ask about the function, but for the one that answers for it
// and for those that ask about it with one provider alone. overHTTP are those that need
// its answers.
var (
	ofFunction = []string{mayInvoke, capacity, starts, codeLog, inTime}
	overHTTP   = all([]string{healthy}, askers)
)

// functionFaults are those of the code behind the API, of which the provider tells.
var functionFaults = slices.Concat(
	[]Fault{
		{
			Name:    "function-failed",
			Summary: "The function was made anew and cannot run.",
			Page:    deployed, Verdict: failed, Blocks: overHTTP,
			apply: both(notServed, told(
				ofTheFunction(func(f *awsfake.Function) {
					f.State, f.StateReasonCode, f.StateReason = "Failed", "SubnetOutOfIPAddresses", "The subnet has no free IP addresses."
					f.LastUpdateStatus, f.LastUpdateStatusReasonCode, f.LastUpdateStatusReason = f.State, f.StateReasonCode, f.StateReason
				}),
				ofTheService(func(s *gcpfake.Service) { unready(s); neverReady(s) }))),
		},
		{
			Name:    "function-pending-for-ever",
			Summary: "The function was made anew an hour ago and is still not ready.",
			Page:    deployed, Verdict: failed, Blocks: overHTTP,
			apply: both(notServed, told(
				ofTheFunction(func(f *awsfake.Function) {
					f.State, f.StateReasonCode, f.StateReason = "Pending", "Creating", "The function is being created."
					f.LastUpdateStatus, f.LastUpdateStatusReasonCode, f.LastUpdateStatusReason = "InProgress", f.StateReasonCode, f.StateReason
				}),
				ofTheService(func(s *gcpfake.Service) { reconciling(s); neverReady(s) }))),
		},
		{
			Name:    "function-changing",
			Summary: "The function is being deployed, which no run can judge.",
			Page:    deployed, Verdict: inconclusive, Reason: tooEarly,
			apply: told(
				ofTheFunction(func(f *awsfake.Function) { f.LastUpdateStatus, f.Modified = "InProgress", time.Now() }),
				ofTheService(func(s *gcpfake.Service) { reconciling(s); s.UpdateTime = timeAgo(0) })),
		},
		{
			Name:    "function-update-failed",
			Summary: "The last deployment failed, and the code before it goes on serving.",
			Page:    deployed, Verdict: failed,
			apply: told(
				ofTheFunction(func(f *awsfake.Function) {
					f.LastUpdateStatus, f.LastUpdateStatusReasonCode = "Failed", "InvalidSecurityGroup"
					f.LastUpdateStatusReason = "The security group does not exist."
				}),
				ofTheService(unready)),
		},
		{
			Name:    "function-concurrency-zero",
			Summary: "The function may run no time at once: it is switched off.",
			Page:    capacity, Verdict: failed, Blocks: overHTTP,
			apply: both(
				instead(httpAPI(http.StatusServiceUnavailable), frontEnd(http.StatusServiceUnavailable, "Service Unavailable")),
				told(
					ofTheFunction(func(f *awsfake.Function) { f.Reserved = new(int) }),
					ofTheService(func(s *gcpfake.Service) {
						s.Scaling = &gcpfake.Scaling{ScalingMode: "MANUAL", ManualInstanceCount: new(int64)}
					}))),
		},
		{
			Name:    "function-throttled",
			Summary: "One in twenty requests to the function finds no instance free.",
			Page:    capacity, Verdict: failed,
			apply: told(
				functionMeasures("Throttles", counted(perMinute/20)...),
				requested(http.StatusTooManyRequests, "WARNING", "The request was aborted because there was no available instance.", recently(15)...)),
		},
		{
			Name:    "function-cold-starts-slow",
			Summary: "New instances of the function take 12 seconds.",
			Page:    starts, Verdict: failed,
			apply: told(
				together(
					functionLogs(invocation{ago: 40 * time.Minute, init: 12 * time.Second}),
					logged(functionGroup, 20*time.Minute, "INIT_REPORT Init Duration: 10008.12 ms\tPhase: init\tStatus: timeout\n")),
				together(
					startOf(gcpfake.Autoscaling, 40*time.Minute, 12*time.Second),
					startOf(gcpfake.Autoscaling, 20*time.Minute, 12*time.Second))),
		},
		{
			Name:    "function-crashes",
			Summary: "Instances of the function are killed because they take too much memory.",
			Page:    codeLog, Verdict: failed,
			apply: told(
				functionLogs(invocation{ago: 5 * time.Minute, killed: true}, invocation{ago: 2 * time.Minute, killed: true}),
				gcpEntries("varlog/system", "ERROR", "Memory limit of 512 MiB exceeded with 531 MiB used. Consider increasing the memory limit, "+
					"see https://cloud.google.com/run/docs/configuring/memory-limits", 5*time.Minute, 2*time.Minute)),
		},
		{
			Name:    "function-log-errors",
			Summary: "The code logs errors of one in thirty requests, and answers them rightly.",
			Page:    codeLog, Verdict: failed,
			apply: told(
				complaints("ERROR\tthe mail was not sent: 421 try again later", recently(10)...),
				gcpEntries("stderr", "", "ERROR the mail was not sent: 421 try again later", recently(10)...)),
		},
		{
			Name:    "function-invoke-denied",
			Summary: "The runner may not invoke the function.",
			Page:    mayInvoke, Verdict: inconclusive, Reason: noPermission,
			apply: denied("lambda:InvokeFunction", gcpfake.RoutesInvoke),
		},
	},
	also(Fault{
		Name:    "function-gone",
		Summary: "The provider has no function of the name that the stack gives.",
		Page:    deployed, Verdict: failed, Blocks: all(overHTTP, ofFunction),
		apply: both(instead(httpAPI(http.StatusInternalServerError), frontEnd(http.StatusNotFound, "Page not found")), told(
			func(state *awsfake.State) { state.Functions = nil },
			func(state *gcpfake.State) { state.Services = nil })),
	}, []string{endsWell}, []string{fewErrors}),
	also(Fault{
		Name:    "function-denied",
		Summary: "The runner may not ask about the function.",
		Page:    deployed, Verdict: inconclusive, Reason: noPermission, Blinds: ofFunction,
		apply: denied("lambda:GetFunctionConfiguration", gcpfake.ServicesGet),
	}, []string{endsWell}, []string{fewErrors}),
	also(Fault{
		Name:    "function-questions-throttled",
		Summary: "The provider never has time for a question about the function.",
		Page:    deployed, Verdict: inconclusive, Reason: tooOften, Blinds: ofFunction,
		apply: throttled("lambda:GetFunctionConfiguration", gcpfake.ServicesGet),
	}, []string{endsWell}, []string{fewErrors}),
	lambdaFaults,
	cloudRunFaults,
)

// lambdaFaults are those that Lambda alone can have or tell apart.
var lambdaFaults = []Fault{
	{
		Name:    "function-errors",
		Summary: "One in ten invocations of the function ends in an error.",
		Page:    endsWell, Verdict: failed, Blocks: []string{fewErrors, codeLog}, Flavours: []string{AWS},
		apply: told(together(
			functionMeasures("Errors", counted(perMinute/10)...),
			gatewayMeasures("5xx", counted(perMinute/10)...),
			complaints(`ERROR	Invoke Error 	{"errorType":"TypeError","errorMessage":"Cannot read properties of undefined (reading 'id')"}`, recently(30)...)), nil),
	},
	{
		Name:    "function-invocation-fails",
		Summary: "The function throws when it is invoked with the payload of FUNCTION_PAYLOAD.",
		Page:    mayInvoke, Verdict: failed, Flavours: []string{AWS},
		settings: []string{`FUNCTION_PAYLOAD={"ping":true}`},
		apply: told(ofTheFunction(func(f *awsfake.Function) {
			f.FunctionError, f.Answer = "Unhandled", `{"errorType":"TypeError","errorMessage":"Cannot read properties of undefined (reading 'id')","trace":[]}`
		}), nil),
	},
	{
		Name:    "function-log-elsewhere",
		Summary: "The function logs to a group of another name, and only there stands that it was killed.",
		Page:    codeLog, Verdict: failed, Flavours: []string{AWS},
		apply: told(together(
			ofTheFunction(func(f *awsfake.Function) { f.LogGroup, f.SystemLogLevel = otherGroup, "INFO" }),
			logged(otherGroup, 3*time.Hour, `{"time":"2026-01-01T09:00:00.000Z","type":"platform.report","record":{"requestId":"8fc6f963-411b-58b5-8483-a32130c0f45d",`+
				`"metrics":{"durationMs":41.07,"billedDurationMs":42,"memorySizeMB":512,"maxMemoryUsedMB":91,"initDurationMs":400},"status":"success"}}`),
			logged(otherGroup, 2*time.Minute, `{"time":"2026-01-01T12:00:00.000Z","type":"platform.report","record":{"requestId":"8fc6f963-411b-58b5-8483-a32130c0f45e",`+
				`"metrics":{"durationMs":812.4,"billedDurationMs":813,"memorySizeMB":512,"maxMemoryUsedMB":512},"status":"error","errorType":"Runtime.OutOfMemory"}}`)), nil),
	},
	{
		Name:    "function-log-missing",
		Summary: "The function's log group is not there, as before the first request.",
		Page:    codeLog, Verdict: inconclusive, Reason: noData, Blinds: []string{starts}, Flavours: []string{AWS},
		apply: told(func(state *awsfake.State) { delete(state.LogGroups, functionGroup) }, nil),
	},
	{
		Name:    "function-reports-off",
		Summary: "The function's log leaves out Lambda's reports.",
		Page:    starts, Verdict: inconclusive, Reason: notEnabled, Flavours: []string{AWS},
		apply: told(ofTheFunction(func(f *awsfake.Function) { f.SystemLogLevel = "WARN" }), nil),
	},
}

// cloudRunFaults are those that Cloud Run alone tells of.
var cloudRunFaults = []Fault{
	{
		Name:    "function-traffic-pinned",
		Summary: "Every request goes to the revision before the one that was deployed last.",
		Page:    deployed, Verdict: degraded, Flavours: []string{GCP},
		apply: told(nil, ofTheService(func(s *gcpfake.Service) {
			s.Pin(serviceName + "-00001-abc")
			created(s)
			s.LatestReadyRevision, s.ObservedGeneration = s.LatestCreatedRevision, s.Generation
		})),
	},
	{
		Name:    "function-memory-full",
		Summary: "The service's instances have nearly all of their memory in use.",
		Page:    capacity, Verdict: degraded, Flavours: []string{GCP},
		apply: told(nil, inUse("memory", 0.96)),
	},
	{
		Name:    "function-starts-unlogged",
		Summary: "The lines about starts of instances are kept from the log, and only a metric tells that there were any.",
		Page:    starts, Verdict: inconclusive, Reason: notEnabled, Flavours: []string{GCP},
		apply: told(nil, func(state *gcpfake.State) {
			state.Entries = slices.DeleteFunc(state.Entries, func(e gcpfake.Entry) bool { return e.Log == "varlog/system" })
		}),
	},
}

// notServed has the gateway or the front end answer as they do without code behind.
var notServed = instead(httpAPI(http.StatusInternalServerError), frontEnd(http.StatusServiceUnavailable, "Service Unavailable"))

const otherGroup = "/local/functions"

// complaints are requests of which the code logs the same.
func complaints(says string, ago ...time.Duration) func(*awsfake.State) {
	var requests []invocation
	for _, a := range ago {
		requests = append(requests, invocation{ago: a, says: []string{says}})
	}
	return functionLogs(requests...)
}

// unready gives the service a newer revision, which does not start.
func unready(s *gcpfake.Service) {
	created(s)
	s.ObservedGeneration = s.Generation
	s.TerminalCondition = &gcpfake.Condition{
		Type: "Ready", State: "CONDITION_FAILED", RevisionReason: "HEALTH_CHECK_CONTAINER_ERROR", LastTransitionTime: s.UpdateTime,
		Message: "Revision 'local-api-00002-xyz' is not ready and cannot serve traffic. The user-provided container failed to start and " +
			"listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout.",
	}
}

// reconciling gives the service a newer revision, which may yet start.
func reconciling(s *gcpfake.Service) {
	created(s)
	s.Reconciling = true
	s.TerminalCondition = &gcpfake.Condition{Type: "Ready", State: "CONDITION_RECONCILING", LastTransitionTime: s.UpdateTime}
}

func created(s *gcpfake.Service) {
	s.Generation++
	s.LatestCreatedRevision = s.Name + "/revisions/" + serviceName + "-00002-xyz"
}

// neverReady takes away the revision that served so far.
func neverReady(s *gcpfake.Service) { s.LatestReadyRevision, s.TrafficStatuses = "", nil }
