package local

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// functionEffects is what someone is told who asks the provider about the function, the
// gateway and their requests.
var functionEffects = map[string]func(*testing.T, *Stack){
	"function-failed": func(t *testing.T, s *Stack) {
		_, f := functionOf(t, s)
		assert.Equal(t, cloud.Down, f.Serving.State)
		assert.NotEmpty(t, f.Serving.Reason)
	},
	"function-gone": func(t *testing.T, s *Stack) { assert.Equal(t, cloud.NotFound, functionRefused(t, s)) },
	"function-pending-for-ever": func(t *testing.T, s *Stack) {
		_, f := functionOf(t, s)
		assert.Equal(t, cloud.Changing, f.Serving.State)
		assert.Equal(t, cloud.Changing, f.Update.State)
		assert.WithinDuration(t, time.Now().Add(-time.Hour), f.Changed, time.Minute)
	},
	"function-changing": func(t *testing.T, s *Stack) {
		_, f := functionOf(t, s)
		assert.Equal(t, cloud.Up, f.Serving.State)
		assert.Equal(t, cloud.Changing, f.Update.State)
		assert.WithinDuration(t, time.Now(), f.Changed, time.Minute)
	},
	"function-update-failed": func(t *testing.T, s *Stack) {
		_, f := functionOf(t, s)
		assert.Equal(t, cloud.Up, f.Serving.State)
		assert.Equal(t, cloud.Down, f.Update.State)
		assert.NotEmpty(t, f.Update.Reason)
	},
	"function-concurrency-zero": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		room, err := p.Capacity(t.Context(), f)
		require.NoError(t, err)
		assert.True(t, room.Max.Closed())
	},
	"function-throttled": func(t *testing.T, s *Stack) {
		traffic := trafficOf(t, s)
		assert.Greater(t, share(t, traffic.Throttled, traffic.Requests), 0.03)
		assert.Zero(t, traffic.ServerErrors.N)
		assert.Zero(t, traffic.Logged.N)
		assert.Empty(t, logOf(t, s).Lines)
	},
	"function-errors": func(t *testing.T, s *Stack) {
		traffic := trafficOf(t, s)
		assert.InDelta(t, 0.1, share(t, traffic.ServerErrors, traffic.Requests), 0.001)
		assert.Len(t, logOf(t, s).Lines, 30)
		front := gatewayTrafficOf(t, s)
		assert.InDelta(t, 0.1, share(t, front.ServerErrors, front.Requests), 0.001)
	},
	"function-cold-starts-slow": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		found, err := p.ColdStarts(t.Context(), f, time.Now().Add(-day))
		require.NoError(t, err)
		assert.Equal(t, 3, found.Count)
		assert.Greater(t, found.P95, 10*time.Second)
		assert.Empty(t, logOf(t, s).Lines)
	},
	"function-crashes": func(t *testing.T, s *Stack) {
		log := logOf(t, s)
		require.Len(t, log.Lines, 2)
		assert.Equal(t, cloud.OutOfMemory, log.Lines[0].Cause)
	},
	"function-log-errors": func(t *testing.T, s *Stack) {
		log := logOf(t, s)
		require.Len(t, log.Lines, 10)
		assert.Empty(t, log.Lines[0].Cause)
		assert.Contains(t, log.Lines[0].Text, "the mail was not sent")
		assert.Zero(t, trafficOf(t, s).ServerErrors.N)
	},
	"function-log-elsewhere": func(t *testing.T, s *Stack) {
		log := logOf(t, s)
		assert.Equal(t, otherGroup, log.Source)
		require.Len(t, log.Lines, 1)
		assert.Equal(t, cloud.OutOfMemory, log.Lines[0].Cause)
		p, f := functionOf(t, s)
		found, err := p.ColdStarts(t.Context(), f, time.Now().Add(-day))
		require.NoError(t, err)
		assert.Equal(t, 400*time.Millisecond, found.P95)

		f.Log.Place = functionGroup
		clean, err := p.FunctionErrors(t.Context(), f, time.Now().Add(-quarter))
		require.NoError(t, err)
		assert.Empty(t, clean.Lines)
	},
	"function-log-missing": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		_, err := p.FunctionErrors(t.Context(), f, time.Now().Add(-quarter))
		assert.Equal(t, cloud.NoData, cloud.KindOf(err))
		_, err = p.ColdStarts(t.Context(), f, time.Now().Add(-day))
		assert.Equal(t, cloud.NoData, cloud.KindOf(err))
	},
	"function-reports-off": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		_, err := p.ColdStarts(t.Context(), f, time.Now().Add(-day))
		assert.Equal(t, cloud.NotEnabled, cloud.KindOf(err))
		assert.Empty(t, logOf(t, s).Lines)
	},
	"function-invocation-fails": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		answer, err := p.(cloud.Invokers).Invoke(t.Context(), f, []byte(`{"ping":true}`))
		require.NoError(t, err)
		assert.Equal(t, "Unhandled", answer.Failed)
		assert.Contains(t, string(answer.Payload), "TypeError")
	},
	"function-traffic-pinned": func(t *testing.T, s *Stack) {
		_, f := functionOf(t, s)
		assert.Equal(t, cloud.Up, f.Update.State)
		assert.Equal(t, "local-api-00001-abc", f.Version)
		assert.Equal(t, "local-api-00002-xyz", f.Newest)
	},
	"function-memory-full": func(t *testing.T, s *Stack) { assert.InDelta(t, 0.96, trafficOf(t, s).Memory, 0.01) },
	"function-starts-unlogged": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		_, err := p.ColdStarts(t.Context(), f, time.Now().Add(-day))
		assert.Equal(t, cloud.NotEnabled, cloud.KindOf(err))
	},
	"function-denied":              func(t *testing.T, s *Stack) { assert.Equal(t, cloud.NoPermission, functionRefused(t, s)) },
	"function-questions-throttled": func(t *testing.T, s *Stack) { assert.Equal(t, cloud.Throttled, functionRefused(t, s)) },
	"function-invoke-denied": func(t *testing.T, s *Stack) {
		p, f := functionOf(t, s)
		assert.Equal(t, cloud.NoPermission, cloud.KindOf(p.Validate(t.Context(), f)))
	},
	"function-near-timeout": func(t *testing.T, s *Stack) {
		_, f := functionOf(t, s)
		taken := trafficOf(t, s).Latency
		assert.Greater(t, taken, 8*f.Timeout/10)
		assert.Less(t, taken, f.Timeout)
		assert.Less(t, taken, 3*time.Second, "it is only slow for this function")
	},
	"api-errors": func(t *testing.T, s *Stack) {
		traffic := trafficOf(t, s)
		if s.plane.aws != nil {
			assert.Zero(t, traffic.ServerErrors.N, "the function does its work")
			traffic = gatewayTrafficOf(t, s)
		}
		assert.InDelta(t, 0.1, share(t, traffic.ServerErrors, traffic.Requests), 0.001)
	},
	"api-errors-unreached": func(t *testing.T, s *Stack) {
		traffic := trafficOf(t, s)
		assert.Zero(t, traffic.ServerErrors.N, "no container saw them")
		assert.Zero(t, traffic.Throttled.N)
		assert.Greater(t, share(t, traffic.Logged, traffic.Requests), 0.07)
	},
	"api-latency-measured": func(t *testing.T, s *Stack) {
		traffic := trafficOf(t, s)
		if s.plane.aws != nil {
			assert.Less(t, traffic.Latency, time.Second, "the function is quick")
			traffic = gatewayTrafficOf(t, s)
		}
		assert.InEpsilon(t, 4*time.Second, traffic.Latency, 0.1)
	},
	"traffic-missing": func(t *testing.T, s *Stack) {
		assert.Zero(t, trafficOf(t, s).Requests.N)
		if s.plane.aws != nil {
			assert.Zero(t, gatewayTrafficOf(t, s).Requests.N)
		}
		p := adapter(t, s)
		i, err := p.Instance(t.Context(), instanceID)
		require.NoError(t, err)
		series, err := p.Recent(t.Context(), i, cloud.CPU, quarter)
		require.NoError(t, err)
		assert.NotEmpty(t, series, "the database is still measured")
	},
	"gateway-gone": func(t *testing.T, s *Stack) { assert.Equal(t, cloud.NotFound, gatewayRefused(t, s)) },
	"gateway-stage-gone": func(t *testing.T, s *Stack) {
		assert.Equal(t, cloud.NotFound, gatewayRefused(t, s))
	},
	"gateway-denied": func(t *testing.T, s *Stack) { assert.Equal(t, cloud.NoPermission, gatewayRefused(t, s)) },
	"gateway-deployment-failed": func(t *testing.T, s *Stack) {
		_, g := gatewayOf(t, s)
		assert.Equal(t, cloud.Down, g.Stage.Update.State)
	},
	"api-rate-limit-zero": func(t *testing.T, s *Stack) {
		_, g := gatewayOf(t, s)
		assert.True(t, g.Stage.Rate.Closed())
		answering(http.StatusTooManyRequests, "Apigw-Requestid")(t, s)
	},
	"gateway-route-closed": func(t *testing.T, s *Stack) {
		_, g := gatewayOf(t, s)
		assert.Equal(t, []string{"POST /orders"}, g.Stage.Closed())
	},
	"access-log-throttles": func(t *testing.T, s *Stack) {
		p, g := gatewayOf(t, s)
		log, err := p.GatewayErrors(t.Context(), g, time.Now().Add(-quarter))
		require.NoError(t, err)
		require.Len(t, log.Lines, 10)
		assert.Equal(t, http.StatusTooManyRequests, log.Lines[0].Status)
	},
	"access-log-off": func(t *testing.T, s *Stack) {
		p, g := gatewayOf(t, s)
		_, err := p.GatewayErrors(t.Context(), g, time.Now().Add(-quarter))
		assert.Equal(t, cloud.NotEnabled, cloud.KindOf(err))
	},
}

func TestFunctionFaultsAreReal(t *testing.T) {
	for _, flavour := range Flavours {
		for _, fault := range slices.Concat(gatewayFaults, trafficFaults, functionFaults) {
			if !fault.Suffered(flavour) {
				continue
			}
			t.Run(flavour+"/"+fault.Name, func(t *testing.T) {
				s := planeOnly(t, flavour)
				require.NoError(t, s.suffer(t.Context(), fault))

				functionEffects[fault.Name](t, s)

				response, _, err := health(t.Context(), t, s)
				require.NoError(t, err)
				if slices.Contains(fault.Blocks, healthy) {
					assert.GreaterOrEqual(t, response.StatusCode, http.StatusBadRequest)
				} else {
					assert.Equal(t, http.StatusOK, response.StatusCode)
				}
			})
		}
	}
}

// functionRefused is why the provider tells nothing of the function.
func functionRefused(t *testing.T, s *Stack) cloud.Kind {
	t.Helper()
	// Who is throttled waits as long as there is time.
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	_, err := adapter(t, s).(runtime).Function(ctx, s.functionName())
	return cloud.KindOf(err)
}

func gatewayRefused(t *testing.T, s *Stack) cloud.Kind {
	t.Helper()
	_, err := adapter(t, s).(gateways).Gateway(t.Context(), gatewayID, "")
	return cloud.KindOf(err)
}

func trafficOf(t *testing.T, s *Stack) cloud.Traffic {
	t.Helper()
	p, f := functionOf(t, s)
	traffic, err := p.FunctionTraffic(t.Context(), f, quarter)
	require.NoError(t, err)
	return traffic
}

func gatewayTrafficOf(t *testing.T, s *Stack) cloud.Traffic {
	t.Helper()
	p, g := gatewayOf(t, s)
	traffic, err := p.GatewayTraffic(t.Context(), g, quarter)
	require.NoError(t, err)
	return traffic
}

func logOf(t *testing.T, s *Stack) cloud.Lines {
	t.Helper()
	p, f := functionOf(t, s)
	log, err := p.FunctionErrors(t.Context(), f, time.Now().Add(-quarter))
	require.NoError(t, err)
	return log
}

func share(t *testing.T, part, whole cloud.Count) float64 {
	t.Helper()
	found, ok := part.Share(whole, perMinute)
	require.True(t, ok)
	return found
}
