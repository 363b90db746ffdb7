package awscloud

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/fake/awsfake"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	metric "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	event "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdas "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/stretchr/testify/require"
)

// tool finds a program that need not be there.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	return path
}

var running = regexp.MustCompile(`Running on (http://\S+)`)

// startMoto starts the emulator, which ends with the test, and returns its URL.
func startMoto(t *testing.T, env ...string) string {
	t.Helper()
	moto := exec.Command(tool(t, "moto_server"), "-H", "127.0.0.1", "-p", "0")
	moto.Env = append(os.Environ(), env...)
	output, err := moto.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, moto.Start())
	t.Cleanup(func() {
		_ = moto.Process.Kill()
		_ = moto.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if found := running.FindStringSubmatch(lines.Text()); found != nil {
			go func() {
				for lines.Scan() { // the log of its requests
				}
			}()
			return found[1]
		}
	}
	t.Fatal("moto_server ended before it listened")
	return ""
}

func TestConformsOnMoto(t *testing.T) {
	t.Parallel()
	endpoint := startMoto(t)
	var started atomic.Int32
	cloudtest.Run(t, func(t *testing.T) cloudtest.Provider {
		// What one subtest makes in its region, no other sees.
		c := emulator(t, endpoint, regions[started.Add(1)-1])
		return cloudtest.Provider{
			Adapter:     c,
			Anonymous:   client(t, endpoint, withoutKeys(t)),
			Permissions: Permissions,
			Metrics:     metrics,
			Show:        emulated{t, c}.show,
			// Its instances are available or stopped, and their certificates end
			// at no time; its functions are Active, and changed when they were made;
			// of an account's settings and of percentiles it knows nothing.
			Without: []string{"states", "certificate", "function conditions", "function changed", "capacity", "traffic"},
		}
	})
}

func emulator(t *testing.T, endpoint, region string) *Client {
	c, err := open(t.Context(), Config{Region: region, Endpoint: endpoint}, withKeys(accessKey, secretKey))
	require.NoError(t, err)
	c.cloudwatch = cloudwatch.NewFromConfig(c.config, inJSON)
	return c
}

// inJSON speaks to CloudWatch in the older of its protocols: moto does not know
// the newer, Smithy RPC v2 CBOR, and answers it with a 404.
func inJSON(o *cloudwatch.Options) {
	o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801)
}

var regions = []string{
	"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "us-east-1", "us-east-2",
	"us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "ap-east-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
	"ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "me-south-1", "af-south-1",
	"eu-central-2", "eu-south-2", "ca-west-1", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "me-central-1", "il-central-1",
	"mx-central-1", "ap-southeast-7", "ap-east-2", "ap-southeast-6",
}

// emulated makes a world in one region of moto, as its user would.
type emulated struct {
	t *testing.T
	*Client
}

func (e emulated) show(w cloudtest.World) {
	ctx := e.t.Context()
	id := aws.String(w.Database.ID)
	_, _ = e.rds.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: id, SkipFinalSnapshot: aws.Bool(true)})
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: id, DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"),
		MasterUsername: aws.String("master"), MasterUserPassword: aws.String("correct horse"),
		AllocatedStorage: aws.Int32(int32(w.Database.Storage.Bytes / gib)), Port: aws.Int32(int32(w.Database.Port)),
		PubliclyAccessible:          aws.Bool(w.Database.Public == cloud.Yes),
		EnableCloudwatchLogsExports: []string{"postgresql"},
		VpcSecurityGroupIds:         []string{e.securityGroup(w)},
	}
	if limit := w.Database.Storage.Limit; limit > 0 {
		in.MaxAllocatedStorage = aws.Int32(int32(limit / gib))
	}
	_, err := e.rds.CreateDBInstance(ctx, in)
	require.NoError(e.t, err)
	var lines []awsfake.LogEvent
	for _, line := range w.Log {
		lines = append(lines, awsfake.LogEvent{Time: line.Time, Message: logged(line)})
	}
	e.log(logGroup(cloud.Instance{ID: w.Database.ID}), lines)
	for name, series := range datapoints(w) {
		for _, p := range series {
			e.measure("AWS/RDS", name, dimensionOf("DBInstanceIdentifier", w.Database.ID), awsfake.Point{Time: p.Time, Value: p.Value})
		}
	}
	e.function(w.Function)
}

func (e emulated) function(f cloudtest.Function) {
	ctx := e.t.Context()
	name := aws.String(f.ID)
	role := between(call(e.t, *e.config.BaseEndpoint, url.Values{
		"Action": {"CreateRole"}, "RoleName": {fmt.Sprint("app-", names.Add(1))}, "AssumeRolePolicyDocument": {"{}"},
	}), "Arn")
	_, _ = e.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name})
	_, err := e.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: name, Role: aws.String(role), Handler: aws.String("app.handler"), Runtime: "nodejs22.x",
		Code:    &lambdas.FunctionCode{ZipFile: archive(e.t)},
		Timeout: aws.Int32(int32(f.Timeout / time.Second)), MemorySize: aws.Int32(int32(f.Memory / mib)),
	})
	require.NoError(e.t, err)
	e.log("/aws/lambda/"+f.ID, lambdaLog(f))
	for name, points := range lambdaPoints(f.Traffic) {
		for _, p := range points {
			e.measure("AWS/Lambda", name, dimensionOf("FunctionName", f.ID), p)
		}
	}
}

// archive is one of some code.
func archive(t *testing.T) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, err := w.Create("app.js")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func (e emulated) securityGroup(w cloudtest.World) string {
	var made struct {
		ID string `xml:"groupId"`
	}
	e.must("CreateSecurityGroup", url.Values{"GroupName": {"db-" + strconv.Itoa(int(names.Add(1)))}, "GroupDescription": {"db"}}, &made)
	for _, source := range w.Admitted {
		port := strconv.Itoa(w.Database.Port)
		e.must("AuthorizeSecurityGroupIngress", url.Values{
			"GroupId": {made.ID}, "IpPermissions.1.IpProtocol": {"tcp"},
			"IpPermissions.1.FromPort": {port}, "IpPermissions.1.ToPort": {port},
			"IpPermissions.1.IpRanges.1.CidrIp": {source.CIDR.String()},
		}, &struct{}{})
	}
	return made.ID
}

var names atomic.Int32

func (e emulated) must(action string, form url.Values, out any) {
	require.NoError(e.t, e.ec2(e.t.Context(), action, form, out), action)
}

// log makes a log group anew, with events in it.
func (e emulated) log(name string, events []awsfake.LogEvent) {
	ctx := e.t.Context()
	group, stream := aws.String(name), aws.String("stream")
	_, _ = e.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: group})
	_, err := e.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(e.t, err)
	_, err = e.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	require.NoError(e.t, err)
	if events == nil {
		return
	}
	var in []event.InputLogEvent
	for _, e := range slices.SortedFunc(slices.Values(events), func(a, b awsfake.LogEvent) int { return a.Time.Compare(b.Time) }) {
		in = append(in, event.InputLogEvent{Timestamp: aws.Int64(e.Time.UnixMilli()), Message: aws.String(e.Message)})
	}
	_, err = e.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: in})
	require.NoError(e.t, err)
}

func (e emulated) measure(namespace, name string, dimension metric.Dimension, p awsfake.Point) {
	_, err := e.cloudwatch.PutMetricData(e.t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(namespace),
		MetricData: []metric.MetricDatum{{
			MetricName: aws.String(name), Timestamp: aws.Time(p.Time), Value: aws.Float64(p.Value), Dimensions: []metric.Dimension{dimension},
		}},
	})
	require.NoError(e.t, err)
}

// call puts a request of IAM, signed in name only, which moto does not check.
func call(t *testing.T, endpoint string, form url.Values) string {
	form.Set("Version", "2010-05-08")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260101/us-east-1/iam/aws4_request")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	return string(body)
}
