package local

import (
	"fmt"
	"time"

	"runbook/internal/fake/awsfake"
)

const (
	gatewayID    = "local-api"
	defaultStage = "$default"
	accessGroup  = "/aws/apigateway/" + gatewayID
	accessFormat = `{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","routeKey":"$context.routeKey","status":"$context.status","error":"$context.error.message"}`
)

// awsGateway is an HTTP API before the function, on a good day.
func awsGateway() func(*awsfake.State) {
	return together(
		func(state *awsfake.State) {
			state.Gateways = []awsfake.Gateway{{
				ID: gatewayID, Name: "local", Protocol: "HTTP",
				Stages: []awsfake.Stage{{
					Name:            defaultStage,
					AccessLogARN:    "arn:aws:logs:" + awsRegion + ":" + state.Account + ":log-group:" + accessGroup,
					AccessLogFormat: accessFormat, DeploymentMessage: "Successfully deployed stage with deployment ID 'k5f2ab'",
				}},
			}}
		},
		gatewayMeasures("Count", counted(perMinute)...),
		gatewayMeasures("4xx", counted(1)...),
		gatewayMeasures("5xx", counted(0)...),
		gatewayMeasures("Latency", latencies(60, 110)...),
		gatewayMeasures("IntegrationLatency", latencies(45, 95)...),
		accesses(200, recently(20)...),
		accesses(404, 4*time.Minute),
	)
}

// ofTheStage changes the settings of the gateway's stage.
func ofTheStage(change func(*awsfake.Stage)) func(*awsfake.State) {
	return func(state *awsfake.State) { change(&state.Gateways[0].Stages[0]) }
}

func gatewayMeasures(name string, samples ...sample) func(*awsfake.State) {
	return awsSamples(awsfake.Metric{Namespace: "AWS/ApiGateway", Name: name, Dimension: "ApiId", Value: gatewayID, Stage: defaultStage}, samples)
}

// accesses are requests in the access log.
func accesses(status int, ago ...time.Duration) func(*awsfake.State) {
	return func(state *awsfake.State) {
		for _, a := range ago {
			line := fmt.Sprintf(`{"requestId":"OQyW%012x=","ip":"192.0.2.7","routeKey":"GET /health","status":"%d","error":"-"}`, int64(a), status)
			logged(accessGroup, a, line)(state)
		}
	}
}
