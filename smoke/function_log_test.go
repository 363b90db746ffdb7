package smoke

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The function's log of the last quarter of an hour has no instance in it that crashed, ran
// out of memory or out of time, and hardly any line about an error.
//
// When this is false, the code fails at something: also where it answers all the same, or
// where its events are tried again and no one sees an error. What was logged before the
// last deployment does not count.
//
// If it fails:
//
//	aws: aws logs tail --region {region} {log} --since 1h --filter-pattern '?ERROR ?"Task timed out" ?"Runtime exited" ?Exception ?OutOfMemory ?ExitError'
//	aws: aws lambda update-function-configuration --region {region} --function-name {function} --memory-size <more MiB> # where it ran out of memory
//	gcp: gcloud logging read 'resource.type="cloud_run_revision" AND resource.labels.service_name="{function}" AND severity>=ERROR' --freshness=1h --limit=20 --format='value(timestamp,severity,textPayload,jsonPayload.message)'
//	gcp: gcloud run services update {function} --region={region} --memory=<more> # where its instances ran out of it
//
//runbook:diagnose-api.sh Recent API Logs
func TestFunctionLogIsClean(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P2)
	const few = 5 // are no share of anything
	limit := d.Stack().Number("FUNCTION_LOG_ERRORS")
	function := fixtures.Function(d)

	logged, err := function.Errors(d.Context())

	ended := logged.Ended()
	if ended == "" { // else what was read before the error is enough
		d.NoError(err)
	}
	d.Saw("log", logged.Source)
	d.Saw("time read", logged.Span.Round(time.Second))
	lines := logged.Lines.Lines
	if len(lines) == 0 {
		return
	}
	d.Attach("log", logged.Masked())
	if logged.Truncated {
		d.Saw("cut off at", len(lines))
	}
	found := fmt.Errorf("%d lines about errors, the latest: %s", len(lines), lines[0].Masked())
	d.Degraded("%v", found)
	var share fixtures.Share
	if ended == "" && len(lines) >= few {
		share, err = function.Share(d.Context(), logged)
		d.NoError(err)
	}
	if ended != "" || share.Percent() > float64(limit) {
		d.NoError(function.Failing(d.Context(), found))
	}
	assert.Empty(d, ended, "instances ended: %s; %v", ended, found)
	assert.LessOrEqual(d, share.Percent(), float64(limit), "%d lines for %d requests, want at most %d %%; %v", share.Part, share.All, limit, found)
}
