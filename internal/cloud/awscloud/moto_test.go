package awscloud

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	metric "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	event "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
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
		c := emulator(t, endpoint, regions[int(started.Add(1))%len(regions)])
		return cloudtest.Provider{
			Adapter:     c,
			Anonymous:   client(t, endpoint, withoutKeys(t)),
			Permissions: Permissions,
			Metrics:     metrics,
			Show:        emulated{t, c}.show,
			// Its instances are available or stopped, and their certificates end
			// at no time.
			Without: []string{"states", "certificate"},
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
	e.log(w)
	e.measure(w)
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

func (e emulated) log(w cloudtest.World) {
	ctx := e.t.Context()
	group, stream := aws.String(logGroup(cloud.Instance{ID: w.Database.ID})), aws.String(w.Database.ID+".0")
	_, _ = e.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: group})
	_, err := e.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(e.t, err)
	_, err = e.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	require.NoError(e.t, err)
	var events []event.InputLogEvent
	for _, line := range w.Log {
		events = append(events, event.InputLogEvent{Timestamp: aws.Int64(line.Time.UnixMilli()), Message: aws.String(logged(line))})
	}
	if events == nil {
		return
	}
	_, err = e.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events})
	require.NoError(e.t, err)
}

func (e emulated) measure(w cloudtest.World) {
	for name, series := range datapoints(w) {
		var data []metric.MetricDatum
		for _, p := range series {
			data = append(data, metric.MetricDatum{
				MetricName: aws.String(name), Timestamp: aws.Time(p.Time), Value: aws.Float64(p.Value),
				Dimensions: []metric.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String(w.Database.ID)}},
			})
		}
		if data == nil {
			continue
		}
		_, err := e.cloudwatch.PutMetricData(context.Background(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/RDS"), MetricData: data})
		require.NoError(e.t, err)
	}
}
