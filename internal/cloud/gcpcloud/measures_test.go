package gcpcloud_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrafficTellsWhatInstancesHadInUse(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Minute).Add(-5 * time.Minute)
	measure := func(metric, state string, points ...gcpfake.Point) gcpfake.Series {
		for n := range points {
			points[n].Time = at.Add(time.Duration(n%3) * time.Minute)
		}
		s := gcpfake.Series{Project: project, Revision: revision, Metric: metric, Points: points}
		if state != "" {
			s.Labels = map[string]string{"state": state}
		}
		return s
	}
	elsewhere := measure("container/memory/utilizations", "", gcpfake.Point{Value: 0.99, Samples: 500})
	elsewhere.Revision.Service = "web"
	c, server := serve(t, gcpfake.State{Series: []gcpfake.Series{
		measure("container/memory/utilizations", "", gcpfake.Point{Value: 0.405, Samples: 80}, gcpfake.Point{Value: 0.935, Samples: 20}, gcpfake.Point{Value: 0.985}),
		measure("container/cpu/utilizations", "", gcpfake.Point{Value: 0.125, Samples: 99}, gcpfake.Point{Value: 0.985}),
		measure("container/max_request_concurrencies", "active", gcpfake.Point{Value: 70, Samples: 10}),
		measure("container/max_request_concurrencies", "idle", gcpfake.Point{Value: 0, Samples: 990}),
		elsewhere,
	}})

	got, err := client(t, c, server).FunctionTraffic(t.Context(), api, 15*time.Minute)

	require.NoError(t, err)
	assert.InDelta(t, 0.935, got.Memory, 0.01)
	assert.InDelta(t, 0.125, got.Processor, 0.01)
	assert.InEpsilon(t, 70, got.Concurrency, 0.1)
}

// A metric comes to be with its first point.
func TestTrafficOfWhichSomeWasNeverMeasured(t *testing.T) {
	t.Parallel()
	traffic := func(missing string) (cloud.Traffic, error) {
		asker := answeredClient(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Query().Get("filter"), missing) {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `{"error": {"code": 404, "status": "NOT_FOUND", "message": "Cannot find metric(s) that match."}}`)
				return
			}
			fmt.Fprint(w, `{}`)
		})
		return asker.(cloud.FunctionTraffic).FunctionTraffic(t.Context(), api, 15*time.Minute)
	}

	got, err := traffic("/container/")
	require.NoError(t, err)
	assert.Equal(t, cloud.CountOf(0), got.Requests)
	assert.False(t, got.Instances.Counted)
	assert.Zero(t, got.Memory)

	got, err = traffic("run.googleapis.com/")
	assert.Equal(t, cloud.NoData, cloud.KindOf(err), err)
	assert.False(t, got.Requests.Counted)
}

// Whichever answer comes first, the error is the same.
func TestTrafficIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	const questions = 7
	var asked atomic.Int32
	all := make(chan struct{})
	asker := answeredClient(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == questions {
			close(all)
		}
		select {
		case <-all:
		case <-r.Context().Done():
		}
		metric, _, _ := strings.Cut(r.URL.Query().Get("filter"), " AND ")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": %q}}`, metric)
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // ends questions that wait for each other
	defer cancel()

	_, err := asker.(cloud.FunctionTraffic).FunctionTraffic(ctx, api, 15*time.Minute)

	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err), err)
	assert.ErrorContains(t, err, "run.googleapis.com/request_count")
}
