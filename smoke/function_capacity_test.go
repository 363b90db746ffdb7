package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The function may run, as many times at once as its requests need: no more than 1 % of
// those of the last quarter of an hour (or FUNCTION_THROTTLES) were refused for want of
// capacity.
//
// When this is false, requests are refused, and the more the more there are. A reserved
// concurrency of 0 refuses every one: it is how a function is switched off in a hurry, and
// forgotten. Before it comes to that, the instances have most of their memory, their
// processors or the requests they may answer at once in use.
//
// If it fails:
//
//	aws: aws lambda get-function-concurrency --function-name {lambdaFunctionName}
//	aws: aws lambda delete-function-concurrency --function-name {lambdaFunctionName} # lets it have what the account has left
//	aws: aws lambda get-account-settings --query AccountLimit
//	gcp: gcloud run services describe {apiServiceName} --region={region} --format='yaml(metadata.annotations,spec.template.metadata.annotations)'
//	gcp: gcloud run services update {apiServiceName} --region={region} --max-instances=<n>
//	gcp: gcloud run services update {apiServiceName} --region={region} --memory=<more> --cpu=<more> # where its instances have most of it in use
//
//runbook:symptom Rate limiting errors
func TestFunctionHasCapacity(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P1)
	const nearly = 0.9 // of what there is
	limit := d.Stack().Number("FUNCTION_THROTTLES")
	function := fixtures.Function(d)

	capacity, err := function.Capacity(d.Context())

	d.Saw("at most at once", capacity.Max)
	d.Saw("at most at once in the account", capacity.Account)
	d.Saw("always ready", capacity.Min)
	if !assert.False(d, capacity.Max.Closed(), "none may run at once: every request is refused") {
		return
	}
	d.NoError(err)

	refusals, err := function.Refusals(d.Context(), limit)

	d.Saw("refused", refusals)
	d.NoError(err)
	assert.False(d, refusals.Past(limit), "%s were refused for want of capacity, want fewer than %d %%", refusals, limit)
	if refusals.Part > 0 {
		d.Degraded("%s were refused for want of capacity", refusals)
	}
	for _, use := range function.InUse(d.Context(), capacity) {
		d.Saw(use.What, use)
		if use.Share >= nearly {
			d.Degraded("%s: %s", use.What, use)
		}
	}
}
