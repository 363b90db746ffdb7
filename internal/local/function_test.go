package local

import (
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runtime is what both adapters answer about a function.
type runtime interface {
	cloud.Functions
	cloud.Capacities
	cloud.Validators
	cloud.FunctionLogs
	cloud.ColdStarts
	cloud.FunctionTraffic
}

// gateways are AWS's alone.
type gateways interface {
	cloud.Gateways
	cloud.GatewayTraffic
	cloud.GatewayLogs
}

const (
	quarter = 15 * time.Minute // over which the pages count
	// edge is how many minutes of it may be missing where a window's ends fall between two
	// points.
	edge = 1
)

// functionOf asks for the function that the outputs name.
func functionOf(t *testing.T, s *Stack) (runtime, cloud.Function) {
	t.Helper()
	p := adapter(t, s).(runtime)
	f, err := p.Function(t.Context(), s.functionName())
	require.NoError(t, err)
	return p, f
}

func (s *Stack) functionName() string {
	if s.plane.gcp != nil {
		return s.Outputs()["apiServiceName"]
	}
	return s.Outputs()["lambdaFunctionName"]
}

func gatewayOf(t *testing.T, s *Stack) (gateways, cloud.Gateway) {
	t.Helper()
	p := adapter(t, s).(gateways)
	g, err := p.Gateway(t.Context(), s.Outputs()["apiGatewayId"], "")
	require.NoError(t, err)
	return p, g
}

func TestAFunctionOnAGoodDay(t *testing.T) {
	for _, flavour := range Flavours {
		t.Run(flavour, func(t *testing.T) {
			s := planeOnly(t, flavour)
			p, f := functionOf(t, s)

			assert.Equal(t, cloud.Up, f.Serving.State, f.Serving.Status)
			assert.Equal(t, cloud.Up, f.Update.State, f.Update.Status)
			assert.NotEqual(t, cloud.Yes, f.Deprecated)
			assert.WithinDuration(t, time.Now().Add(-time.Hour), f.Changed, time.Minute)
			assert.NoError(t, p.Validate(t.Context(), f))

			room, err := p.Capacity(t.Context(), f)
			require.NoError(t, err)
			assert.False(t, room.Max.Closed())

			traffic, err := p.FunctionTraffic(t.Context(), f, quarter)
			require.NoError(t, err)
			measured := map[string]float64{AWS: 15, GCP: 12}[flavour] // minutes
			assert.InDelta(t, measured*perMinute, traffic.Requests.N, edge*perMinute)
			assert.Equal(t, cloud.CountOf(0), traffic.ServerErrors)
			assert.Equal(t, cloud.CountOf(0), traffic.Throttled)
			assert.Zero(t, traffic.Logged.N)
			assert.Equal(t, cloud.CountOf(2), traffic.Instances)
			assert.InDelta(t, 100*time.Millisecond, traffic.Latency, float64(20*time.Millisecond))

			log, err := p.FunctionErrors(t.Context(), f, time.Now().Add(-quarter))
			require.NoError(t, err)
			assert.Empty(t, log.Lines)

			starts, err := p.ColdStarts(t.Context(), f, time.Now().Add(-day))
			require.NoError(t, err)
			assert.Equal(t, 1, starts.Count, "of those that a request waited for")
			assert.InDelta(t, 400*time.Millisecond, starts.P95, float64(time.Millisecond))
		})
	}
}

func TestAGatewayOnAGoodDay(t *testing.T) {
	s := planeOnly(t, AWS)
	p, g := gatewayOf(t, s)

	assert.Equal(t, cloud.HTTPGateway, g.Kind)
	assert.Equal(t, cloud.Up, g.Stage.Update.State)
	assert.Empty(t, g.Stage.Closed())

	traffic, err := p.GatewayTraffic(t.Context(), g, quarter)
	require.NoError(t, err)
	assert.InDelta(t, 15*perMinute, traffic.Requests.N, edge*perMinute)
	assert.Positive(t, traffic.ClientErrors.N)
	assert.Equal(t, cloud.CountOf(0), traffic.ServerErrors)
	assert.Equal(t, 110*time.Millisecond, traffic.Latency)

	log, err := p.GatewayErrors(t.Context(), g, time.Now().Add(-quarter))
	require.NoError(t, err)
	assert.Empty(t, log.Lines)
}

// A stack that is left running stays measured, and never of what is yet to come.
func TestTheFutureIsNotMeasured(t *testing.T) {
	now := time.Now()
	all := minutes()
	assert.True(t, all[0].Before(now.Add(-30*time.Minute)))
	assert.True(t, all[len(all)-1].After(now.Add(23*time.Hour)))
	for _, flavour := range Flavours {
		p, f := functionOf(t, planeOnly(t, flavour))
		hour, err := p.FunctionTraffic(t.Context(), f, time.Hour)
		require.NoError(t, err)
		assert.LessOrEqual(t, hour.Requests.N, int64(32*perMinute), "of half an hour until now")
	}
}
