package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Of the API's requests of the last quarter of an hour 95 % were answered within three
// seconds (or API_LATENCY_P95), as the provider measures them, and its function ended well
// before its timeout.
//
// When this is false, some users wait although the health check is quick. A request that
// takes longer than the function's timeout is not answered at all.
//
// If it fails:
//
//	aws: aws cloudwatch get-metric-statistics --region {region} --namespace AWS/ApiGateway --metric-name IntegrationLatency --dimensions Name=ApiId,Value={apiGatewayId} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --extended-statistics p95
//	aws: aws cloudwatch get-metric-statistics --region {region} --namespace AWS/Lambda --metric-name Duration --dimensions Name=FunctionName,Value={function} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --extended-statistics p95
//	aws: aws lambda update-function-configuration --region {region} --function-name {function} --memory-size <more MiB> --timeout <seconds> # processor time grows with memory
//	gcp: gcloud logging read 'resource.type="cloud_run_revision" AND resource.labels.service_name="{function}" AND httpRequest.latency>"3s"' --freshness=1h --limit=20 --format='value(timestamp,httpRequest.latency,httpRequest.requestUrl)'
//	gcp: gcloud run services describe {function} --region={region} --format='yaml(spec.template.spec)'
//
//runbook:symptom High latency
func TestAPIServesInTime(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1)
	limit := d.Stack().Duration("API_LATENCY_P95")
	api := fixtures.Traffic(d)

	percentiles, err := api.Percentiles(d.Context(), limit)

	for _, p := range percentiles {
		d.Saw("95th percentile", p)
		assert.LessOrEqual(d, p.P95, p.Limit, "%s, want at most %s%s", p.Slow(), p.Limit, p.Why)
		if p.P95 > limit/3 {
			d.Degraded("%s", p.Slow())
		}
	}
	d.NoError(err)
}
