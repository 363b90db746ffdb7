package smoke

import (
	"testing"
	"time"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API's rate limits let a single client's question through.
//
// When this is false, users get status 429 although nobody asks too much: a limit of 0 was
// deployed, the whole limit is taken by someone else, or no instance may be started.
//
// If it fails:
//
//	curl -si {healthUrl}
//	aws: aws apigatewayv2 get-stages --api-id {apiGatewayId} --query 'Items[].[StageName,DefaultRouteSettings,RouteSettings]' # a limit of 0 refuses everyone
//	aws: aws lambda get-function-concurrency --function-name {lambdaFunctionName} # 0 throttles every request
//	gcp: gcloud run services describe {apiServiceName} --region={region} --format='yaml(spec.template.metadata.annotations)' # autoscaling.knative.dev/maxScale
//	gcp: gcloud compute security-policies list --format='table(name,rules.rateLimitOptions)'
//
//runbook:symptom Rate limiting errors
func TestAPIAdmitsRequests(t *testing.T) {
	// Two questions may take 10 s each, with a pause between.
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(25*time.Second))
	api := fixtures.API(d)

	waited, err := api.Admission(d.Context())

	d.NoError(err)
	if waited > 0 {
		d.Degraded("status 429, and let in only after %s", waited)
	}
}
