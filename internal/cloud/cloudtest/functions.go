package cloudtest

import (
	"fmt"
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FunctionAdapter is what a provider can be asked that lists permissions for
// cloud.AskFunction; its Adapter has to be one.
type FunctionAdapter interface {
	cloud.Functions
	cloud.Capacities
	cloud.FunctionLogs
	cloud.ColdStarts
	cloud.FunctionTraffic
}

// Function is the one function of a World.
type Function struct {
	ID              string
	Serving, Update cloud.State // any of the provider's words for them
	Changed         time.Time
	Timeout         time.Duration
	Memory          int64       // bytes
	Max             cloud.Limit // instances at once

	Log     []cloud.Line    // oldest first: the Text of an entry at Level "" or ERROR, or, with a Cause, what the platform writes of it
	Starts  []time.Duration // cold starts of the last minutes
	Traffic cloud.Traffic   // of the last minutes; zero = no requests
}

// offersFunctions reports whether p takes part in the tests of this file.
func offersFunctions(p Provider) bool { return p.Permissions[cloud.AskFunction] != nil }

var functionTests = map[string]func(*testing.T, Provider){
	"missing function":       testMissingFunction,
	"function":               testFunction,
	"function changed":       testFunctionChanged,
	"function conditions":    testFunctionConditions,
	"capacity":               testCapacity,
	"function log":           testFunctionLog,
	"long function log":      testLongFunctionLog,
	"cold starts":            testColdStarts,
	"no cold starts":         testNoColdStarts,
	"traffic":                testTraffic,
	"traffic without points": testTrafficWithoutPoints,
}

func healthyFunction() Function {
	return Function{
		ID: "app-api", Serving: cloud.Up, Update: cloud.Up, Changed: time.Now().Add(-3 * time.Minute),
		Timeout: 30 * time.Second, Memory: 512 << 20, Max: cloud.AtMost(5),
		Log:    []cloud.Line{{Time: time.Now().Add(-4 * time.Minute), Text: "served"}},
		Starts: []time.Duration{250 * time.Millisecond},
		Traffic: cloud.Traffic{
			Requests: cloud.CountOf(200), ClientErrors: cloud.CountOf(6), ServerErrors: cloud.CountOf(3),
			Throttled: cloud.CountOf(2), Latency: 120 * time.Millisecond, Instances: cloud.CountOf(2),
		},
	}
}

// function asks for the World's function, which has to be there.
func function(t *testing.T, p Provider, w World) cloud.Function {
	t.Helper()
	f, err := functions(p.Adapter).Function(t.Context(), w.Function.ID)
	require.NoError(t, err)
	return f
}

func functions(a Adapter) FunctionAdapter { return a.(FunctionAdapter) }

func testMissingFunction(t *testing.T, p Provider) {
	p.Show(healthy())

	_, err := functions(p.Adapter).Function(t.Context(), "no-such-function")

	assertKind(t, cloud.NotFound, err, p, cloud.AskFunction)
	assert.ErrorContains(t, err, "no-such-function")
}

func testFunction(t *testing.T, p Provider) {
	w := healthy()
	p.Show(w)

	f := function(t, p, w)

	assert.Equal(t, w.Function.ID, f.ID)
	assert.Equal(t, w.Function.Timeout, f.Timeout)
	assert.Equal(t, w.Function.Memory, f.Memory)
	assert.NotEmpty(t, f.Version)
	assert.Equal(t, f.Version, f.Newest)
	assert.NotEmpty(t, f.Log.Place)
	assert.NotEmpty(t, f.Start)
}

func testFunctionChanged(t *testing.T, p Provider) {
	w := healthy()
	p.Show(w)

	assert.WithinDuration(t, w.Function.Changed, function(t, p, w).Changed, time.Second)
}

func testFunctionConditions(t *testing.T, p Provider) {
	for _, c := range []struct{ serving, update cloud.State }{
		{cloud.Up, cloud.Up},
		{cloud.Up, cloud.Changing},
		{cloud.Up, cloud.Down},
		{cloud.Changing, cloud.Changing},
		{cloud.Down, cloud.Down},
	} {
		w := healthy()
		w.Function.Serving, w.Function.Update = c.serving, c.update
		p.Show(w)

		f := function(t, p, w)

		assert.Equal(t, c.serving.String(), f.Serving.State.String(), f.Serving.Status)
		assert.Equal(t, c.update.String(), f.Update.State.String(), f.Update.Status)
		assert.NotEmpty(t, f.Serving.Status)
		assert.NotEmpty(t, f.Update.Status)
		if c.update == cloud.Down {
			assert.NotEmpty(t, f.Update.Reason)
		}
	}
}

func testCapacity(t *testing.T, p Provider) {
	w := healthy()
	p.Show(w)

	capacity, err := functions(p.Adapter).Capacity(t.Context(), function(t, p, w))

	require.NoError(t, err)
	assert.Equal(t, w.Function.Max, capacity.Max)
	assert.Equal(t, cloud.Yes, capacity.PerInstance.Set)
}

func testFunctionLog(t *testing.T, p Provider) {
	w := healthy()
	now := time.Now().UTC().Truncate(time.Second)
	w.Function.Log = []cloud.Line{
		{Time: now.Add(-3 * time.Hour), Level: cloud.LevelError, Text: "long ago"},
		{Time: now.Add(-9 * time.Minute), Level: cloud.LevelError, Text: "cannot reach the database"},
		{Time: now.Add(-8 * time.Minute), Text: "no errors so far"},
		{Time: now.Add(-7 * time.Minute), Level: cloud.LevelFatal, Cause: cloud.OutOfMemory},
		{Time: now.Add(-6 * time.Minute), Level: cloud.LevelFatal, Cause: cloud.Exited},
	}
	p.Show(w)

	log, err := functions(p.Adapter).FunctionErrors(t.Context(), function(t, p, w), now.Add(-time.Hour))

	require.NoError(t, err)
	assert.False(t, log.Truncated)
	assert.NotEmpty(t, log.Source)
	require.Len(t, log.Lines, 3, "%v", log.Lines)
	for n, want := range []cloud.Line{w.Function.Log[4], w.Function.Log[3], w.Function.Log[1]} {
		got := log.Lines[n]
		assert.Contains(t, got.Text, want.Text)
		assert.Equal(t, want.Level, got.Level, got.Text)
		assert.Equal(t, want.Cause, got.Cause, got.Text)
		assert.WithinDuration(t, want.Time, got.Time, 0)
	}
}

func testLongFunctionLog(t *testing.T, p Provider) {
	const written = 3 * cloud.MaxLines
	w := healthy()
	now := time.Now().UTC().Truncate(time.Second)
	for n := range written {
		w.Function.Log = append(w.Function.Log, cloud.Line{
			Time: now.Add(time.Duration(n-written) * time.Second), Level: cloud.LevelError, Text: fmt.Sprintf("failure number %d.", n),
		})
	}
	p.Show(w)

	log, err := functions(p.Adapter).FunctionErrors(t.Context(), function(t, p, w), now.Add(-time.Hour))

	require.NoError(t, err)
	assert.True(t, log.Truncated)
	require.Len(t, log.Lines, cloud.MaxLines)
	for n, line := range log.Lines {
		require.Contains(t, line.Text, fmt.Sprintf("number %d.", written-1-n))
	}
}

func testColdStarts(t *testing.T, p Provider) {
	w := healthy()
	w.Function.Starts = []time.Duration{300 * time.Millisecond, 400 * time.Millisecond, 12 * time.Second}
	p.Show(w)

	starts, err := functions(p.Adapter).ColdStarts(t.Context(), function(t, p, w), time.Now().Add(-24*time.Hour))

	require.NoError(t, err)
	assert.Equal(t, 3, starts.Count)
	assert.False(t, starts.Truncated)
	assert.NotEmpty(t, starts.Source)
	assert.InEpsilon(t, 12*time.Second, starts.P95, 0.1)
	if starts.Max != 0 {
		assert.InEpsilon(t, 12*time.Second, starts.Max, 0.1)
	}
}

func testNoColdStarts(t *testing.T, p Provider) {
	w := healthy()
	w.Function.Starts = nil
	p.Show(w)

	starts, err := functions(p.Adapter).ColdStarts(t.Context(), function(t, p, w), time.Now().Add(-24*time.Hour))

	require.NoError(t, err)
	assert.Zero(t, starts.Count)
	assert.Zero(t, starts.P95)
}

// testTraffic lets a provider leave uncounted what it does not count, but not
// the requests and their errors.
func testTraffic(t *testing.T, p Provider) {
	w := healthy()
	p.Show(w)

	got, err := functions(p.Adapter).FunctionTraffic(t.Context(), function(t, p, w), 15*time.Minute)

	require.NoError(t, err)
	want := w.Function.Traffic
	assert.Equal(t, want.Requests, got.Requests)
	assert.Equal(t, want.ServerErrors, got.ServerErrors)
	assert.InEpsilon(t, want.Latency, got.Latency, 0.1)
	for name, c := range map[string][2]cloud.Count{
		"client errors": {want.ClientErrors, got.ClientErrors},
		"throttled":     {want.Throttled, got.Throttled},
		"instances":     {want.Instances, got.Instances},
	} {
		if c[1].Counted {
			assert.Equal(t, c[0], c[1], name)
		}
	}
}

func testTrafficWithoutPoints(t *testing.T, p Provider) {
	w := healthy()
	w.Function.Traffic = cloud.Traffic{}
	p.Show(w)

	got, err := functions(p.Adapter).FunctionTraffic(t.Context(), function(t, p, w), 15*time.Minute)

	require.NoError(t, err)
	assert.Zero(t, got.Requests.N)
	assert.Zero(t, got.ServerErrors.N)
	assert.Zero(t, got.Latency)
}
