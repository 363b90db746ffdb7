package smoke

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The function may run, as many times at once as its requests need: fewer than 1 % of
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
//	aws: aws lambda get-function-concurrency --region {region} --function-name {function}
//	aws: aws lambda delete-function-concurrency --region {region} --function-name {function} # lets it have what the account has left
//	aws: aws lambda get-account-settings --region {region} --query AccountLimit
//	aws: aws service-quotas request-service-quota-increase --region {region} --service-code lambda --quota-code L-B99A9384 --desired-value <n> # where that of the account is reached
//	gcp: gcloud run services describe {function} --region={region} --format='yaml(metadata.annotations,spec.template.metadata.annotations)'
//	gcp: gcloud run services update {function} --region={region} --max-instances=<n>
//	gcp: gcloud beta run services update {function} --region={region} --scaling=auto # where a number of instances is set by hand
//	gcp: gcloud run services update {function} --region={region} --memory=<more> --cpu=<more> # where its instances have most of it in use
//
//runbook:symptom Rate limiting errors
func TestFunctionHasCapacity(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P1)
	const nearly = 0.9 // of what there is
	limit := d.Stack().Number("FUNCTION_THROTTLES")
	function := fixtures.Function(d)

	capacity, err := function.Capacity(d.Context())

	d.Saw("limit of its own", told(capacity.Max))
	d.Saw("limit of the account", told(capacity.Account))
	d.Saw("kept ready", told(capacity.Min))
	if !assert.False(d, capacity.Max.Closed(), "none may run at once: every request is refused") {
		return
	}
	d.NoError(err)

	refusals, err := function.Refusals(d.Context(), limit)

	d.NoError(err)
	d.Saw("refused", refusals)
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

// told is a limit as a fact: one that the provider does not tell is none.
func told(limit fmt.Stringer) string {
	if text := limit.String(); text != "unknown" {
		return text
	}
	return ""
}
