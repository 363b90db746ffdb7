package gcpfake_test

import (
	"net/http"
	"testing"
	"time"

	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	region     = "europe-west1"
	theService = "/v2/projects/" + project + "/locations/" + region + "/services/api"
)

var revision = gcpfake.Revision{Service: "api", Name: "api-00001-abc", Region: region}

func TestService(t *testing.T) {
	p := start(t, gcpfake.State{Services: []gcpfake.Service{gcpfake.NewService(project, region, "api")}})

	got := p.get(t, theService)

	require.Equal(t, http.StatusOK, got.status, got.err)
	assert.Equal(t, "1", got.body["generation"], "64-bit numbers are text")
	assert.Equal(t, "projects/shop-prod/locations/europe-west1/services/api/revisions/api-00001-abc", got.body["latestReadyRevision"])
	assert.NotContains(t, got.body, "reconciling")

	missing := p.get(t, "/v2/projects/"+project+"/locations/us-east1/services/api")
	assert.Equal(t, http.StatusNotFound, missing.status)
	assert.Equal(t, "Resource 'api' of kind 'SERVICE' in region 'us-east1' in project 'shop-prod' does not exist.", missing.err["message"])
	assert.Equal(t, []string{"run.services.get", "run.services.get"}, p.Actions())
}

// Version 1 names no region in its paths: only a regional host answers.
func TestServiceOfVersionOneNeedsItsRegion(t *testing.T) {
	p := start(t, gcpfake.State{Services: []gcpfake.Service{gcpfake.NewService(project, region, "api")}})

	got := p.get(t, "/apis/serving.knative.dev/v1/namespaces/"+project+"/services/api")

	assert.Equal(t, http.StatusNotFound, got.status)
}

func TestServicePermissionsAreTested(t *testing.T) {
	p := start(t, gcpfake.State{Services: []gcpfake.Service{gcpfake.NewService(project, region, "api")}})
	const ask = `{"permissions": ["run.routes.invoke"]}`

	got := p.send(t, "POST", theService+":testIamPermissions", ask)
	assert.Equal(t, map[string]any{"permissions": []any{"run.routes.invoke"}}, got.body)

	p.Refuse(gcpfake.RoutesInvoke, gcpfake.Denied, gcpfake.Forever)
	got = p.send(t, "POST", theService+":testIamPermissions", ask)
	assert.Empty(t, got.body)
	assert.Equal(t, http.StatusOK, got.status)

	assert.Equal(t, http.StatusNotFound, p.send(t, "POST", theService+":getIamPolicy", ask).status)
	assert.Equal(t, http.StatusNotFound, p.send(t, "POST", theService+"-2:testIamPermissions", ask).status)
	assert.Empty(t, p.Actions())
}

func TestRequestCountsAreGrouped(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	count := func(class, code string, points ...gcpfake.Point) gcpfake.Series {
		return gcpfake.Series{
			Project: project, Revision: revision, Metric: "request_count",
			Labels: map[string]string{"response_code_class": class, "response_code": code}, Points: points,
		}
	}
	p := start(t, gcpfake.State{Series: []gcpfake.Series{
		count("2xx", "200", gcpfake.Point{Time: at, Value: 99}, gcpfake.Point{Time: at.Add(time.Minute), Value: 10}, gcpfake.Point{Time: at.Add(4 * time.Minute), Value: 30}),
		count("5xx", "500", gcpfake.Point{Time: at.Add(2 * time.Minute), Value: 3}),
		count("5xx", "503", gcpfake.Point{Time: at.Add(3 * time.Minute), Value: 4}),
	}})

	got := p.timeSeries(t, map[string]string{
		"filter":                      `metric.type = "run.googleapis.com/request_count" AND resource.labels.service_name = "api"`,
		"aggregation.alignmentPeriod": "300s", "aggregation.perSeriesAligner": "ALIGN_DELTA",
		"aggregation.crossSeriesReducer": "REDUCE_SUM", "aggregation.groupByFields": "metric.labels.response_code_class",
	})

	assert.ElementsMatch(t, []any{"40", "7"}, values(t, got, "int64Value"))
	for _, series := range got.body["timeSeries"].([]any) {
		series := series.(map[string]any)
		labels := series["metric"].(map[string]any)["labels"].(map[string]any)
		assert.Len(t, labels, 1)
		assert.Contains(t, []any{"2xx", "5xx"}, labels["response_code_class"])
		assert.Equal(t, "DELTA", series["metricKind"])
		assert.Equal(t, map[string]any{"startTime": "2026-11-23T12:00:00Z", "endTime": "2026-11-23T12:05:00Z"},
			series["points"].([]any)[0].(map[string]any)["interval"])
	}
}

// Single values are lost in the buckets of a distribution; what is left of a
// percentile is within one of them.
func TestDistributions(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	latencies := gcpfake.Series{Project: project, Revision: revision, Metric: "request_latencies"}
	for n := range 100 {
		latencies.Points = append(latencies.Points, gcpfake.Point{Time: at.Add(time.Duration(n+1) * time.Second), Value: float64(10 * (n + 1))})
	}
	p := start(t, gcpfake.State{Series: []gcpfake.Series{latencies}})
	filter := `metric.type = "run.googleapis.com/request_latencies"`

	raw := values(t, p.timeSeries(t, map[string]string{"filter": filter}), "distributionValue")
	require.Len(t, raw, 2, "one a minute")
	assert.Equal(t, "40", raw[0].(map[string]any)["count"])
	assert.Equal(t, "60", raw[1].(map[string]any)["count"])

	p95 := values(t, p.timeSeries(t, map[string]string{
		"filter": filter, "aggregation.alignmentPeriod": "300s",
		"aggregation.perSeriesAligner": "ALIGN_DELTA", "aggregation.crossSeriesReducer": "REDUCE_PERCENTILE_95",
	}), "doubleValue")
	require.Len(t, p95, 1)
	assert.InEpsilon(t, 950, p95[0], 0.2)
}

func TestAPointOfADistributionStandsForManyValues(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 1, 0, 0, time.UTC)
	p := start(t, gcpfake.State{Series: []gcpfake.Series{{
		Project: project, Revision: revision, Metric: "request_latencies",
		Points: []gcpfake.Point{{Time: at, Value: 100, Samples: 19}, {Time: at, Value: 900}},
	}}})

	raw := values(t, p.timeSeries(t, map[string]string{"filter": `metric.type = "run.googleapis.com/request_latencies"`}), "distributionValue")

	require.Len(t, raw, 1)
	assert.Equal(t, "20", raw[0].(map[string]any)["count"])
	assert.InEpsilon(t, 140, raw[0].(map[string]any)["mean"], 0.001)
}

// A share is told to the percent.
func TestDistributionOfAShare(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 1, 0, 0, time.UTC)
	p := start(t, gcpfake.State{Series: []gcpfake.Series{{
		Project: project, Revision: revision, Metric: "container/memory/utilizations",
		Points: []gcpfake.Point{{Time: at, Value: 0.255, Samples: 90}, {Time: at, Value: 0.945, Samples: 10}},
	}}})
	asked := map[string]string{"filter": `metric.type = "run.googleapis.com/container/memory/utilizations"`}

	raw := values(t, p.timeSeries(t, asked), "distributionValue")
	require.Len(t, raw, 1)
	told := raw[0].(map[string]any)
	assert.Equal(t, map[string]any{"linearBuckets": map[string]any{"numFiniteBuckets": 100.0, "width": 0.01, "offset": 0.0}}, told["bucketOptions"])
	counts := told["bucketCounts"].([]any)
	assert.Len(t, counts, 102)
	assert.Equal(t, []any{"90", "10"}, []any{counts[26], counts[95]})

	asked["aggregation.alignmentPeriod"], asked["aggregation.perSeriesAligner"] = "60s", "ALIGN_DELTA"
	asked["aggregation.crossSeriesReducer"] = "REDUCE_PERCENTILE_95"
	p95 := values(t, p.timeSeries(t, asked), "doubleValue")
	require.Len(t, p95, 1)
	assert.InDelta(t, 0.945, p95[0], 0.001)
}

func TestRequestLogIsFiltered(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	request := func(status int, text string) gcpfake.Entry {
		return gcpfake.Entry{
			Project: project, Revision: revision, Log: "requests", Time: at, Text: text,
			Request: &gcpfake.HTTPRequest{Method: "GET", URL: "https://api.example/orders", Status: status},
		}
	}
	p := start(t, gcpfake.State{Entries: []gcpfake.Entry{
		request(200, ""), request(429, "The request was aborted because there was no available instance."), request(503, ""),
		{Project: project, Revision: revision, Time: at, Labels: map[string]string{"instanceId": "00bf"}, JSON: map[string]any{"message": "boom"}},
	}})
	for filter, want := range map[string]int{
		`httpRequest.status>=500`:                                                  1,
		`httpRequest.status=429 OR httpRequest.status>=500`:                        2,
		`logName="projects/shop-prod/logs/run.googleapis.com%2Frequests"`:          3,
		`logName!="projects/shop-prod/logs/run.googleapis.com%2Frequests"`:         1,
		`textPayload=~"no available instance"`:                                     1,
		`labels.instanceId="00bf"`:                                                 1,
		`jsonPayload.message:boom`:                                                 1,
		`resource.labels.service_name="api" AND resource.labels.location="mars"`:   0,
		`resource.type="cloud_run_revision" AND resource.labels.service_name=api`:  4,
		`resource.type="cloudsql_database" AND resource.labels.service_name="api"`: 0,
	} {
		assert.Len(t, p.entries(t, filter), want, filter)
	}
	entry := p.entries(t, `httpRequest.status=429`)[0].(map[string]any)
	assert.Equal(t, map[string]any{"requestMethod": "GET", "requestUrl": "https://api.example/orders", "status": 429.0}, entry["httpRequest"])
	assert.Equal(t, "cloud_run_revision", entry["resource"].(map[string]any)["type"])
}
