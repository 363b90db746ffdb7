// Package awscloud answers the questions of package cloud about Amazon RDS for
// PostgreSQL, Aurora PostgreSQL, Lambda and API Gateway.
//
// It is the only package that imports the AWS SDK. Of EC2 it needs two calls,
// which it signs itself: the SDK's client for EC2 costs a minute of compile
// time and gigabytes of memory.
package awscloud

import (
	"context"
	"net"
	"sync"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Permissions are the IAM actions a Client uses.
var Permissions = cloud.Permissions{
	cloud.AskCaller:   {"sts:GetCallerIdentity"},
	cloud.AskInstance: {"rds:DescribeDBInstances"},
	cloud.AskFirewall: {"ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries"},
	cloud.AskLogs:     {"logs:FilterLogEvents", "rds:DescribeDBLogFiles", "rds:DownloadDBLogFilePortion"},
	cloud.AskMetrics:  {"cloudwatch:GetMetricData"},
	cloud.AskPooler:   {"rds:DescribeDBProxies", "rds:DescribeDBProxyEndpoints", "rds:DescribeDBProxyTargets", "cloudwatch:GetMetricData"},

	cloud.AskFunction:     {"lambda:GetFunctionConfiguration"},
	cloud.AskCapacity:     {"lambda:GetAccountSettings", "lambda:GetFunctionConcurrency"},
	cloud.AskFunctionLogs: {"logs:FilterLogEvents"},
	cloud.AskColdStarts:   {"logs:FilterLogEvents"},
	cloud.AskTraffic:      {"cloudwatch:GetMetricData"},
	cloud.AskGateway:      {"apigateway:GET"},
	cloud.AskGatewayLogs:  {"logs:FilterLogEvents"},
	cloud.AskInvoke:       {"lambda:InvokeFunction"},
}

const (
	// A connection within a region takes milliseconds; one that takes this long
	// is dropped by a firewall on the way.
	dialPatience = 3 * time.Second
	// Enough for a credential process or a role assumed over the network; short
	// enough to tell within a page's budget that the machine has no role.
	credentialPatience = 5 * time.Second
)

// Config says where to ask. The zero Config takes everything from the
// environment and the shared configuration files, as the AWS CLI does.
type Config struct {
	Region   string // "" = AWS_REGION or the profile's
	Endpoint string // base URL of every service; "" = AWS_ENDPOINT_URL… or AWS itself
}

// Client asks one region of AWS. It is safe for concurrent use.
type Client struct {
	config     aws.Config
	rds        *rds.Client
	cloudwatch *cloudwatch.Client
	logs       *cloudwatchlogs.Client
	sts        *sts.Client
	lambda     *lambda.Client
	http       *apigatewayv2.Client
	rest       *apigateway.Client
	credential func() error
}

var (
	_ cloud.Identities = (*Client)(nil)
	_ cloud.Databases  = (*Client)(nil)
	_ cloud.Firewalls  = (*Client)(nil)
	_ cloud.Logs       = (*Client)(nil)
	_ cloud.Metrics    = (*Client)(nil)
	_ cloud.Poolers    = (*Client)(nil)

	_ cloud.Functions       = (*Client)(nil)
	_ cloud.Capacities      = (*Client)(nil)
	_ cloud.FunctionLogs    = (*Client)(nil)
	_ cloud.ColdStarts      = (*Client)(nil)
	_ cloud.FunctionTraffic = (*Client)(nil)
	_ cloud.Validators      = (*Client)(nil)
	_ cloud.Invokers        = (*Client)(nil)
	_ cloud.Gateways        = (*Client)(nil)
	_ cloud.GatewayTraffic  = (*Client)(nil)
	_ cloud.GatewayLogs     = (*Client)(nil)
)

// New reads the configuration and asks nothing yet. Credentials are looked for
// once, at the first question; whether that succeeds or not holds for all.
func New(ctx context.Context, c Config) (*Client, error) {
	return open(ctx, c)
}

func open(ctx context.Context, c Config, more ...func(*config.LoadOptions) error) (*Client, error) {
	options := append([]func(*config.LoadOptions) error{
		config.WithRegion(c.Region),
		config.WithBaseEndpoint(c.Endpoint),
		// Each question does its own retrying: the SDK's forgets, when time runs
		// out, that it was being throttled.
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = dialPatience
		})),
	}, more...)
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	cfg.HTTPClient = steadyClient{cfg.HTTPClient}
	return &Client{
		config:     cfg,
		rds:        rds.NewFromConfig(cfg),
		cloudwatch: cloudwatch.NewFromConfig(cfg),
		logs:       cloudwatchlogs.NewFromConfig(cfg),
		sts:        sts.NewFromConfig(cfg),
		lambda:     lambda.NewFromConfig(cfg),
		http:       apigatewayv2.NewFromConfig(cfg),
		rest:       apigateway.NewFromConfig(cfg),
		credential: sync.OnceValue(func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), credentialPatience)
			defer cancel()
			_, err := cfg.Credentials.Retrieve(ctx)
			return err
		}),
	}, nil
}

// Region is the one that is asked, "" where none is configured.
func (c *Client) Region() string { return c.config.Region }

// Caller asks with whose credentials the other questions are asked.
func (c *Client) Caller(ctx context.Context) (cloud.Caller, error) {
	out, err := ask(ctx, c, "sts:GetCallerIdentity", "", func(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
		return c.sts.GetCallerIdentity(ctx, nil)
	})
	if err != nil {
		return cloud.Caller{}, err
	}
	return cloud.Caller{Account: aws.ToString(out.Account), Principal: aws.ToString(out.Arn)}, nil
}
