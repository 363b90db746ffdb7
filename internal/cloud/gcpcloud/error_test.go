package gcpcloud_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var appDB = cloud.Instance{ID: "app-db"}

// The error names what was asked, about what, why there is no answer and
// Google's own words, and it holds no token, no URL and no second line.
func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		break_ func(*gcpfake.Server)
		ask    cloud.Question
		want   string
		kind   cloud.Kind
	}{
		"no such instance": {
			ask: cloud.AskInstance, kind: cloud.NotFound,
			want: "asking cloudsql.instances.get about app-db: not found: 404 The Cloud SQL instance does not exist.",
		},
		"instance denied": {
			break_: func(c *gcpfake.Server) { c.Refuse(gcpfake.InstancesGet, gcpfake.Denied, gcpfake.Forever) },
			ask:    cloud.AskInstance, kind: cloud.NoPermission,
			want: "asking cloudsql.instances.get about app-db: no permission: 403 boss::NOT_AUTHORIZED: " +
				"Not authorized to access resource. Possibly missing permission cloudsql.instances.get on resource instances/app-db.",
		},
		"log denied": {
			break_: func(c *gcpfake.Server) { c.Refuse(gcpfake.EntriesList, gcpfake.Denied, gcpfake.Forever) },
			ask:    cloud.AskLogs, kind: cloud.NoPermission,
			want: "asking logging.logEntries.list about app-db: no permission: 403 Permission 'logging.logEntries.list' denied on resource (or it may not exist).",
		},
		"metrics throttled": {
			break_: func(c *gcpfake.Server) { c.Refuse(gcpfake.TimeSeriesList, gcpfake.Throttled, gcpfake.Forever) },
			ask:    cloud.AskMetrics, kind: cloud.Throttled,
			want: "asking monitoring.timeSeries.list about app-db: throttled: 429 Quota exceeded for quota metric 'Read requests' and limit " +
				"'Read requests per minute' of service 'monitoring.googleapis.com' for consumer 'project_number:123456789012'.",
		},
		"front end down": {
			break_: func(c *gcpfake.Server) { c.Refuse(gcpfake.EntriesList, gcpfake.Broken, gcpfake.Forever) },
			ask:    cloud.AskLogs, kind: cloud.Other,
			want: "asking logging.logEntries.list about app-db: provider error: 502 Bad Gateway",
		},
		"key revoked": {
			break_: func(c *gcpfake.Server) { c.Update(func(s *gcpfake.State) { s.KeyRevoked = true }) },
			ask:    cloud.AskMetrics, kind: cloud.NoCredentials,
			want: "asking monitoring.timeSeries.list about app-db: no credentials: the token endpoint refuses: invalid_grant Invalid JWT Signature.",
		},
		"caller's key revoked": {
			break_: func(c *gcpfake.Server) { c.Update(func(s *gcpfake.State) { s.KeyRevoked = true }) },
			ask:    cloud.AskCaller, kind: cloud.NoCredentials,
			want: "asking cloudresourcemanager.projects.testIamPermissions about " + project +
				": no credentials: the token endpoint refuses: invalid_grant Invalid JWT Signature.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server := serve(t, gcpfake.State{})
			if test.break_ != nil {
				test.break_(c)
			}

			err := put(t.Context(), client(t, c, server), test.ask)

			assert.EqualError(t, err, test.want)
			assert.Equal(t, test.kind, cloud.KindOf(err))
		})
	}
}

// A token that was good and is no more ends in no credentials.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	c, server := serve(t, gcpfake.State{})
	asker := client(t, c, server)
	require.NoError(t, put(t.Context(), asker, cloud.AskLogs))
	c.ExpireTokens()

	err := put(t.Context(), asker, cloud.AskLogs)

	assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err))
}

// Every refusal may be a 403. Newer APIs say why in a detail, older ones in a
// list beside it.
func TestReasons(t *testing.T) {
	const (
		older = `{"error": {"code": 403, "message": "No.", "errors": [{"domain": "global", "reason": %q, "message": "No."}]}}`
		newer = `{"error": {"code": 403, "message": "No.", "status": "PERMISSION_DENIED", "details": [` +
			`{"@type": "type.googleapis.com/google.rpc.Help", "links": []}, {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": %q}]}}`
	)
	for reason, test := range map[string]struct {
		body string
		want cloud.Kind
	}{
		"rateLimitExceeded":     {older, cloud.Throttled},
		"userRateLimitExceeded": {older, cloud.Throttled},
		"quotaExceeded":         {older, cloud.Throttled},
		"accessNotConfigured":   {older, cloud.NotEnabled},
		"notAuthorized":         {older, cloud.NoPermission},
		"forbidden":             {older, cloud.NoPermission},
		"RATE_LIMIT_EXCEEDED":   {newer, cloud.Throttled},
		"SERVICE_DISABLED":      {newer, cloud.NotEnabled},
		"BILLING_DISABLED":      {newer, cloud.NotEnabled},
		"IAM_PERMISSION_DENIED": {newer, cloud.NoPermission},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			asker := answeredClient(t, func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, fmt.Sprintf(test.body, reason), http.StatusForbidden)
			})

			err := put(t.Context(), asker, cloud.AskInstance)

			assert.Equal(t, test.want, cloud.KindOf(err), err)
		})
	}
}

// That it was throttled is worth more than that time ran out with the next
// attempt.
func TestThrottledThenSilent(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var calls atomic.Int32
	asker := answeredClient(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 1 {
			cancel()
			<-r.Context().Done()
			return
		}
		http.Error(w, `{"error": {"code": 429, "message": "Slow down."}}`, http.StatusTooManyRequests)
	})

	err := put(ctx, asker, cloud.AskInstance)

	assert.EqualError(t, err, "asking cloudsql.instances.get about app-db: throttled: 429 Slow down.")
	assert.EqualValues(t, 2, calls.Load())
}

// A metric that no instance of the project has ever measured is unknown to
// Cloud Monitoring, which says nothing of the instance.
func TestMetricNeverMeasured(t *testing.T) {
	t.Parallel()
	asker := answeredClient(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error": {"code": 404, "status": "NOT_FOUND", "message": "Cannot find metric(s)."}}`, http.StatusNotFound)
	})

	err := put(t.Context(), asker, cloud.AskMetrics)

	assert.EqualError(t, err, "asking monitoring.timeSeries.list about app-db: no data: 404 Cannot find metric(s).")
}

// answeredClient is signed in, and gets an answer of the test's own to every
// question.
func answeredClient(t *testing.T, answer http.HandlerFunc) asker {
	t.Helper()
	c := gcpfake.New(gcpfake.State{Projects: []string{project}})
	mux := http.NewServeMux()
	mux.Handle("/token", c)
	mux.Handle("/", answer)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return client(t, c, server)
}

// put puts one question about app-db.
func put(ctx context.Context, c asker, q cloud.Question) (err error) {
	switch q {
	case cloud.AskCaller:
		_, err = c.Caller(ctx)
	case cloud.AskInstance:
		_, err = c.Instance(ctx, appDB.ID)
	case cloud.AskLogs:
		_, err = c.DatabaseErrors(ctx, appDB, time.Now().Add(-time.Hour))
	case cloud.AskMetrics:
		_, err = c.Recent(ctx, appDB, cloud.CPU, time.Hour)
	}
	return err
}

type asker interface {
	cloud.Identities
	cloud.Databases
	cloud.Logs
	cloud.Metrics
	cloud.FunctionLogs
	cloud.ColdStarts
}
