package gcpfake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const project = "shop-prod"

// plane is a control plane being served, asked without any client library.
type plane struct {
	*gcpfake.Server
	http  *httptest.Server
	token string
}

func start(t *testing.T, state gcpfake.State) plane {
	t.Helper()
	state.Projects = []string{project}
	s := gcpfake.New(state)
	served := httptest.NewServer(s)
	t.Cleanup(served.Close)
	return plane{Server: s, http: served, token: s.AccessToken()}
}

// healthy holds one instance.
func healthy() gcpfake.State {
	return gcpfake.State{Instances: []gcpfake.Instance{gcpfake.NewInstance(project, "app-db")}}
}

// answer is what came back: a status, and the body or the error in it.
type answer struct {
	status int
	body   map[string]any
	err    map[string]any
}

func (p plane) get(t *testing.T, path string) answer { return p.send(t, "GET", path, "") }

func (p plane) send(t *testing.T, method, path, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.http.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := answer{status: resp.StatusCode}
	require.NoError(t, json.Unmarshal(text, &a.body), string(text))
	a.err, _ = a.body["error"].(map[string]any)
	return a
}

const theInstance = "/v1/projects/" + project + "/instances/app-db"

func TestUnauthorisedRequestsAreRefused(t *testing.T) {
	p := start(t, healthy())
	require.Equal(t, http.StatusOK, p.get(t, theInstance).status)

	for _, token := range []string{"", "made up"} {
		p.token = token
		got := p.get(t, theInstance)
		assert.Equal(t, http.StatusUnauthorized, got.status)
		assert.Equal(t, "UNAUTHENTICATED", got.err["status"])
	}
}

func TestRefusals(t *testing.T) {
	p := start(t, healthy())

	p.Refuse(gcpfake.InstancesGet, gcpfake.Throttled, 1)
	got := p.get(t, theInstance)
	assert.Equal(t, http.StatusTooManyRequests, got.status)
	assert.Equal(t, "RATE_LIMIT_EXCEEDED", reason(got))
	assert.Equal(t, http.StatusOK, p.get(t, theInstance).status)

	p.Refuse(gcpfake.InstancesGet, gcpfake.Disabled, gcpfake.Forever)
	got = p.get(t, theInstance)
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Equal(t, "SERVICE_DISABLED", reason(got))

	p.Refuse(gcpfake.InstancesGet, gcpfake.Denied, gcpfake.Forever)
	got = p.get(t, theInstance)
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.err["message"], "missing permission cloudsql.instances.get")

	p.Refuse(gcpfake.InstancesGet, "", 0)
	p.Update(func(s *gcpfake.State) { s.Instances = nil })
	got = p.get(t, theInstance)
	assert.Equal(t, http.StatusNotFound, got.status)

	assert.Equal(t, http.StatusForbidden, p.get(t, "/v1/projects/unknown/instances/app-db").status)
	assert.Equal(t, http.StatusNotFound, p.get(t, "/v1/projects/"+project+"/instances").status)
}

func reason(a answer) any {
	details, _ := a.err["details"].([]any)
	if len(details) == 0 {
		return nil
	}
	return details[0].(map[string]any)["reason"]
}

func TestPermissionsAreTestedAndRecorded(t *testing.T) {
	p := start(t, gcpfake.State{})
	p.Refuse(gcpfake.EntriesList, gcpfake.Denied, gcpfake.Forever)
	const ask = `{"permissions": ["cloudsql.instances.get", "logging.logEntries.list"]}`

	for _, version := range []string{"v1", "v3"} {
		got := p.send(t, "POST", "/"+version+"/projects/"+project+":testIamPermissions", ask)
		assert.Equal(t, map[string]any{"permissions": []any{"cloudsql.instances.get"}}, got.body)
	}
	assert.Empty(t, p.Actions())

	p.get(t, theInstance)
	p.send(t, "POST", "/v2/entries:list", `{}`)
	assert.Equal(t, []string{"cloudsql.instances.get", "logging.logEntries.list"}, p.Actions())

	got := p.send(t, "POST", "/v3/projects/"+project+":testIamPermissions", `{"permissions": ["nonsense"]}`)
	assert.Equal(t, "INVALID_ARGUMENT", got.err["status"])
	got = p.send(t, "POST", "/v3/projects/"+project+":getIamPolicy", `{}`)
	assert.Equal(t, http.StatusNotFound, got.status)
}

func TestCertificates(t *testing.T) {
	i := gcpfake.NewInstance(project, "app-db")
	i.ServerCerts = []gcpfake.SSLCert{{SHA1: "leaf"}}
	p := start(t, gcpfake.State{Instances: []gcpfake.Instance{i}})

	cas := p.get(t, theInstance+"/listServerCas")
	assert.Len(t, cas.body["certs"], 1)
	assert.Equal(t, i.ServerCACert.SHA1, cas.body["activeVersion"])
	assert.Len(t, p.get(t, theInstance+"/listServerCertificates").body["serverCerts"], 1)
}

// A filter the stand-in does not understand wholly is refused, not taken to
// match everything or nothing.
func TestLogFilters(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p := start(t, gcpfake.State{Entries: []gcpfake.Entry{
		{Project: project, Instance: "app-db", Time: at, Severity: "INFO", Text: "checkpoint"},
		{Project: project, Instance: "app-db", Time: at.Add(time.Minute), Severity: "ERROR", Text: "boom"},
		{Project: project, Instance: "other", Time: at.Add(2 * time.Minute), Severity: "ALERT", Text: "Boom again"},
	}})
	for filter, want := range map[string]int{
		``:                   3,
		`severity>=ERROR`:    2,
		`severity < ERROR`:   1,
		`severity!=ERROR`:    2,
		`textPayload:"boom"`: 2,
		`textPayload="boom"`: 1,
		`resource.labels.database_id="shop-prod:app-db" AND severity>=ERROR`:       1,
		`timestamp>="2026-11-23T12:01:00Z"`:                                        2,
		`(timestamp>"2026-11-23T12:01:00Z") AND (severity>=ERROR)`:                 1,
		`severity=INFO OR (severity=ERROR AND textPayload:boom)`:                   2,
		`textPayload=~"[Bb]o+m"`:                                                   2,
		`labels.foo="bar"`:                                                         0,
		`httpRequest.status<500`:                                                   0,
		`resource.type=cloudsql_database`:                                          3,
		`resource.type=cloud_sql_database`:                                         0,
		`logName="projects/shop-prod/logs/cloudsql.googleapis.com%2Fpostgres.log"`: 3,

		`textPayload=~"bo+m("`:                                 -1,
		`textPayload!~"bo+m"`:                                  -1,
		`severity>=ERROR severity<ALERT`:                       -1,
		`severity>=TERRIBLE`:                                   -1,
		`NOT severity=ERROR`:                                   -1,
		`severity=INFO OR severity=ERROR AND textPayload:boom`: -1,
		`protoPayload.foo="bar"`:                               -1,
		`resource.labels.mood="bar"`:                           -1,
		`httpRequest.status>=many`:                             -1,
		`timestamp>="yesterday"`:                               -1,
		`(severity>=ERROR`:                                     -1,
		`severity>=`:                                           -1,
		`textPayload>"a"`:                                      -1,
		`boom`:                                                 -1,
	} {
		if want < 0 {
			assert.Equal(t, "INVALID_ARGUMENT", p.filtered(t, filter).err["status"], filter)
			continue
		}
		assert.Len(t, p.entries(t, filter), want, filter)
	}
}

// filtered asks for the log entries that pass a filter.
func (p plane) filtered(t *testing.T, filter string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"resourceNames": []string{"projects/" + project}, "filter": filter})
	require.NoError(t, err)
	return p.send(t, "POST", "/v2/entries:list", string(body))
}

func (p plane) entries(t *testing.T, filter string) []any {
	t.Helper()
	got := p.filtered(t, filter)
	require.Equal(t, http.StatusOK, got.status, got.err)
	entries, _ := got.body["entries"].([]any)
	return entries
}

func TestLogRequestsAreChecked(t *testing.T) {
	p := start(t, gcpfake.State{})
	for body, want := range map[string]string{
		`{}`: "INVALID_ARGUMENT",
		`{"resourceNames": ["projects/shop-prod"], "orderBy": "severity"}`:  "INVALID_ARGUMENT",
		`{"resourceNames": ["projects/shop-prod"], "pageToken": "made up"}`: "INVALID_ARGUMENT",
		`{"resourceNames": ["folders/1"]}`:                                  "INVALID_ARGUMENT",
		`{"resourceNames": ["projects/unknown"]}`:                           "PERMISSION_DENIED",
		`not JSON`: "INVALID_ARGUMENT",
	} {
		assert.Equal(t, want, p.send(t, "POST", "/v2/entries:list", body).err["status"], body)
	}
}

func TestPagesHoldEveryEntryOnce(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	state := gcpfake.State{PageSize: 2, EmptyPages: true}
	for n := range 5 {
		state.Entries = append(state.Entries, gcpfake.Entry{Project: project, Instance: "app-db", Time: at.Add(time.Duration(n) * time.Second)})
	}
	p := start(t, state)
	var sizes []int
	var times []any
	for token, more := "", true; more; {
		got := p.send(t, "POST", "/v2/entries:list",
			`{"resourceNames": ["projects/shop-prod"], "orderBy": "timestamp desc", "pageToken": "`+token+`"}`)
		entries, _ := got.body["entries"].([]any)
		sizes = append(sizes, len(entries))
		for _, e := range entries {
			times = append(times, e.(map[string]any)["timestamp"])
		}
		token, more = got.body["nextPageToken"].(string)
	}
	assert.Equal(t, []int{0, 2, 0, 2, 0, 1}, sizes)
	assert.Equal(t, []any{"2026-11-23T12:00:04Z", "2026-11-23T12:00:03Z", "2026-11-23T12:00:02Z", "2026-11-23T12:00:01Z", "2026-11-23T12:00:00Z"}, times)
}

const backends = "cloudsql.googleapis.com/database/postgresql/num_backends"

func (p plane) timeSeries(t *testing.T, parameters map[string]string) answer {
	t.Helper()
	q := url.Values{
		"filter":             {`metric.type = "` + backends + `"`},
		"interval.startTime": {"2026-11-23T12:00:00Z"},
		"interval.endTime":   {"2026-11-23T12:05:00Z"},
	}
	for name, value := range parameters {
		q.Set(name, value)
	}
	return p.get(t, "/v3/projects/"+project+"/timeSeries?"+q.Encode())
}

func TestTimeSeries(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var state gcpfake.State
	for database, value := range map[string]float64{"app": 10, "postgres": 2} {
		state.Series = append(state.Series, gcpfake.Series{
			Project: project, Instance: "app-db", Metric: "database/postgresql/num_backends", Labels: map[string]string{"database": database},
			Points: []gcpfake.Point{
				{Time: at, Value: 99}, {Time: at.Add(2*time.Minute - 30*time.Second), Value: value},
				{Time: at.Add(2 * time.Minute), Value: 3 * value}, {Time: at.Add(6 * time.Minute), Value: 99},
			},
		})
	}
	p := start(t, state)

	raw := p.timeSeries(t, map[string]string{"filter": `metric.type="` + backends + `" AND metric.labels.database="app"`})
	assert.Equal(t, []any{"30", "10"}, values(t, raw, "int64Value"))

	summed := p.timeSeries(t, map[string]string{
		"aggregation.alignmentPeriod": "60s", "aggregation.perSeriesAligner": "ALIGN_MEAN", "aggregation.crossSeriesReducer": "REDUCE_SUM",
	})
	assert.Equal(t, []any{24.0}, values(t, summed, "doubleValue"))

	nothing := p.timeSeries(t, map[string]string{"interval.startTime": "2026-11-23T12:03:00Z"})
	assert.Equal(t, http.StatusOK, nothing.status)
	assert.NotContains(t, nothing.body, "timeSeries")
}

func values(t *testing.T, a answer, kind string) (all []any) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, a.err)
	for _, series := range a.body["timeSeries"].([]any) {
		for _, point := range series.(map[string]any)["points"].([]any) {
			all = append(all, point.(map[string]any)["value"].(map[string]any)[kind])
		}
	}
	return all
}

func TestTimeSeriesRequestsAreChecked(t *testing.T) {
	p := start(t, gcpfake.State{})
	for _, parameters := range []map[string]string{
		{"filter": ""},
		{"filter": `resource.type = "cloudsql_database"`},
		{"filter": `metric.type = starts_with("cloudsql")`},
		{"interval.endTime": ""},
		{"interval.startTime": "2026-11-23T13:00:00Z"},
		{"aggregation.perSeriesAligner": "ALIGN_RATE", "aggregation.alignmentPeriod": "60s"},
		{"aggregation.perSeriesAligner": "ALIGN_DELTA", "aggregation.alignmentPeriod": "60s"},
		{"aggregation.perSeriesAligner": "ALIGN_MEAN"},
		{"aggregation.perSeriesAligner": "ALIGN_MEAN", "aggregation.alignmentPeriod": "1s"},
		{"aggregation.perSeriesAligner": "ALIGN_MEAN", "aggregation.alignmentPeriod": "60s", "aggregation.crossSeriesReducer": "REDUCE_PERCENTILE_95"},
		{"aggregation.perSeriesAligner": "ALIGN_MEAN", "aggregation.alignmentPeriod": "60s", "aggregation.crossSeriesReducer": "REDUCE_SUM", "aggregation.groupByFields": "mood"},
		{"pageSize": "many"},
	} {
		assert.Equal(t, "INVALID_ARGUMENT", p.timeSeries(t, parameters).err["status"], parameters)
	}
	unknown := p.timeSeries(t, map[string]string{"filter": `metric.type = "cloudsql.googleapis.com/database/mood"`})
	assert.Equal(t, "NOT_FOUND", unknown.err["status"])
}

func TestTokenEndpointRefuses(t *testing.T) {
	p := start(t, gcpfake.State{})
	for _, form := range []url.Values{
		{"grant_type": {"password"}},
		{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"e30.e30.e30"}},
		{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}},
	} {
		resp, err := http.PostForm(p.http.URL+"/token", form)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	}
}
