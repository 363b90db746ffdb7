package awsfake_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"runbook/internal/fake/awsfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var now = time.Now().UTC().Truncate(time.Minute)

func account() awsfake.State {
	return awsfake.State{
		Account: "123456789012", Principal: "arn:aws:iam::123456789012:user/smoke", Region: "eu-west-1",
		AccessKey: accessKey, SecretKey: secretKey, PageSize: 2, EmptyPages: true,
		Instances: []awsfake.Instance{
			{ID: "app-db", ResourceID: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", Status: "available", Engine: "postgres", CertificateExpires: now,
				Address: "app-db.example", Port: 5432, SecurityGroups: []string{"sg-1"},
				LogFiles: []awsfake.LogFile{{Name: "error/postgresql.log", LastWritten: now, Text: "one\ntwo\nthree\nfour\nfive\n"}}},
			{ID: "b", Status: "stopped"}, {ID: "c"}, {ID: "d"}, {ID: "e"},
		},
		Proxies: []awsfake.Proxy{{
			Name: "app", Status: "available", Endpoint: "app.proxy-abc", Endpoints: map[string]string{"r": "r.endpoint.proxy-abc"},
			Targets: []awsfake.Target{{ID: "app-db", State: "UNAVAILABLE", Reason: "AUTH_FAILURE"}},
		}},
		SecurityGroups: []awsfake.SecurityGroup{
			{ID: "sg-1", Ingress: []awsfake.Rule{{Protocol: "tcp", From: 5432, To: 5432, CIDRs: []string{"0.0.0.0/0"}, PrefixLists: []string{"pl-1"}}}},
			{ID: "sg-2", Ingress: []awsfake.Rule{{Protocol: "-1", Groups: []string{"sg-1"}, IPv6CIDRs: []string{"::/0"}}}},
			{ID: "sg-3"},
		},
		PrefixLists: map[string][]string{"pl-1": {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}},
		LogGroups: map[string][]awsfake.LogEvent{"/aws/rds/instance/app-db/postgresql": {
			{Time: now.Add(-3 * time.Minute), Stream: "s", Message: "ERROR:  first"},
			{Time: now.Add(-2 * time.Minute), Stream: "s", Message: "LOG:  between"},
			{Time: now.Add(-1 * time.Minute), Stream: "s", Message: "FATAL:  last"},
		}},
		Concurrency: 1000,
		Functions: []awsfake.Function{{
			Name: "app-api", Runtime: "nodejs22.x", Timeout: 30, MemoryMiB: 512, State: "Active", LastUpdateStatus: "Failed",
			LastUpdateStatusReasonCode: "ImageDeleted", Reserved: pointer(0), Aliases: map[string]string{"live": "7"},
			SystemLogLevel: "WARN", LogGroup: "/shared/api", Answer: "{}",
		}},
		Gateways: []awsfake.Gateway{
			{ID: "http1", Name: "shop", Protocol: "HTTP", CORS: &awsfake.CORS{Origins: []string{"https://shop.example"}},
				Stages: []awsfake.Stage{
					{Name: "$default", Throttle: awsfake.Throttle{Rate: pointer(0.0)}, AccessLogARN: "arn:aws:logs:eu-west-1:123456789012:log-group:x"},
					{Name: "b"}, {Name: "c"},
				}},
			{ID: "rest1", Name: "shop-rest", Protocol: "REST", Stages: []awsfake.Stage{{
				Name: "prod", Routes: map[string]*awsfake.Throttle{"GET /orders": {Rate: pointer(0.0)}},
			}}},
		},
		Metrics: map[awsfake.Metric][]awsfake.Point{
			{Namespace: "AWS/RDS", Name: "CPUUtilization", Dimension: "DBInstanceIdentifier", Value: "app-db"}: {
				{Time: now.Add(-5 * time.Minute), Value: 10}, {Time: now.Add(-4 * time.Minute), Value: 30},
				{Time: now.Add(-3 * time.Minute), Value: 50.5},
			},
		},
	}
}

func pointer[T any](v T) *T { return &v }

// cli is the AWS CLI.
type cli struct {
	path string
	env  []string
}

func awsCLI(t *testing.T, state awsfake.State) (*awsfake.Server, cli) {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip(err)
	}
	fake := awsfake.New(state)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, cli{path, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ENDPOINT_URL=" + server.URL,
		"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_DEFAULT_OUTPUT=json", "AWS_MAX_ATTEMPTS=1", "AWS_RETRY_MODE=standard", "AWS_PAGER=",
	}}
}

// run returns what was printed, or the message of an error. Arguments are
// parted by spaces; a tilde is a space within one.
func (c cli) run(t *testing.T, args string, env ...string) (output, refusal string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), c.path)
	for arg := range strings.FieldsSeq(args) {
		command.Args = append(command.Args, strings.ReplaceAll(arg, "~", " "))
	}
	command.Env = append(c.env, env...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		require.NotEmpty(t, stderr.String(), err)
	}
	return stdout.String(), strings.TrimSpace(stderr.String())
}

func TestCLIReadsEveryAction(t *testing.T) {
	t.Parallel()
	fake, aws := awsCLI(t, account())
	since := now.Add(-time.Hour).Format(time.RFC3339)
	for args, want := range map[string]string{
		"sts get-caller-identity --query Arn": `"arn:aws:iam::123456789012:user/smoke"`,
		"rds describe-db-instances --filters Name=dbi-resource-id,Values=db-ABCDEFGHIJKLMNOPQRSTUVWXYZ --query DBInstances[].[Endpoint.Port,VpcSecurityGroups[0].VpcSecurityGroupId,DBInstanceStatus]":  `[[5432,"sg-1","available"]]`,
		"rds describe-db-log-files --db-instance-identifier app-db --query DescribeDBLogFiles[].Size":                                                                                                   `[24]`,
		"rds download-db-log-file-portion --db-instance-identifier app-db --log-file-name error/postgresql.log --query LogFileData":                                                                     `"one\ntwo\nthree\nfour\nfive\n"`,
		"rds describe-db-proxies --query DBProxies[].Endpoint":                                                                                                                                          `["app.proxy-abc"]`,
		"rds describe-db-proxy-endpoints --query DBProxyEndpoints[].Endpoint":                                                                                                                           `["app.proxy-abc","r.endpoint.proxy-abc"]`,
		"rds describe-db-proxy-targets --db-proxy-name app --query Targets[].TargetHealth.Reason":                                                                                                       `["AUTH_FAILURE"]`,
		"ec2 describe-security-groups --query SecurityGroups[].IpPermissions[].[FromPort,IpRanges[].CidrIp,PrefixListIds[].PrefixListId,Ipv6Ranges[].CidrIpv6,UserIdGroupPairs[].GroupId]":              `[[5432,["0.0.0.0/0"],["pl-1"],[],[]],[null,[],[],["::/0"],["sg-1"]]]`,
		"ec2 get-managed-prefix-list-entries --prefix-list-id pl-1 --query Entries[].Cidr":                                                                                                              `["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]`,
		"logs filter-log-events --log-group-name /aws/rds/instance/app-db/postgresql --filter-pattern ?ERROR~?FATAL --query events[].message":                                                           `["ERROR:  first","FATAL:  last"]`,
		"lambda get-function-configuration --function-name arn:aws:lambda:eu-west-1:123456789012:function:app-api --qualifier live --query [Version,LastUpdateStatusReasonCode,LoggingConfig.LogGroup]": `["7","ImageDeleted","/shared/api"]`,
		"lambda get-function-concurrency --function-name app-api":                                                                                                                                       `{"ReservedConcurrentExecutions": 0}`,
		"lambda get-account-settings --query AccountLimit.ConcurrentExecutions":                                                                                                                         `1000`,
		"lambda invoke --function-name app-api --invocation-type DryRun /dev/null":                                                                                                                      `{"StatusCode": 204}`,
		"apigatewayv2 get-api --api-id http1 --query [ProtocolType,CorsConfiguration.AllowOrigins]":                                                                                                     `["HTTP",["https://shop.example"]]`,
		"apigatewayv2 get-stages --api-id http1 --query Items[].StageName":                                                                                                                              `["$default","b","c"]`,
		"apigatewayv2 get-stage --api-id http1 --stage-name $default --query DefaultRouteSettings.ThrottlingRateLimit":                                                                                  `0.0`,
		"apigateway get-rest-api --rest-api-id rest1 --query name":                                                                                                                                      `"shop-rest"`,
		"apigateway get-stages --rest-api-id rest1 --query item[].stageName":                                                                                                                            `["prod"]`,
		"apigateway get-stage --rest-api-id rest1 --stage-name prod --query [keys(methodSettings),methodSettings.*.[throttlingRateLimit,throttlingBurstLimit][]]":                                       `[["~1orders/GET"],[0.0,-1]]`,
		"cloudwatch get-metric-data --start-time " + since + " --end-time " + now.Format(time.RFC3339) + " --scan-by TimestampAscending --metric-data-queries " +
			`[{"Id":"m","MetricStat":{"Metric":{"Namespace":"AWS/RDS","MetricName":"CPUUtilization","Dimensions":[{"Name":"DBInstanceIdentifier","Value":"app-db"}]},"Period":120,"Stat":"Maximum"}}] --query MetricDataResults[].Values[]`: twoMinutes(),
	} {
		got, refusal := aws.run(t, args)
		require.Empty(t, refusal, args)
		assert.JSONEq(t, want, got, args)
	}
	assert.Len(t, unique(fake.Actions()), 16, "every action is read")
}

// twoMinutes is the highest of 10, 30 and 50.5 in periods of two minutes,
// which begin at even ones.
func twoMinutes() string {
	if now.Add(-5*time.Minute).Minute()%2 == 0 {
		return `[30, 50.5]`
	}
	return `[10, 50.5]`
}

func unique(all []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range all {
		set[s] = true
	}
	return set
}

func TestCLIReadsErrors(t *testing.T) {
	t.Parallel()
	fake, aws := awsCLI(t, account())
	metric := "cloudwatch get-metric-data --start-time 2026-01-01T00:00:00Z --end-time 2026-01-02T00:00:00Z --metric-data-queries []"
	fake.Refuse("rds:DescribeDBProxies", awsfake.Throttled, awsfake.Forever)
	fake.Refuse("ec2:GetManagedPrefixListEntries", awsfake.Denied, awsfake.Forever)
	fake.Refuse("lambda:GetFunctionConcurrency", awsfake.Denied, awsfake.Forever)
	fake.Refuse("lambda:GetAccountSettings", awsfake.Throttled, awsfake.Forever)
	fake.Refuse("cloudwatch:GetMetricData", awsfake.Denied, awsfake.Forever)
	for args, want := range map[string]string{
		"rds describe-db-instances --db-instance-identifier nope":   "(DBInstanceNotFound)",
		"rds describe-db-proxies":                                   "(Throttling)",
		"ec2 get-managed-prefix-list-entries --prefix-list-id pl-1": "(UnauthorizedOperation)",
		"logs filter-log-events --log-group-name nope":              "(ResourceNotFoundException)",
		"lambda get-function-configuration --function-name nope":    "(ResourceNotFoundException)",
		"lambda get-function-concurrency --function-name app-api":   "(AccessDeniedException)",
		"lambda get-account-settings":                               "(TooManyRequestsException)",
		"lambda invoke --function-name app-api /dev/null":           "(TooManyRequestsException)",
		"apigatewayv2 get-api --api-id rest1":                       "(NotFoundException)",
		"apigateway get-stage --rest-api-id rest1 --stage-name x":   "(NotFoundException)",
		metric: "(AccessDenied)",
		"sts get-caller-identity --no-sign-request": "(MissingAuthenticationToken)",
	} {
		_, refusal := aws.run(t, args)
		assert.Contains(t, refusal, want, args)
	}
	_, refusal := aws.run(t, metric, "AWS_SECRET_ACCESS_KEY=wrong")
	assert.Contains(t, refusal, "(SignatureDoesNotMatch)")
}

func TestCLITurnsPages(t *testing.T) {
	t.Parallel()
	fake, aws := awsCLI(t, account())

	page, refusal := aws.run(t, "logs filter-log-events --log-group-name /aws/rds/instance/app-db/postgresql --no-paginate")
	require.Empty(t, refusal)
	var first struct {
		Events    []any
		NextToken string
	}
	require.NoError(t, json.Unmarshal([]byte(page), &first))
	assert.Empty(t, first.Events, "the first page is empty")
	assert.NotEmpty(t, first.NextToken, "and not the last")

	before := len(fake.Actions())
	_, refusal = aws.run(t, "rds describe-db-instances")
	require.Empty(t, refusal)
	assert.Len(t, fake.Actions()[before:], 3, "five instances, two on a page")
}
