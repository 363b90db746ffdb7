package awscloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/awsfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestComplaints(t *testing.T) {
	t.Parallel()
	type said struct {
		level cloud.Level
		cause cloud.Cause
	}
	failed, nothing := said{level: cloud.LevelError}, said{}
	ended := func(c cloud.Cause) said { return said{cloud.LevelFatal, c} }
	for line, want := range map[string]said{
		// The text format, as each runtime writes it.
		"2026-11-23T10:00:00.000Z\t8fc6f963-411b-58b5-8483-a32130c0f45d\tERROR\tInvoke Error \t{\"errorType\":\"Error\"}":                   failed,
		"[ERROR]\t2026-11-23T10:00:00.000Z\t8fc6f963-411b-58b5-8483-a32130c0f45d\tcannot connect":                                           failed,
		"[ERROR] KeyError: 'id'\nTraceback (most recent call last):":                                                                        failed,
		"java.lang.NullPointerException: order\n\tat app.Handler":                                                                           failed,
		`time=2026-11-23T10:00:00Z level=error msg="cannot connect"`:                                                                        failed,
		"2026-11-23T10:00:00.000Z 8fc6f963-411b-58b5-8483-a32130c0f45d Task timed out after 3.00 seconds\n":                                 ended(cloud.TimedOut),
		"RequestId: 8fc6f963-411b-58b5-8483-a32130c0f45d Error: Runtime exited with error: signal: killed\nRuntime.ExitError":               ended(cloud.OutOfMemory),
		"RequestId: 8fc6f963-411b-58b5-8483-a32130c0f45d Error: Runtime exited with error: exit status 1\nRuntime.ExitError":                ended(cloud.Exited),
		"REPORT RequestId: x\tDuration: 9.00 ms\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n":                 ended(cloud.OutOfMemory),
		"REPORT RequestId: x\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 32 MB\tStatus: timeout": ended(cloud.TimedOut),
		"REPORT RequestId: x\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 32 MB\t":                      nothing,
		"INIT_REPORT Init Duration: 154.03 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError":                                   nothing,
		"2026-11-23T10:00:00.000Z\tx\tINFO\tno errors so far":                                                                               nothing,
		"2026-11-23T10:00:00.000Z\tx\tINFO\tERRORS=0":                                                                                       nothing,

		// The JSON format.
		`{"timestamp":"2026-11-23T10:00:00Z","level":"ERROR","requestId":"x","message":"cannot connect"}`:                        failed,
		`{"level":"error","msg":"cannot connect"}`:                                                                               failed,
		`{"level":30,"msg":"an Error is only a word"}`:                                                                           nothing,
		`{"timestamp":"2026-11-23T10:00:00Z","level":"INFO","message":"ERROR is only a word"}`:                                   nothing,
		`{"time":"2026-11-23T10:00:00Z","type":"platform.report","record":{"requestId":"x","metrics":{},"status":"timeout"}}`:    ended(cloud.TimedOut),
		`{"time":"2026-11-23T10:00:00Z","type":"platform.report","record":{"status":"error","errorType":"Runtime.ExitError"}}`:   ended(cloud.Exited),
		`{"time":"2026-11-23T10:00:00Z","type":"platform.report","record":{"status":"error","errorType":"Runtime.OutOfMemory"}}`: ended(cloud.OutOfMemory),
		`{"time":"2026-11-23T10:00:00Z","type":"platform.report","record":{"status":"success"}}`:                                 nothing,
		`{"time":"2026-11-23T10:00:00Z","type":"platform.runtimeDone","record":{"status":"timeout"}}`:                            nothing,
		`{"broken`: nothing,
	} {
		level, cause := complaint(line)
		assert.Equal(t, want, said{level, cause}, line)
		if want != nothing {
			assert.True(t, anyIn(complaints, line), "the filter lets it through: %s", line)
		}
	}
}

func anyIn(terms []string, line string) bool {
	for _, term := range terms {
		if strings.Contains(line, term) {
			return true
		}
	}
	return false
}

func TestStartsInEitherFormat(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]time.Duration{
		"REPORT RequestId: x\tDuration: 201.67 ms\tBilled Duration: 202 ms\tMemory Size: 2048 MB\tMax Memory Used: 81 MB\tInit Duration: 480.25 ms\t\nXRAY TraceId: 1-x": 480250 * time.Microsecond,
		"REPORT RequestId: x\tDuration: 25.36 ms\tBilled Duration: 284 ms\tMax Memory Used: 191 MB\tRestore Duration: 616.43 ms\tBilled Restore Duration: 254 ms\t":      616430 * time.Microsecond,
		"REPORT RequestId: x\tDuration: 201.67 ms\tBilled Duration: 202 ms\t":                                                                                            0,
		"INIT_REPORT Init Duration: 10008.12 ms\tPhase: init\tStatus: timeout":                                                                                           10008120 * time.Microsecond,
		"INIT_REPORT Init Duration: 154.03 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError":                                                                0,
		"2026-11-23T10:00:00.000Z\tx\tINFO\tREPORT Init Duration: 1 ms":                                                                                                  0,

		`{"type":"platform.report","record":{"status":"success","metrics":{"durationMs":1.3,"initDurationMs": 463.5}}}`:               463500 * time.Microsecond,
		`{"type":"platform.report","record":{"metrics":{"durationMs":147,"restoreDurationMs":500.795,"billedRestoreDurationMs":53}}}`: 500795 * time.Microsecond,
		`{"type":"platform.report","record":{"metrics":{"durationMs":1.3}}}`:                                                          0,
		`{"type":"platform.initReport","record":{"phase":"init","status":"timeout","metrics":{"durationMs":10001}}}`:                  10001 * time.Millisecond,
		`{"type":"platform.initReport","record":{"phase":"init","status":"success","metrics":{"durationMs":400}}}`:                    0,
		`{"initDurationMs": 1}`: 0,
	} {
		assert.Equal(t, want, start(line), line)
		if want != 0 {
			assert.True(t, anyIn(starts, line), "the filter lets it through: %s", line)
		}
	}
}

func shown(t *testing.T, texts ...string) (*awsfake.Server, *Client, cloud.Function) {
	state := account(world)
	var events []awsfake.LogEvent
	for n, text := range texts {
		events = append(events, awsfake.LogEvent{Time: time.Now().Add(time.Duration(n-len(texts)) * time.Second), Message: text})
	}
	state.Functions[0].LogGroup = "/shared/api"
	state.LogGroups["/shared/api"] = events
	fake, c := standIn(t, state)
	f, err := c.Function(t.Context(), "app-api")
	require.NoError(t, err)
	return fake, c, f
}

// interrupted serves a log whose newest lines are those given, before so many
// others of no interest that they cannot be read before ctx ends: after some
// pages. Its pages hold a few lines, or none.
func interrupted(t *testing.T, texts ...string) (context.Context, *Client, cloud.Function) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	of := append(slices.Repeat([]string{"0 errors and no Init Duration"}, 500), texts...)
	fake, _, f := shown(t, of...)
	var pages atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pages.Add(1) > 8 {
			_, _ = io.Copy(io.Discard, r.Body) // before that, the end of the connection is not seen
			cancel()
			<-r.Context().Done()
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return ctx, client(t, server.URL), f
}

func TestLogThatTakesTooLong(t *testing.T) {
	t.Parallel()
	ctx, c, f := interrupted(t, "[ERROR] ValueError: one", "[ERROR] ValueError: two")

	log, err := c.FunctionErrors(ctx, f, time.Now().Add(-time.Hour))

	assert.Equal(t, cloud.OutOfTime, cloud.KindOf(err), "nobody knows what the rest holds")
	require.Len(t, log.Lines, 2, "what was read")
	assert.Equal(t, "[ERROR] ValueError: two", log.Lines[0].Text)
	assert.Equal(t, "/shared/api", log.Source)
}

func TestColdStartsOfALogThatTakesTooLong(t *testing.T) {
	t.Parallel()
	ctx, c, f := interrupted(t, report(requestID(1), time.Second), report(requestID(2), 3*time.Second))

	starts, err := c.ColdStarts(ctx, f, time.Now().Add(-time.Hour))

	require.NoError(t, err, "the newest tell how long starts take")
	assert.Equal(t, cloud.Starts{Count: 2, P95: 3 * time.Second, Max: 3 * time.Second, Truncated: true, Source: "/shared/api"}, starts)

	ctx, c, f = interrupted(t)
	_, err = c.ColdStarts(ctx, f, time.Now().Add(-time.Hour))
	assert.Equal(t, cloud.OutOfTime, cloud.KindOf(err), "none found is not none there")
}

// TestRequestThatEndedIsOneFailure is a function out of memory: two lines say
// so, one of them that its process was killed.
func TestRequestThatEndedIsOneFailure(t *testing.T) {
	t.Parallel()
	_, c, f := shown(t,
		"RequestId: "+requestID(1)+" Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n",
		"REPORT RequestId: "+requestID(1)+"\tDuration: 9.00 ms\tStatus: error\tError Type: Runtime.ExitError\n",
		"2026-11-23T10:00:00.000Z "+requestID(2)+" Task timed out after 3.00 seconds\n",
		"REPORT RequestId: "+requestID(2)+"\tDuration: 3000.00 ms\tStatus: timeout\n",
	)

	log, err := c.FunctionErrors(t.Context(), f, time.Now().Add(-time.Hour))

	require.NoError(t, err)
	assert.Equal(t, "/shared/api", log.Source)
	require.Len(t, log.Lines, 2)
	assert.Equal(t, cloud.TimedOut, log.Lines[0].Cause)
	assert.Equal(t, cloud.OutOfMemory, log.Lines[1].Cause)
}

func TestFunctionThatWasNeverInvoked(t *testing.T) {
	t.Parallel()
	fake, c, f := shown(t)
	fake.Update(func(s *awsfake.State) { s.LogGroups = nil })

	_, err := c.FunctionErrors(t.Context(), f, time.Now().Add(-time.Hour))
	assert.Equal(t, cloud.NoData, cloud.KindOf(err), err)
	_, err = c.ColdStarts(t.Context(), f, time.Now().Add(-time.Hour))
	assert.Equal(t, cloud.NoData, cloud.KindOf(err), err)
}

func TestColdStartsThatAreNotKept(t *testing.T) {
	t.Parallel()
	fake, c, f := shown(t)
	f.Log.Level = "WARN"
	before := len(fake.Actions())

	_, err := c.ColdStarts(t.Context(), f, time.Now().Add(-time.Hour))

	assert.EqualError(t, err, "asking logs:FilterLogEvents about /shared/api: not enabled: got system log level WARN, which keeps no reports, want INFO")
	assert.Len(t, fake.Actions(), before)
}

func TestMoreColdStartsThanAreSummedUp(t *testing.T) {
	t.Parallel()
	texts := []string{report(requestID(0), time.Hour)} // the oldest is left out
	for n := range maxStarts {
		texts = append(texts, report(requestID(n+1), time.Second))
	}
	fake, c, f := shown(t, texts...)
	fake.Update(func(s *awsfake.State) { s.PageSize, s.EmptyPages = 0, false })

	starts, err := c.ColdStarts(t.Context(), f, time.Now().Add(-time.Hour))

	require.NoError(t, err)
	assert.Equal(t, cloud.Starts{Count: maxStarts, P95: time.Second, Max: time.Second, Truncated: true, Source: "/shared/api"}, starts)
}
