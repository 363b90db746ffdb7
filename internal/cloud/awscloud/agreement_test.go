package awscloud

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/fake/awsfake"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var world = cloudtest.World{
	Caller:   cloud.Caller{Account: "123456789012"},
	Database: cloudtest.Database{ID: "app-db", State: cloud.Up, Port: 5432, Storage: cloud.Storage{Bytes: 20 * gib}},
	Function: cloudtest.Function{ID: "app-api", Serving: cloud.Up, Update: cloud.Up, Timeout: 30 * time.Second, Memory: 512 * mib},
}

// TestStandInAgreesWithMoto puts questions without a good answer to both: two
// who wrote down the same interface of AWS apart should have heard the same.
// Left out is what moto has no answer to at all (a 500): log files asked for by
// name or time, targets of a proxy that is not there.
func TestStandInAgreesWithMoto(t *testing.T) {
	t.Parallel()
	moto := emulator(t, startMoto(t), region)
	emulated{t, moto}.show(world)
	server := httptest.NewServer(awsfake.New(account(world)))
	defer server.Close()
	ours := client(t, server.URL)

	for name, question := range map[string]func(context.Context, *Client) error{
		"no such identifier": func(ctx context.Context, c *Client) error {
			_, err := c.Instance(ctx, "no-such-db")
			return err
		},
		"no such resource id": func(ctx context.Context, c *Client) error {
			_, err := c.Instance(ctx, "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
			return err
		},
		"an unknown filter": func(ctx context.Context, c *Client) error {
			_, err := c.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{Filters: filter("no-such-filter", "x")})
			return err
		},
		"no such security group": func(ctx context.Context, c *Client) error {
			_, err := c.Admits(ctx, cloud.Instance{Groups: []string{"sg-0123456789abcdef0"}}, 5432)
			return err
		},
		"no such log group": func(ctx context.Context, c *Client) error {
			_, err := c.DatabaseErrors(ctx, cloud.Instance{ID: "no-such-db", LogExport: cloud.Yes}, time.Now())
			return err
		},
		"no window": func(ctx context.Context, c *Client) error {
			_, err := c.Recent(ctx, cloud.Instance{ID: "app-db"}, cloud.CPU, -time.Hour)
			return err
		},
		"a metric of nothing": func(ctx context.Context, c *Client) error {
			_, err := c.Recent(ctx, cloud.Instance{ID: "no-such-db"}, cloud.CPU, time.Hour)
			return err
		},
		"no such function": func(ctx context.Context, c *Client) error {
			_, err := c.Function(ctx, "no-such-function")
			return err
		},
		"no such alias": func(ctx context.Context, c *Client) error {
			_, err := c.Function(ctx, world.Function.ID+":no-such-alias")
			return err
		},
		"no such concurrency": func(ctx context.Context, c *Client) error {
			_, err := c.Capacity(ctx, cloud.Function{ID: "no-such-function"})
			return err
		},
		"no such gateway": func(ctx context.Context, c *Client) error {
			_, err := c.Gateway(ctx, "nosuchapi", "")
			return err
		},
		"no such REST gateway": func(ctx context.Context, c *Client) error {
			_, err := c.restGateway(ctx, "nosuchapi", "")
			return err
		},
		"no such proxy": func(ctx context.Context, c *Client) error {
			_, err := c.rds.DescribeDBProxies(ctx, &rds.DescribeDBProxiesInput{DBProxyName: aws.String("no-such-proxy")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			theirs, own := question(t.Context(), moto), question(t.Context(), ours)
			assert.Equal(t, cloud.KindOf(theirs), cloud.KindOf(own), "moto: %v\nstand-in: %v", theirs, own)
			assert.Equal(t, code(theirs), code(own), "moto: %v\nstand-in: %v", theirs, own)
		})
	}
}

func code(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// TestMotoInstanceByEachOfItsNames shows that a name in any form finds the
// instance, and the same one.
func TestMotoInstanceByEachOfItsNames(t *testing.T) {
	t.Parallel()
	c := emulator(t, startMoto(t), region)
	emulated{t, c}.show(world)
	made, err := c.rds.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: aws.String("app-db")})
	require.NoError(t, err)

	for _, id := range []*string{made.DBInstance.DBInstanceIdentifier, made.DBInstance.DbiResourceId, made.DBInstance.DBInstanceArn} {
		i, err := c.Instance(t.Context(), *id)

		require.NoError(t, err)
		assert.Equal(t, "app-db", i.ID)
		assert.Equal(t, cloud.Down, i.State, i.Status)
	}
}

// TestMotoGateways has both versions of API Gateway tell a limit of 0 from one
// that is not set.
func TestMotoGateways(t *testing.T) {
	t.Parallel()
	c := emulator(t, startMoto(t), region)
	ctx := t.Context()
	http, err := c.http.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: aws.String("shop"), ProtocolType: "HTTP", CorsConfiguration: &v2.Cors{AllowOrigins: []string{"https://shop.example"}},
	})
	require.NoError(t, err)
	_, err = c.http.CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: http.ApiId, StageName: aws.String("$default"), DefaultRouteSettings: &v2.RouteSettings{ThrottlingRateLimit: aws.Float64(0)},
		AccessLogSettings: &v2.AccessLogSettings{DestinationArn: aws.String("arn:aws:logs:eu-west-1:1:log-group:/shop"), Format: aws.String("$context.status")},
	})
	require.NoError(t, err)

	g, err := c.Gateway(ctx, *http.ApiId, "")

	require.NoError(t, err)
	assert.Equal(t, cloud.HTTPGateway, g.Kind)
	assert.Equal(t, []string{"https://shop.example"}, g.CORS.Origins)
	assert.Equal(t, cloud.Stage{
		Name: "$default", Rate: cloud.AtMost(0), Burst: cloud.Unlimited, AccessLog: "/shop", AccessLogFormat: "$context.status",
	}, g.Stage)

	rest, err := c.rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("shop-rest")})
	require.NoError(t, err)
	method := &apigateway.PutMethodInput{RestApiId: rest.Id, ResourceId: rest.RootResourceId, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")}
	_, err = c.rest.PutMethod(ctx, method)
	require.NoError(t, err)
	_, err = c.rest.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: rest.Id, ResourceId: rest.RootResourceId, HttpMethod: method.HttpMethod, Type: "MOCK"})
	require.NoError(t, err)
	stage := aws.String("prod")
	_, err = c.rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: rest.Id, StageName: stage})
	require.NoError(t, err)

	g, err = c.Gateway(ctx, *rest.Id, "prod")
	require.NoError(t, err)
	assert.Equal(t, []string{"REST", "shop-rest", "none"}, []string{string(g.Kind), g.Name, g.Stage.Rate.String()})

	_, err = c.rest.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: rest.Id, StageName: stage, PatchOperations: []v1.PatchOperation{
		{Op: v1.OpReplace, Path: aws.String("/*/*/throttling/rateLimit"), Value: aws.String("0")},
	}})
	require.NoError(t, err)
	g, err = c.Gateway(ctx, *rest.Id, "")
	require.NoError(t, err)
	assert.True(t, g.Stage.Rate.Closed())
	assert.False(t, g.Stage.Burst.Closed())
}

// TestMotoAcceptsSignatures has an implementation that is not ours check the
// requests that we sign ourselves. (To a refused request for another service
// moto answers in a shape that is not that service's.)
func TestMotoAcceptsSignatures(t *testing.T) {
	t.Parallel()
	endpoint := startMoto(t, "INITIAL_NO_AUTH_ACTION_COUNT=3") // calls before it checks
	iam := func(form url.Values) string { return call(t, endpoint, form) }
	iam(url.Values{"Action": {"CreateUser"}, "UserName": {"smoke"}})
	made := iam(url.Values{"Action": {"CreateAccessKey"}, "UserName": {"smoke"}})
	iam(url.Values{"Action": {"PutUserPolicy"}, "UserName": {"smoke"}, "PolicyName": {"p"}, "PolicyDocument": {
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeSecurityGroups"],"Resource":"*"}]}`,
	}})
	key, secret := between(made, "AccessKeyId"), between(made, "SecretAccessKey")
	c := client(t, endpoint, withKeys(key, secret))

	_, err := c.securityGroups(t.Context(), nil)
	require.NoError(t, err)

	_, err = c.prefixList(t.Context(), "sg-1", "pl-1")
	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err), err)
	_, err = client(t, endpoint, withKeys(key, "wrong")).securityGroups(t.Context(), nil)
	assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
	_, err = client(t, endpoint).securityGroups(t.Context(), nil)
	assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
}

func between(document, element string) string {
	_, after, _ := strings.Cut(document, "<"+element+">")
	text, _, _ := strings.Cut(after, "</"+element+">")
	return text
}
