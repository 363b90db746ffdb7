package awscloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// readGateway is the one action by which IAM names every reading request of
// both versions.
const readGateway = "apigateway:GET"

// Gateway looks for an HTTP or WebSocket API, then for a REST API: the two
// versions' ids look the same.
func (c *Client) Gateway(ctx context.Context, id, stage string) (cloud.Gateway, error) {
	g, err := c.httpGateway(ctx, id, stage)
	kind := cloud.KindOf(err)
	// A permission may name one version only, so that a refusal says nothing of
	// the other.
	if g.ID != "" || kind != cloud.NotFound && kind != cloud.NoPermission {
		return g, err
	}
	rest, again := c.restGateway(ctx, id, stage)
	if cloud.KindOf(again) == cloud.NotFound && rest.ID == "" {
		return cloud.Gateway{}, err
	}
	return rest, again
}

// httpGateway returns the gateway beside an error about its stage.
func (c *Client) httpGateway(ctx context.Context, id, stage string) (cloud.Gateway, error) {
	api, err := ask(ctx, c, readGateway, id, func(ctx context.Context) (*apigatewayv2.GetApiOutput, error) {
		return c.http.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: aws.String(id)})
	})
	if err != nil {
		return cloud.Gateway{}, err
	}
	g := cloud.Gateway{
		ID: id, Name: aws.ToString(api.Name), Kind: cloud.GatewayKind(api.ProtocolType), CORS: cors(api.CorsConfiguration),
	}
	stages, err := c.httpStages(ctx, id)
	if err == nil {
		g.Stage, err = chosen(id, stage, stages)
	}
	return g, err
}

func (c *Client) httpStages(ctx context.Context, id string) ([]cloud.Stage, error) {
	var stages []cloud.Stage
	in := &apigatewayv2.GetStagesInput{ApiId: aws.String(id)}
	for {
		page, err := ask(ctx, c, readGateway, id+"/stages", func(ctx context.Context) (*apigatewayv2.GetStagesOutput, error) {
			return c.http.GetStages(ctx, in)
		})
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			stages = append(stages, httpStage(s))
		}
		if aws.ToString(page.NextToken) == "" {
			return stages, nil
		}
		in.NextToken = page.NextToken
	}
}

func httpStage(s types.Stage) cloud.Stage {
	stage := cloud.Stage{
		Name:   aws.ToString(s.StageName),
		Update: deployed(aws.ToString(s.LastDeploymentStatusMessage)),
		Rate:   cloud.Unlimited,
		Burst:  cloud.Unlimited,
	}
	if set := s.DefaultRouteSettings; set != nil {
		stage.Rate, stage.Burst = limit(set.ThrottlingRateLimit), limit(set.ThrottlingBurstLimit)
	}
	for _, route := range slices.Sorted(maps.Keys(s.RouteSettings)) {
		set := s.RouteSettings[route]
		if set.ThrottlingRateLimit != nil || set.ThrottlingBurstLimit != nil {
			stage.Routes = append(stage.Routes, cloud.Throttle{
				Route: route, Rate: limit(set.ThrottlingRateLimit), Burst: limit(set.ThrottlingBurstLimit),
			})
		}
	}
	if set := s.AccessLogSettings; set != nil {
		stage.AccessLog, stage.AccessLogFormat = logGroupOf(aws.ToString(set.DestinationArn)), aws.ToString(set.Format)
	}
	return stage
}

// deployed reads the only sign there is of an automatic deployment, a
// sentence: "Successfully deployed stage with deployment ID '…'",
// "Deployment attempt failed: Unable to deploy API because …".
func deployed(message string) cloud.Condition {
	c := cloud.Condition{Status: message}
	switch {
	case strings.HasPrefix(message, "Successfully"):
		c.State = cloud.Up
	case strings.Contains(message, "failed"), strings.Contains(message, "Unable"):
		c.State, c.Reason = cloud.Down, message
	}
	return c
}

// logGroupOf returns the log group an ARN names; another kind of place stays
// an ARN.
func logGroupOf(place string) string {
	if _, group, ok := strings.Cut(place, ":log-group:"); ok {
		return strings.TrimSuffix(group, ":*")
	}
	return place
}

func cors(set *types.Cors) cloud.CORS {
	if set == nil {
		return cloud.CORS{Configured: cloud.No}
	}
	return cloud.CORS{
		Configured: cloud.Yes, Origins: set.AllowOrigins, Methods: set.AllowMethods, Headers: set.AllowHeaders,
		Credentials: aws.ToBool(set.AllowCredentials), MaxAge: time.Duration(aws.ToInt32(set.MaxAge)) * time.Second,
	}
}

// chosen finds the stage that is meant among all of a gateway's.
func chosen(id, name string, stages []cloud.Stage) (cloud.Stage, error) {
	var names []string
	for _, s := range stages {
		if s.Name == name || name == "" && (s.Name == "$default" || len(stages) == 1) {
			return s, nil
		}
		names = append(names, s.Name)
	}
	failed := &cloud.Error{Action: readGateway, Subject: id + "/stages", Kind: cloud.NotFound, Err: errors.New("got no stage, want one")}
	if name != "" {
		failed.Err = fmt.Errorf("got stages %s, want %s", strings.Join(names, ", "), name)
	} else if names != nil {
		failed.Kind, failed.Err = cloud.NotConfigured, fmt.Errorf("got stages %s, want the name of one", strings.Join(names, ", "))
	}
	return cloud.Stage{}, failed
}
