package smoke

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The function is deployed: it takes requests, and its last deployment took effect.
//
// When this is false, requests are answered with 5xx, or by the code of the deployment
// before, which went on serving when the new one did not start.
//
// If it fails:
//
//	aws: aws lambda get-function-configuration --region {region} --function-name {lambdaFunctionName} --query '[State,StateReason,LastUpdateStatus,LastUpdateStatusReason,LastModified]'
//	aws: aws lambda list-versions-by-function --region {region} --function-name {function} --query 'Versions[-5:].[Version,LastModified,Description]'
//	aws: aws lambda update-alias --region {region} --function-name {function} --name <alias> --function-version <a version that worked> # where requests come by an alias
//	gcp: gcloud run services describe {function} --region={region} --format='yaml(status.conditions,status.latestReadyRevisionName,status.latestCreatedRevisionName,status.traffic)'
//	gcp: gcloud run services logs read {function} --region={region} --limit=50
//	gcp: gcloud run revisions list --service={function} --region={region} --limit=5
//	gcp: gcloud run services update-traffic {function} --region={region} --to-revisions=<a revision that worked>=100 # later ones get no requests then, until --to-latest
//
//runbook:diagnose-cold-starts.sh Function configuration
func TestFunctionIsDeployed(t *testing.T) {
	// A deployment that is under way is waited for, 15 s.
	d := diag.Begin(t, diag.Function, diag.P0, diag.Within(30*time.Second))
	limit := d.Stack().Duration("FUNCTION_DEPLOYMENT")
	function := fixtures.Function(d)

	known, err := function.Deployed(d.Context(), limit)

	d.NoError(err)
	d.Saw("serving", known.Serving.Status)
	d.Saw("last deployment", known.Update.Status)
	if !known.Changed.IsZero() {
		d.Saw("deployed", known.Changed.Format(time.DateTime))
	}
	d.Saw("version", known.Version)
	d.Saw("newest", known.Newest)
	d.Saw("runtime", known.Runtime)
	if known.Timeout > 0 {
		d.Saw("timeout", known.Timeout)
	}
	if known.Memory > 0 {
		d.Saw("memory in MiB", known.Memory>>20)
	}
	if !assert.NotEqual(d, "down", known.Serving.State.String(), "%s takes no requests: %s. %s", known.ID, known.Serving.Status, known.Serving.Reason) {
		return
	}
	assert.NotEqual(d, "down", known.Update.State.String(), "the last deployment of %s did not take effect: %s. %s", known.ID, known.Update.Status, known.Update.Reason)
	d.NoError(function.Settled(known, limit))
	if known.Version != "" && known.Newest != "" && known.Version != known.Newest {
		d.Degraded("requests go to %s, and %s was deployed last", known.Version, known.Newest)
	}
	if stray := function.Stray(known); stray != "" {
		d.Degraded("apiUrl leads to %s; %s is at %s", stray, known.ID, strings.Join(known.Hosts, ", "))
	}
	if known.Serving.State.String() == "idle" {
		d.Degraded("%s is %s: the first request fails while it is brought back", known.ID, known.Serving.Status)
	}
	if known.Deprecated.String() == "yes" {
		d.Degraded("the runtime %s of %s is no longer maintained", known.Runtime, known.ID)
	}
}
