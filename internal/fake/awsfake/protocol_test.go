package awsfake_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"runbook/internal/fake/awsfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// post sends a request with some signature, for a state that checks none.
func post(t *testing.T, fake *awsfake.Server, path, body string, header ...string) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	for n := 0; n < len(header); n += 2 {
		request.Header.Set(header[n], header[n+1])
	}
	recorder := httptest.NewRecorder()
	fake.ServeHTTP(recorder, request)
	answer, err := io.ReadAll(recorder.Result().Body)
	require.NoError(t, err)
	return recorder.Code, string(answer)
}

var signed = []string{"Authorization", "AWS4-HMAC-SHA256 Credential=any/20260101/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=any"}

func TestUnsignedIsRefusedInEachProtocol(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.State{})
	for name, c := range map[string]struct {
		path, body string
		header     []string
		status     int
		want       string
	}{
		"query": {"/", "Action=DescribeDBInstances", nil, 403, "<Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>"},
		"EC2":   {"/", "Action=DescribeSecurityGroups", nil, 403, "<Errors><Error><Code>MissingAuthenticationToken</Code>"},
		"JSON":  {"/", "{}", []string{"X-Amz-Target", "Logs_20140328.FilterLogEvents"}, 400, `"__type":"MissingAuthenticationTokenException"`},
		"REST":  {"/2015-03-31/functions/app-api/invocations", "{}", nil, 403, `"Missing Authentication Token"`},
		"CBOR":  {"/service/GraniteServiceVersion20100801/operation/GetMetricData", "\xa0", nil, 400, "MissingAuthenticationTokenException"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := post(t, fake, c.path, c.body, c.header...)

			assert.Equal(t, c.status, status)
			assert.Contains(t, body, c.want)
		})
	}
	assert.Empty(t, fake.Actions(), "what is not signed is not a call")
}

func TestCloudWatchStillSpeaksTheQueryProtocol(t *testing.T) {
	t.Parallel()
	state := account()
	state.AccessKey = ""

	status, body := post(t, awsfake.New(state), "/", fmt.Sprint(
		"Action=GetMetricData&MetricDataQueries.member.1.Id=m&MetricDataQueries.member.1.MetricStat.Period=60",
		"&MetricDataQueries.member.1.MetricStat.Stat=Average&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS/RDS",
		"&MetricDataQueries.member.1.MetricStat.Metric.MetricName=CPUUtilization",
		"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=DBInstanceIdentifier",
		"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=app-db",
		"&StartTime=", now.Add(-time.Hour).Format(time.RFC3339), "&EndTime=", now.Format(time.RFC3339),
	), signed...)

	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "<GetMetricDataResult><MetricDataResults><member><Id>m</Id>")
	assert.Contains(t, body, "<Values><member>50.5</member><member>30</member></Values>", "newest first, two on a page")
	assert.Contains(t, body, "<NextToken>")
}

// Each of the samples that a point stands for counts.
func TestStatisticsOfSamples(t *testing.T) {
	t.Parallel()
	at := now.Truncate(time.Hour)
	latency := awsfake.Metric{Namespace: "AWS/ApiGateway", Name: "Latency", Dimension: "ApiId", Value: "app", Stage: "prod"}
	fake := awsfake.New(awsfake.State{Metrics: map[awsfake.Metric][]awsfake.Point{
		latency: {{Time: at, Value: 10, Samples: 17}, {Time: at, Value: 90, Samples: 2}, {Time: at, Value: 700}},
	}})
	for statistic, want := range map[string]string{
		"SampleCount": "20", "Sum": "1050", "Average": "52.5", "Maximum": "700", "p50": "10", "p95": "90", "p100": "700",
	} {
		_, body := post(t, fake, "/", fmt.Sprint(
			"Action=GetMetricData&MetricDataQueries.member.1.Id=m&MetricDataQueries.member.1.MetricStat.Period=3600",
			"&MetricDataQueries.member.1.MetricStat.Stat=", statistic, "&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS/ApiGateway",
			"&MetricDataQueries.member.1.MetricStat.Metric.MetricName=Latency",
			"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=ApiId",
			"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=app",
			"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.2.Name=Stage",
			"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.2.Value=prod",
			"&StartTime=", at.Format(time.RFC3339), "&EndTime=", at.Add(time.Hour).Format(time.RFC3339),
		), signed...)

		assert.Contains(t, body, "<Values><member>"+want+"</member></Values>", statistic)
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	state := account()
	state.AccessKey = ""
	fake := awsfake.New(state)
	logs := append([]string{"X-Amz-Target", "Logs_20140328.FilterLogEvents"}, signed...)
	const group = `"logGroupName":"/aws/rds/instance/app-db/postgresql"`
	const metrics = "Action=GetMetricData&StartTime=2026-01-01T00:00:00Z&EndTime=2026-01-02T00:00:00Z"
	for name, c := range map[string]struct {
		body   string
		header []string
		want   string
	}{
		"an action":           {"Action=RebootDBInstance", signed, "InvalidAction"},
		"a filter":            {"Action=DescribeDBInstances&Filters.Filter.1.Name=colour&Filters.Filter.1.Values.Value.1=red", signed, "Unrecognized filter name: colour"},
		"a page of 5":         {"Action=DescribeDBInstances&MaxRecords=5", signed, "Invalid value 5 for MaxRecords"},
		"a marker":            {"Action=DescribeDBInstances&Marker=mine", signed, "InvalidParameterValue"},
		"a log marker":        {"Action=DownloadDBLogFilePortion&DBInstanceIdentifier=app-db&LogFileName=error/postgresql.log&Marker=x", signed, "Invalid Marker"},
		"a log file":          {"Action=DownloadDBLogFilePortion&DBInstanceIdentifier=app-db&LogFileName=x", signed, "DBLogFileNotFoundFault"},
		"a proxy":             {"Action=DescribeDBProxyTargets&DBProxyName=x", signed, "DBProxyNotFoundFault"},
		"a prefix list":       {"Action=GetManagedPrefixListEntries&PrefixListId=pl-9", signed, "InvalidPrefixListID.NotFound"},
		"a window":            {"Action=GetMetricData&StartTime=2026-01-02T00:00:00Z&EndTime=2026-01-01T00:00:00Z", signed, "ValidationError"},
		"a JSON pattern":      {`{` + group + `,"filterPattern":"{ $.a = 1 }"}`, logs, "InvalidParameterException"},
		"bare signs":          {`{` + group + `,"filterPattern":"api.error"}`, logs, "InvalidParameterException"},
		"both kinds of terms": {`{` + group + `,"filterPattern":"?ERROR FATAL"}`, logs, "InvalidParameterException"},
		"a page of 20,000":    {`{` + group + `,"limit":20000}`, logs, "InvalidParameterException"},
		"half a minute":       {metrics + "&MetricDataQueries.member.1.Id=m&MetricDataQueries.member.1.MetricStat.Period=30", signed, "whole minutes"},
		"a name for a metric": {metrics + "&MetricDataQueries.member.1.Id=4xx", signed, "4xx"},
		"one name for two":    {metrics + "&MetricDataQueries.member.1.Id=m&MetricDataQueries.member.2.Id=m", signed, "unique"},
		"newest first of '70": {`{` + group + `,"startFromHead":false,"startTime":0}`, logs, "InvalidParameterException"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := post(t, fake, "/", c.body, c.header...)

			assert.GreaterOrEqual(t, status, 400)
			assert.Contains(t, body, c.want)
		})
	}
}

func TestLogFilePortions(t *testing.T) {
	t.Parallel()
	state := account()
	state.AccessKey, state.PageSize = "", 0
	fake := awsfake.New(state)
	const file = "Action=DownloadDBLogFilePortion&DBInstanceIdentifier=app-db&LogFileName=error/postgresql.log"
	for query, want := range map[string]string{
		"":                             "<LogFileData>one&#xA;two&#xA;three&#xA;four&#xA;five&#xA;</LogFileData><Marker>18:5</Marker><AdditionalDataPending>false<",
		"&NumberOfLines=2":             "<LogFileData>four&#xA;five&#xA;</LogFileData><Marker>18:5</Marker><AdditionalDataPending>false<",
		"&NumberOfLines=2&Marker=0":    "<LogFileData>one&#xA;two&#xA;</LogFileData><Marker>18:2</Marker><AdditionalDataPending>true<",
		"&NumberOfLines=2&Marker=18:4": "<LogFileData>five&#xA;</LogFileData><Marker>18:5</Marker><AdditionalDataPending>false<",
		"&Marker=18:9":                 "<LogFileData></LogFileData>",
	} {
		_, body := post(t, fake, "/", file+query, signed...)
		assert.Contains(t, body, want, query)
	}
}

func TestNewestLogEventsFirst(t *testing.T) {
	t.Parallel()
	state := account()
	state.AccessKey, state.PageSize, state.EmptyPages = "", 2, false
	fake := awsfake.New(state)
	request := fmt.Sprintf(`{"logGroupName":"/aws/rds/instance/app-db/postgresql","startFromHead":false,"startTime":%d`, now.Add(-time.Hour).UnixMilli())
	header := append([]string{"X-Amz-Target", "Logs_20140328.FilterLogEvents"}, signed...)

	_, first := post(t, fake, "/", request+"}", header...)
	_, second := post(t, fake, "/", request+`,"nextToken":"back-from-2"}`, header...)

	assert.Regexp(t, `(?s)FATAL:  last.*LOG:  between.*"nextToken":"back-from-2"`, first)
	assert.Contains(t, second, "ERROR:  first")
	assert.NotContains(t, second, "nextToken")
}

func TestRefusalsEnd(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.State{})
	fake.Refuse("sts:GetCallerIdentity", awsfake.Throttled, 2)
	var statuses []int
	for range 3 {
		status, _ := post(t, fake, "/", "Action=GetCallerIdentity", signed...)
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{400, 400, 200}, statuses)
	assert.Len(t, fake.Actions(), 3)
}
