package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Of the API's requests of the last quarter of an hour fewer than 5 % (or API_ERRORS) were
// answered with 5xx, as the provider counts them.
//
// When this is false, users meet errors that the health check does not: of one route, of
// one size of request, of every tenth one that meets a broken instance.
//
// If it fails:
//
//	aws: aws cloudwatch get-metric-statistics --region {region} --namespace AWS/ApiGateway --metric-name 5xx --dimensions Name=ApiId,Value={apiGatewayId} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --statistics Sum
//	aws: aws cloudwatch get-metric-statistics --region {region} --namespace AWS/ApiGateway --metric-name 5XXError --dimensions Name=ApiName,Value=<its name> --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --statistics Sum # of a REST API
//	aws: aws logs tail --region {region} <access log> --since 1h --filter-pattern '{ $.status = "5*" }' # which routes, where it is JSON
//	aws: aws logs tail --region {region} /aws/lambda/{function} --since 1h
//	gcp: gcloud logging read 'resource.type="cloud_run_revision" AND resource.labels.service_name="{function}" AND httpRequest.status>=500' --freshness=1h --limit=20 --format='value(timestamp,httpRequest.status,httpRequest.requestUrl,textPayload)'
//	gcp: gcloud run services update-traffic {function} --region={region} --to-revisions=<a revision that worked>=100 # later ones get no requests then, until --to-latest
//
//runbook:symptom 502/503 errors
func TestAPIServesFewErrors(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1)
	limit := d.Stack().Number("API_ERRORS")
	api := fixtures.Traffic(d)

	failures, err := api.Failures(d.Context(), limit)

	d.NoError(err)
	d.Saw("answered with 5xx", failures)
	assert.False(d, failures.Past(limit), "%s were answered with 5xx, want fewer than %d %%", failures, limit)
	if failures.Percent() >= float64(limit)/5 {
		d.Degraded("%s were answered with 5xx", failures)
	}
}
