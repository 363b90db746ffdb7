package local

import (
	"net/http"
	"slices"

	"runbook/internal/fake/awsfake"
	"runbook/internal/fake/gcpfake"
)

const (
	gatewayUp = "TestAPIGatewayIsDeployed"     // of AWS alone
	letsIn    = "TestAPIGatewayLetsRequestsIn" // likewise
	accessLog = "TestAPIAccessLogIsClean"      // likewise
	fewErrors = "TestAPIServesFewErrors"
	inTime    = "TestAPIServesInTime"
)

// ofGateway are the pages that ask about the gateway, but for the one that answers for it.
var ofGateway = []string{letsIn, fewErrors, inTime, accessLog}

// trafficFaults are those that show in what the provider measures of requests to the API.
var trafficFaults = slices.Concat(
	[]Fault{
		{
			Name:    "api-errors",
			Summary: "One in ten requests is answered with 5xx, though the health check is not.",
			Page:    fewErrors, Verdict: failed,
			apply: told(
				gatewayMeasures("5xx", counted(perMinute/10)...),
				together(answersOf("2xx", perMinute-1-perMinute/10), answersOf("5xx", perMinute/10))),
		},
		{
			Name:    "api-errors-unreached",
			Summary: "Requests are answered with 500 because no instance starts for them, of which only the request log tells.",
			Page:    fewErrors, Verdict: failed, Blocks: []string{codeLog}, Flavours: []string{GCP},
			apply: told(nil, requested(http.StatusInternalServerError, "ERROR",
				"The request failed because the instance could not start successfully.", recently(30)...)),
		},
		{
			Name:    "api-latency-measured",
			Summary: "One in ten requests takes 4 seconds, though the health check does not.",
			Page:    inTime, Verdict: failed,
			apply: told(
				together(gatewayMeasures("Latency", latencies(60, 4000)...), gatewayMeasures("IntegrationLatency", latencies(45, 3980)...)),
				latenciesOf(latencies(60, 4000))),
		},
		{
			Name:    "function-near-timeout",
			Summary: "One in ten requests takes nearly all of the 2 seconds after which the function is stopped.",
			Page:    inTime, Verdict: failed,
			apply: told(
				together(
					ofTheFunction(func(f *awsfake.Function) { f.Timeout = 2 }),
					functionMeasures("Duration", latencies(40, 1800)...)),
				together(
					ofTheService(func(s *gcpfake.Service) { s.Template.Timeout = "2s" }),
					latenciesOf(latencies(60, 1800)))),
		},
	},
	also(Fault{
		Name:    "traffic-missing",
		Summary: "The provider has measured no requests.",
		Page:    fewErrors, Verdict: inconclusive, Reason: noData, Blinds: []string{inTime, capacity},
		apply: told(awsUnmeasured("AWS/Lambda", "AWS/ApiGateway"), gcpUnmeasured(ofTheRevision)),
	}, []string{endsWell}, nil),
)

// gatewayFaults are those of the gateway of AWS. What stands before Cloud Run is Google's.
var gatewayFaults = []Fault{
	{
		Name:    "gateway-gone",
		Summary: "The provider has no gateway of the id that the stack gives.",
		Page:    gatewayUp, Verdict: failed, Blocks: ofGateway, Flavours: []string{AWS},
		apply: told(func(state *awsfake.State) { state.Gateways = nil }, nil),
	},
	{
		Name:    "gateway-stage-gone",
		Summary: "The gateway has no stage, and answers 404 to everyone.",
		Page:    gatewayUp, Verdict: failed, Blocks: all(overHTTP, ofGateway), Flavours: []string{AWS},
		apply: both(
			apiBehaves(httpAPI(http.StatusNotFound)),
			told(func(state *awsfake.State) { state.Gateways[0].Stages = nil }, nil)),
	},
	{
		Name:    "gateway-denied",
		Summary: "The runner may not ask about gateways.",
		Page:    gatewayUp, Verdict: inconclusive, Reason: noPermission, Blinds: ofGateway, Flavours: []string{AWS},
		apply: denied("apigateway:GET", ""),
	},
	{
		Name:    "gateway-deployment-failed",
		Summary: "The gateway's last deployment failed, and the one before it goes on serving.",
		Page:    gatewayUp, Verdict: failed, Flavours: []string{AWS},
		apply: told(ofTheStage(func(s *awsfake.Stage) {
			s.DeploymentMessage = "Deployment attempt failed: Unable to deploy API because no routes exist in this API"
		}), nil),
	},
	{
		Name:    "api-rate-limit-zero",
		Summary: "The gateway answers 429 to everyone: a limit of 0 was deployed.",
		Page:    letsIn, Verdict: failed, Blocks: overHTTP, Flavours: []string{AWS},
		apply: both(
			apiBehaves(httpAPI(http.StatusTooManyRequests)),
			told(ofTheStage(func(s *awsfake.Stage) { s.Throttle = closed() }), nil)),
	},
	{
		Name:    "gateway-route-closed",
		Summary: "One of the gateway's routes has a limit of 0.",
		Page:    letsIn, Verdict: failed, Flavours: []string{AWS},
		apply: told(ofTheStage(func(s *awsfake.Stage) {
			route := closed()
			s.Routes = map[string]*awsfake.Throttle{"POST /orders": &route}
		}), nil),
	},
	{
		Name:    "access-log-throttles",
		Summary: "The gateway answers 429 to one in thirty requests.",
		Page:    accessLog, Verdict: failed, Flavours: []string{AWS},
		apply: told(accesses(http.StatusTooManyRequests, recently(10)...), nil),
	},
	{
		Name:    "access-log-off",
		Summary: "The gateway keeps no access log.",
		Page:    accessLog, Verdict: inconclusive, Reason: notEnabled, Flavours: []string{AWS},
		apply: told(ofTheStage(func(s *awsfake.Stage) { s.AccessLogARN, s.AccessLogFormat = "", "" }), nil),
	},
}

// closed lets no request through.
func closed() awsfake.Throttle { return awsfake.Throttle{Rate: new(float64), Burst: new(int)} }
