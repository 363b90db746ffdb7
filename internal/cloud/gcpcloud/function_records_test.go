package gcpcloud_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/gcpcloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var revision = gcpfake.Revision{Service: "api", Name: "api-00001-abc", Region: region}

func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	ago := 0
	entry := func(log, severity, text string) gcpfake.Entry {
		ago++
		return gcpfake.Entry{Project: project, Revision: revision, Log: log, Severity: severity, Text: text, Time: now.Add(-time.Duration(ago) * time.Minute)}
	}
	request := func(status int, text string) gcpfake.Entry {
		e := entry("requests", "ERROR", text)
		e.Request = &gcpfake.HTTPRequest{Method: "GET", URL: "https://api.example/orders?token=hunter2", Status: status}
		return e
	}
	structured := entry("stdout", "CRITICAL", "")
	structured.JSON = map[string]any{"msg": "out of ideas"}
	bare := entry("stdout", "ERROR", "")
	bare.JSON = map[string]any{"code": 7}
	warning := entry("stdout", "WARNING", "")
	warning.JSON = map[string]any{"message": "ERROR is only a word here"}
	elsewhere := entry("stderr", "ERROR", "another region")
	elsewhere.Revision.Region = "us-east1"
	other := entry("stderr", "ERROR", "another service")
	other.Revision.Service = "web"
	c, server := serve(t, gcpfake.State{Entries: []gcpfake.Entry{
		structured, bare, warning, elsewhere, other,
		entry("stdout", "", "level=ERROR msg=boom"),
		entry("stderr", "", "panic: runtime error: index out of range"),
		entry("stderr", "", "java.lang.NullPointerException: null"),
		entry("stderr", "", "TERRORISED by 0 errors"),
		entry("stdout", "INFO", "no ERROR"),
		entry("varlog/system", "ERROR", "Memory limit of 512 MiB exceeded with 602 MiB used."),
		entry("varlog/system", "INFO", "Container terminated on signal 9."),
		entry("varlog/system", "INFO", "Container called exit(0)."),
		entry("stderr", "", "Container called exit(1). ERROR"),
		request(500, ""),
		request(504, "The request has been terminated because it has reached the maximum request timeout."),
	}})

	lines, err := client(t, c, server).FunctionErrors(t.Context(), api, now.Add(-time.Hour))

	require.NoError(t, err)
	var all []string
	for _, line := range lines.Lines {
		all = append(all, fmt.Sprint(line.Level, " ", line.Cause, " ", line.Status, " ", line.Text))
	}
	assert.Equal(t, []string{
		"FATAL  0 out of ideas",
		`ERROR  0 {"code":7}`,
		"ERROR  0 level=ERROR msg=boom",
		"ERROR  0 panic: runtime error: index out of range",
		"ERROR  0 java.lang.NullPointerException: null",
		"FATAL out-of-memory 0 Memory limit of 512 MiB exceeded with 602 MiB used.",
		"FATAL exited 0 Container terminated on signal 9.",
		"ERROR  0 Container called exit(1). ERROR",
		"FATAL timed-out 504 504 GET https://api.example/orders: The request has been terminated because it has reached the maximum request timeout.",
	}, all)
	assert.Equal(t, `resource.type="cloud_run_revision" AND resource.labels.service_name="api" AND resource.labels.location="europe-west1"`, lines.Source)
	assert.Len(t, c.Actions(), 1)
}

// An audit entry tells of a revision that did not become ready.
func TestFunctionErrorOfAnAudit(t *testing.T) {
	t.Parallel()
	asker := answeredClient(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"entries": [{"severity": "ERROR", "protoPayload": {"authenticationInfo": {"principalEmail": "someone@example.com"},
			"status": {"code": 9, "message": "Ready condition status changed to False for Revision api-00002-xyz"}}}]}`)
	})

	lines, err := asker.FunctionErrors(t.Context(), api, time.Now().Add(-time.Hour))

	require.NoError(t, err)
	require.Len(t, lines.Lines, 1)
	assert.Equal(t, "Ready condition status changed to False for Revision api-00002-xyz", lines.Lines[0].Text)
}

func TestColdStartsLeaveOutThoseNobodyWaitedFor(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Minute).Add(-10 * time.Minute)
	var state gcpfake.State
	for _, start := range []gcpfake.InstanceStart{
		{Reason: gcpfake.Autoscaling, At: at, Took: 2 * time.Second},
		{Reason: gcpfake.Autoscaling, At: at.Add(time.Second), Took: 3 * time.Second}, // beside the one before
		{Reason: gcpfake.Rollout, At: at.Add(time.Minute), Took: 40 * time.Second},
		{Reason: gcpfake.MinInstances, At: at.Add(2 * time.Minute), Took: 50 * time.Second},
		{Reason: gcpfake.Autoscaling, At: at.Add(3 * time.Minute)},
		{Reason: gcpfake.Autoscaling, At: at.Add(-48 * time.Hour), Took: time.Minute},
	} {
		state.Start(project, revision, start)
	}
	c, server := serve(t, state)

	starts, err := client(t, c, server).ColdStarts(t.Context(), api, time.Now().Add(-24*time.Hour))

	require.NoError(t, err)
	assert.Equal(t, cloud.Starts{
		Count: 2, P95: 3 * time.Second, Max: 3 * time.Second,
		Source: "projects/" + project + "/logs/run.googleapis.com%2Fvarlog%2Fsystem",
	}, starts)
	assert.Equal(t, []string{"logging.logEntries.list"}, c.Actions())
}

// A rollout alone is no cold start, and no gap in the log either.
func TestNoColdStartsButARollout(t *testing.T) {
	t.Parallel()
	var state gcpfake.State
	state.Start(project, revision, gcpfake.InstanceStart{Reason: gcpfake.Rollout, At: time.Now().Add(-10 * time.Minute), Took: 40 * time.Second})
	c, server := serve(t, state)

	starts, err := client(t, c, server).ColdStarts(t.Context(), api, time.Now().Add(-24*time.Hour))

	require.NoError(t, err)
	assert.Zero(t, starts.Count)
}

func TestColdStartsThatTheLogLeavesOut(t *testing.T) {
	t.Parallel()
	var state gcpfake.State
	for n := range 3 {
		state.Start(project, revision, gcpfake.InstanceStart{Reason: gcpfake.Autoscaling, At: time.Now().Add(-time.Duration(n+10) * time.Minute), Took: time.Second})
	}
	state.Entries = nil
	c, server := serve(t, state)

	_, err := client(t, c, server).ColdStarts(t.Context(), api, time.Now().Add(-24*time.Hour))

	assert.EqualError(t, err, "asking logging.logEntries.list about api: not enabled: "+
		"3 instances were started of which projects/"+project+"/logs/run.googleapis.com/varlog/system tells nothing")
}

func TestManyColdStarts(t *testing.T) {
	t.Parallel()
	var state gcpfake.State
	at := time.Now().UTC().Truncate(time.Minute).Add(-20 * time.Hour)
	for n := range 1200 {
		state.Start(project, revision, gcpfake.InstanceStart{Reason: gcpfake.Autoscaling, At: at.Add(time.Duration(n) * 10 * time.Second), Took: time.Second})
	}
	c, server := serve(t, state)

	starts, err := client(t, c, server).ColdStarts(t.Context(), api, at)

	require.NoError(t, err)
	assert.Equal(t, 1000, starts.Count)
	assert.True(t, starts.Truncated)
	assert.Len(t, c.Actions(), 3)
}

// An instance is ready when the last of its containers is.
func TestColdStartsOfSeveralContainers(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Second).Add(-10 * time.Minute)
	line := func(after time.Duration, text string) gcpfake.Entry {
		return gcpfake.Entry{
			Project: project, Revision: revision, Log: "varlog/system", Severity: "INFO", Time: at.Add(after),
			Text: text, Labels: map[string]string{"instanceId": "00bf4bf0"},
		}
	}
	c, server := serve(t, gcpfake.State{Entries: []gcpfake.Entry{
		line(0, "Starting new instance. Reason: "+gcpfake.Autoscaling),
		line(time.Second, `Default STARTUP TCP probe succeeded after 1 attempt for container "proxy-1" on port 9090.`),
		line(4*time.Second, `Default STARTUP TCP probe succeeded after 1 attempt for container "api-1" on port 8080.`),
	}})

	starts, err := client(t, c, server).ColdStarts(t.Context(), api, at.Add(-time.Hour))

	require.NoError(t, err)
	assert.Equal(t, 1, starts.Count)
	assert.Equal(t, 4*time.Second, starts.Max)
}

// interrupted answers entries.list with one page that holds entries and names
// another, which does not come before ctx ends.
func interrupted(t *testing.T, entries string) (context.Context, asker) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var pages atomic.Int32
	return ctx, answeredClient(t, func(w http.ResponseWriter, r *http.Request) {
		if pages.Add(1) > 1 {
			_, _ = io.Copy(io.Discard, r.Body) // before that, the end of the connection is not seen
			cancel()
			<-r.Context().Done()
			return
		}
		fmt.Fprintf(w, `{"entries": [%s], "nextPageToken": "more"}`, entries)
	})
}

func TestLogThatTakesTooLong(t *testing.T) {
	t.Parallel()
	ctx, asker := interrupted(t, `{"severity": "ERROR", "textPayload": "boom"}`)

	lines, err := asker.FunctionErrors(ctx, api, time.Now().Add(-time.Hour))

	assert.Equal(t, cloud.OutOfTime, cloud.KindOf(err), "nobody knows what the rest holds")
	require.Len(t, lines.Lines, 1, "what was read")
	assert.Equal(t, "boom", lines.Lines[0].Text)
}

func TestColdStartsOfALogThatTakesTooLong(t *testing.T) {
	t.Parallel()
	const ready = `{"labels": {"instanceId": "a"}, "timestamp": "2026-11-23T10:00:02Z", "textPayload": "Default STARTUP TCP probe succeeded after 1 attempt"}`
	const begun = `{"labels": {"instanceId": "a"}, "timestamp": "2026-11-23T10:00:00Z", "textPayload": "Starting new instance. Reason: AUTOSCALING - Instance started due to traffic."}`
	ctx, asker := interrupted(t, ready+","+begun)

	starts, err := asker.ColdStarts(ctx, api, time.Now().Add(-time.Hour))

	require.NoError(t, err, "the newest tell how long starts take")
	assert.Equal(t, 1, starts.Count)
	assert.Equal(t, 2*time.Second, starts.P95)
	assert.True(t, starts.Truncated)

	ctx, asker = interrupted(t, ready)
	_, err = asker.ColdStarts(ctx, api, time.Now().Add(-time.Hour))
	assert.Equal(t, cloud.OutOfTime, cloud.KindOf(err), "none found is not none there")
}

// Requests that no container saw are not in the metrics.
func TestTrafficThatReachedNoContainer(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Minute).Add(-5 * time.Minute)
	var state gcpfake.State
	for status, text := range map[int]string{
		429: "The request was aborted because there was no available instance.",
		503: "The request failed because the instance failed the readiness check.",
		500: "", 404: "", 200: "",
	} {
		state.Entries = append(state.Entries, gcpfake.Entry{
			Project: project, Revision: revision, Log: "requests", Time: at, Text: text,
			Request: &gcpfake.HTTPRequest{Method: "GET", URL: "https://api.example/", Status: status},
		})
	}
	limited := state.Entries[0]
	limited.Text, limited.Request = "", &gcpfake.HTTPRequest{Method: "GET", Status: 429} // the program's own
	state.Entries = append(state.Entries, limited)
	c, server := serve(t, state)
	asker := client(t, c, server)

	got, err := asker.FunctionTraffic(t.Context(), api, 15*time.Minute)

	require.NoError(t, err)
	assert.Equal(t, cloud.Traffic{
		Requests: cloud.CountOf(0), ClientErrors: cloud.CountOf(0), ServerErrors: cloud.CountOf(0),
		Throttled: cloud.CountOf(1), Logged: cloud.CountOf(2), Instances: cloud.CountOf(0),
	}, got)

	c.Refuse(gcpfake.EntriesList, gcpfake.Denied, gcpfake.Forever)
	got, err = asker.FunctionTraffic(t.Context(), api, 15*time.Minute)
	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err))
	assert.ErrorContains(t, err, "asking logging.logEntries.list about api: ")
	assert.Equal(t, cloud.Traffic{
		Requests: cloud.CountOf(0), ClientErrors: cloud.CountOf(0), ServerErrors: cloud.CountOf(0), Instances: cloud.CountOf(0),
	}, got, "what could be counted")

	c.Refuse(gcpfake.EntriesList, gcpfake.Denied, 0)
	c.Refuse(gcpfake.TimeSeriesList, gcpfake.Denied, gcpfake.Forever)
	got, err = asker.FunctionTraffic(t.Context(), api, 15*time.Minute)
	assert.ErrorContains(t, err, "asking monitoring.timeSeries.list about api: no permission")
	assert.Equal(t, cloud.Traffic{Throttled: cloud.CountOf(1), Logged: cloud.CountOf(2)}, got)
}

// The request log has an answer at once, and the metric minutes later.
func TestBadAnswersCountWhenTheirRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Minute)
	state := gcpfake.State{Series: []gcpfake.Series{{
		Project: project, Revision: revision, Metric: "request_count", Labels: map[string]string{"response_code_class": "2xx"},
		Points: []gcpfake.Point{{Time: now.Add(-10 * time.Minute), Value: 200}},
	}}}
	for ago, count := range map[time.Duration]int{time.Minute: 30, 10*time.Minute + 30*time.Second: 4, time.Hour: 50} {
		for range count {
			state.Entries = append(state.Entries, gcpfake.Entry{
				Project: project, Revision: revision, Log: "requests", Time: now.Add(-ago),
				Request: &gcpfake.HTTPRequest{Method: "GET", URL: "https://api.example/", Status: 503},
			})
		}
	}
	c, server := serve(t, state)
	asker := client(t, c, server)

	got, err := asker.FunctionTraffic(t.Context(), api, 15*time.Minute)

	require.NoError(t, err)
	assert.Equal(t, cloud.CountOf(200), got.Requests)
	assert.Equal(t, cloud.CountOf(4), got.Logged)

	asked := len(c.Actions())
	got, err = asker.FunctionTraffic(t.Context(), api, 2*time.Minute)

	require.NoError(t, err)
	assert.Equal(t, cloud.CountOf(0), got.Requests)
	assert.Equal(t, cloud.CountOf(0), got.Logged)
	assert.Len(t, c.Actions(), asked, "nothing can be known yet")
}

func TestMoreBadAnswersThanAreCounted(t *testing.T) {
	t.Parallel()
	var state gcpfake.State
	for range gcpcloud.MaxRefused {
		state.Entries = append(state.Entries, gcpfake.Entry{
			Project: project, Revision: revision, Log: "requests", Time: time.Now().Add(-10 * time.Minute),
			Request: &gcpfake.HTTPRequest{Method: "GET", URL: "https://api.example/", Status: 503},
		})
	}
	c, server := serve(t, state)

	got, err := client(t, c, server).FunctionTraffic(t.Context(), api, 15*time.Minute)

	assert.Equal(t, cloud.Incomplete, cloud.KindOf(err), err)
	assert.Equal(t, cloud.CountOf(gcpcloud.MaxRefused), got.Logged)
}
