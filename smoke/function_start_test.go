package smoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Requests that had to wait for a new instance of the function in the last day waited less
// than ten seconds (or FUNCTION_COLD_START), nineteen times in twenty.
//
// When this is false, the first users after a quiet hour or a deployment wait, or get an
// error: Lambda ends a start after ten seconds and begins again.
//
// If it fails:
//
//	aws: aws logs filter-log-events --region {region} --log-group-name {log} --filter-pattern '?"Init Duration" ?INIT_REPORT ?initDurationMs' --start-time "$(date -d '1 day ago' +%s000)" --query 'events[].message' --output text
//	aws: aws lambda update-function-configuration --region {region} --function-name {function} --memory-size <more MiB> # processor time grows with memory
//	gcp: gcloud logging read 'resource.type="cloud_run_revision" AND resource.labels.service_name="{function}" AND textPayload:"Starting new instance"' --freshness=1d --limit=20 --format='value(timestamp,textPayload)'
//	gcp: gcloud run services update {function} --region={region} --min-instances=1 --cpu-boost
//
//runbook:diagnose-cold-starts.sh Cold start metrics
func TestFunctionStartsQuickly(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P2)
	const span = 24 * time.Hour
	limit := d.Stack().Duration("FUNCTION_COLD_START")
	function := fixtures.Function(d)

	known, err := function.Describe(d.Context())

	d.NoError(err)
	d.Saw("memory in MiB", known.Memory>>20)
	d.Saw("runtime", known.Runtime)
	d.Saw("settings", known.Start)

	starts, err := function.ColdStarts(d.Context(), span, limit)

	d.NoError(err)
	d.Saw("log", starts.Source)
	d.Saw("cold starts", starts.Count)
	capacity, _ := function.Capacity(d.Context()) // a fact beside the verdict
	d.Saw("kept ready", told(capacity.Min))
	d.NoError(function.Started(d.Context(), starts))
	if starts.Count == 0 {
		return
	}
	d.Saw("95th percentile", starts.P95)
	d.Saw("longest", starts.Max)
	assert.LessOrEqual(d, starts.P95, limit, "one in twenty of %d cold starts took %s or longer, want at most %s", starts.Count, starts.P95, limit)
	if starts.P95 > limit*3/10 {
		d.Degraded("one in twenty of %d cold starts took %s or longer", starts.Count, starts.P95)
	}
}
