package awscloud

import (
	"fmt"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/awsfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pointer[T any](v T) *T { return &v }

const jsonFormat = `{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","routeKey":"$context.routeKey","integration":"$context.integrationStatus","status":"$context.status","error":"$context.error.message"}`

// gateways are one of each make.
func gateways() awsfake.State {
	state := account(world)
	state.Gateways = []awsfake.Gateway{
		{ID: "http1", Name: "shop", Protocol: "HTTP",
			CORS: &awsfake.CORS{Origins: []string{"https://shop.example"}, Methods: []string{"GET"}, Headers: []string{"content-type"}, Credentials: true, MaxAge: 300},
			Stages: []awsfake.Stage{
				{Name: "old"}, // before the one that is meant, on a page of its own
				{Name: "$default", Throttle: awsfake.Throttle{Rate: pointer(0.0), Burst: pointer(50)},
					Routes:       map[string]*awsfake.Throttle{"POST /orders": {Rate: pointer(2.5)}, "GET /orders": {Burst: pointer(0)}},
					AccessLogARN: "arn:aws:logs:eu-west-1:123456789012:log-group:/gateway/shop:*", AccessLogFormat: jsonFormat,
					DeploymentMessage: "Successfully deployed stage with deployment ID 'abc'"},
			}},
		{ID: "rest1", Name: "shop-rest", Protocol: "REST", Stages: []awsfake.Stage{
			{Name: "prod", Throttle: awsfake.Throttle{Rate: pointer(10.0)}, LoggingLevel: "ERROR",
				Routes:       map[string]*awsfake.Throttle{"GET /orders/~me": {Rate: pointer(0.0), Burst: pointer(0)}},
				AccessLogARN: "arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-shop", AccessLogFormat: "$context.status"},
		}},
		{ID: "ws1", Name: "chat", Protocol: "WEBSOCKET"},
		{ID: "many1", Name: "many", Protocol: "REST", Stages: []awsfake.Stage{{Name: "dev"}, {Name: "prod"}}},
	}
	return state
}

func TestHTTPGateway(t *testing.T) {
	t.Parallel()
	fake, c := standIn(t, gateways())
	fake.Update(func(s *awsfake.State) { s.PageSize = 1 })

	g, err := c.Gateway(t.Context(), "http1", "")

	require.NoError(t, err)
	assert.Equal(t, cloud.Gateway{
		ID: "http1", Name: "shop", Kind: cloud.HTTPGateway,
		CORS: cloud.CORS{
			Configured: cloud.Yes, Origins: []string{"https://shop.example"}, Methods: []string{"GET"}, Headers: []string{"content-type"},
			Credentials: true, MaxAge: 5 * time.Minute,
		},
		Stage: cloud.Stage{
			Name:   "$default",
			Update: cloud.Condition{State: cloud.Up, Status: "Successfully deployed stage with deployment ID 'abc'"},
			Rate:   cloud.AtMost(0), Burst: cloud.AtMost(50),
			Routes: []cloud.Throttle{
				{Route: "GET /orders", Rate: cloud.Unlimited, Burst: cloud.AtMost(0)},
				{Route: "POST /orders", Rate: cloud.AtMost(2.5), Burst: cloud.Unlimited},
			},
			AccessLog: "/gateway/shop", AccessLogFormat: jsonFormat,
		},
	}, g)
	g, err = c.Gateway(t.Context(), "http1", "old")
	require.NoError(t, err)
	assert.Equal(t, cloud.Stage{Name: "old", Rate: cloud.Unlimited, Burst: cloud.Unlimited}, g.Stage)
}

func TestRESTGateway(t *testing.T) {
	t.Parallel()
	_, c := standIn(t, gateways())

	g, err := c.Gateway(t.Context(), "rest1", "")

	require.NoError(t, err)
	assert.Equal(t, cloud.Gateway{
		ID: "rest1", Name: "shop-rest", Kind: cloud.RESTGateway,
		Stage: cloud.Stage{
			Name: "prod", Rate: cloud.AtMost(10), Burst: cloud.Unlimited,
			Routes:          []cloud.Throttle{{Route: "GET /orders/~me", Rate: cloud.AtMost(0), Burst: cloud.AtMost(0)}},
			AccessLog:       "arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-shop",
			AccessLogFormat: "$context.status",
			ExecutionLog:    "API-Gateway-Execution-Logs_rest1/prod",
		},
	}, g)
}

func TestGatewayOrStageThatIsNotThere(t *testing.T) {
	t.Parallel()
	fake, c := standIn(t, gateways())
	for _, wrong := range []struct {
		id, stage string
		kind      cloud.Kind
		says      string
	}{
		{"none1", "", cloud.NotFound, "asking apigateway:GET about none1: not found: NotFoundException: Invalid API identifier"},
		{"http1", "gone", cloud.NotFound, "got stages old, $default, want gone"},
		{"rest1", "gone", cloud.NotFound, "got stages prod, want gone"},
		{"ws1", "", cloud.NotFound, "got no stage, want one"},
		{"many1", "", cloud.NotConfigured, "got stages dev, prod, want the name of one"},
	} {
		_, err := c.Gateway(t.Context(), wrong.id, wrong.stage)
		assert.Equal(t, wrong.kind, cloud.KindOf(err), wrong.id)
		assert.ErrorContains(t, err, wrong.says)
	}

	fake.Refuse("apigateway:GET", awsfake.Denied, 1) // of version 2 only
	g, err := c.Gateway(t.Context(), "rest1", "")
	require.NoError(t, err)
	assert.Equal(t, cloud.RESTGateway, g.Kind)

	fake.Refuse("apigateway:GET", awsfake.Denied, 1)
	_, err = c.Gateway(t.Context(), "http1", "")
	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err), "it is not said to be missing")
}

func TestDeploymentMessages(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]cloud.State{
		"": cloud.StateUnknown, "Successfully deployed stage with deployment ID 'x'": cloud.Up,
		"Deployment attempt failed: Unable to deploy API because no routes exist in this API": cloud.Down,
		"something of next year": cloud.StateUnknown,
	} {
		assert.Equal(t, want, deployed(message).State, message)
	}
}

func TestGatewayTraffic(t *testing.T) {
	t.Parallel()
	state := gateways()
	at := time.Now().Add(-4 * time.Minute)
	for n := range 40 {
		for name, value := range map[string]float64{"Count": 1, "Latency": 100, "IntegrationLatency": 80, "4": 0, "5": 0} {
			switch {
			case name == "Latency" && n < 3:
				value = 3500
			case name == "5" && n < 2, name == "4" && n < 5:
				value = 1
			}
			http := awsfake.Metric{Namespace: "AWS/ApiGateway", Name: name, Dimension: "ApiId", Value: "http1", Stage: "$default"}
			rest := awsfake.Metric{Namespace: "AWS/ApiGateway", Name: name, Dimension: "ApiName", Value: "shop-rest", Stage: "prod"}
			if len(name) == 1 {
				http.Name, rest.Name = name+"xx", name+"XXError"
			}
			state.Metrics[http] = append(state.Metrics[http], awsfake.Point{Time: at, Value: value})
			state.Metrics[rest] = append(state.Metrics[rest], awsfake.Point{Time: at, Value: value})
		}
	}
	_, c := standIn(t, state)
	for _, id := range []string{"http1", "rest1"} {
		g, err := c.Gateway(t.Context(), id, "")
		require.NoError(t, err)

		traffic, err := c.GatewayTraffic(t.Context(), g, time.Hour)

		require.NoError(t, err)
		assert.Equal(t, cloud.Traffic{
			Requests: cloud.CountOf(40), ClientErrors: cloud.CountOf(5), ServerErrors: cloud.CountOf(2),
			Latency: 3500 * time.Millisecond, Integration: 80 * time.Millisecond,
		}, traffic, id)
	}
	_, err := c.GatewayTraffic(t.Context(), cloud.Gateway{ID: "ws1", Kind: cloud.WebSocketGateway}, time.Hour)
	assert.Equal(t, cloud.NotOffered, cloud.KindOf(err))
}

func TestStatusInEveryFormat(t *testing.T) {
	t.Parallel()
	for format, line := range map[string]string{
		jsonFormat: `{"requestId":"a=","ip":"10.0.0.1","routeKey":"GET /orders","integration":"200","status":"502","error":"Internal \"200\" Error"}`,
		`$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId`: `10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET GET /orders HTTP/1.1" 502 35 a=`,
		"$context.status,$context.integration.status":                 "502,200",
		"<status>$context.status</status>\n":                          "<status>502</status>",
		`{"a":$context.status}`:                                       `{"a":502}`,
		"$context.status-$context.requestOverride.header.x-trace-id.": "502-t1.",
	} {
		found := statusIn(format).FindStringSubmatch(line)
		require.NotNil(t, found, line)
		assert.Equal(t, "502", found[1], format)
	}
	assert.Nil(t, statusIn(`{"integration":"$context.integrationStatus"}`))
	assert.Nil(t, statusIn(""))
}

func TestGatewayErrors(t *testing.T) {
	t.Parallel()
	state := gateways()
	now := time.Now().UTC().Truncate(time.Second)
	for n, status := range []int{502, 200, 404, 429, 507, 503} {
		state.LogGroups["/gateway/shop"] = append(state.LogGroups["/gateway/shop"], awsfake.LogEvent{
			Time:    now.Add(time.Duration(n-10) * time.Minute),
			Message: fmt.Sprintf(`{"requestId":"r%d","ip":"10.0.0.1","routeKey":"GET /","integration":"500","status":"%d","error":"-"}`, n, status),
		})
	}
	fake, c := standIn(t, state)
	g, err := c.Gateway(t.Context(), "http1", "")
	require.NoError(t, err)

	log, err := c.GatewayErrors(t.Context(), g, now.Add(-time.Hour))

	require.NoError(t, err)
	assert.Equal(t, "/gateway/shop", log.Source)
	require.Len(t, log.Lines, 4)
	for n, want := range []int{503, 507, 429, 502} {
		assert.Equal(t, want, log.Lines[n].Status)
		assert.Equal(t, cloud.LevelError, log.Lines[n].Level)
	}

	fake.Update(func(s *awsfake.State) { s.LogGroups = nil })
	_, err = c.GatewayErrors(t.Context(), g, now.Add(-time.Hour))
	assert.Equal(t, cloud.NoData, cloud.KindOf(err))
}

func TestAccessLogThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, c := standIn(t, gateways())
	rest, err := c.Gateway(t.Context(), "rest1", "")
	require.NoError(t, err)
	for _, wrong := range []struct {
		stage cloud.Stage
		kind  cloud.Kind
	}{
		{cloud.Stage{}, cloud.NotEnabled},
		{cloud.Stage{AccessLog: "/gateway/shop", AccessLogFormat: "$context.requestId"}, cloud.NotEnabled},
		{rest.Stage, cloud.NotOffered},
	} {
		_, err := c.GatewayErrors(t.Context(), cloud.Gateway{ID: "http1", Stage: wrong.stage}, time.Now().Add(-time.Hour))
		assert.Equal(t, wrong.kind, cloud.KindOf(err), err)
	}
}
