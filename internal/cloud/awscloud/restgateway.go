package awscloud

import (
	"context"
	"maps"
	"slices"
	"strings"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// restGateway returns the gateway beside an error about its stage. What a REST
// API answers to browsers is spread over the methods of its resources.
func (c *Client) restGateway(ctx context.Context, id, stage string) (cloud.Gateway, error) {
	api, err := ask(ctx, c, readGateway, id, func(ctx context.Context) (*apigateway.GetRestApiOutput, error) {
		return c.rest.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: aws.String(id)})
	})
	if err != nil {
		return cloud.Gateway{}, err
	}
	g := cloud.Gateway{ID: id, Name: aws.ToString(api.Name), Kind: cloud.RESTGateway}
	out, err := ask(ctx, c, readGateway, id+"/stages", func(ctx context.Context) (*apigateway.GetStagesOutput, error) {
		return c.rest.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: aws.String(id)})
	})
	if err != nil {
		return g, err
	}
	var stages []cloud.Stage
	for _, s := range out.Item {
		stages = append(stages, restStage(id, s))
	}
	g.Stage, err = chosen(id, stage, stages)
	return g, err
}

const everyMethod = "*/*"

func restStage(id string, s types.Stage) cloud.Stage {
	stage := cloud.Stage{Name: aws.ToString(s.StageName), Rate: cloud.Unlimited, Burst: cloud.Unlimited}
	for _, key := range slices.Sorted(maps.Keys(s.MethodSettings)) {
		set := s.MethodSettings[key]
		rate, burst := throttle(set.ThrottlingRateLimit), throttle(float64(set.ThrottlingBurstLimit))
		if key == everyMethod {
			stage.Rate, stage.Burst = rate, burst
		} else {
			stage.Routes = append(stage.Routes, cloud.Throttle{Route: route(key), Rate: rate, Burst: burst})
		}
		if level := aws.ToString(set.LoggingLevel); level != "" && level != "OFF" {
			stage.ExecutionLog = "API-Gateway-Execution-Logs_" + id + "/" + stage.Name
		}
	}
	slices.SortFunc(stage.Routes, func(a, b cloud.Throttle) int { return strings.Compare(a.Route, b.Route) })
	if set := s.AccessLogSettings; set != nil {
		stage.AccessLog, stage.AccessLogFormat = logGroupOf(aws.ToString(set.DestinationArn)), aws.ToString(set.Format)
	}
	return stage
}

// throttle of a method that has settings is always named; below 0 it is off.
func throttle(set float64) cloud.Limit {
	if set < 0 {
		return cloud.Unlimited
	}
	return cloud.AtMost(set)
}

// route is "GET /orders" of the key "~1orders/GET", a JSON pointer.
func route(key string) string {
	cut := strings.LastIndex(key, "/")
	if cut < 0 {
		return key
	}
	path := strings.NewReplacer("~1", "/", "~0", "~").Replace(key[:cut])
	return key[cut+1:] + " " + path
}
