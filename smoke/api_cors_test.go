package smoke

import (
	"testing"
	"time"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Browsers that show the stack's own pages may call the API.
//
// When this is false, the site loads and shows no data: browsers withhold every answer of
// the API from the page, and the console says CORS.
//
// If it fails:
//
//	curl -si -X OPTIONS -H 'Origin: ORIGIN' -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: content-type' {healthUrl}
//	curl -si -H 'Origin: ORIGIN' {healthUrl}
//	aws: aws apigatewayv2 get-api --api-id {apiGatewayId} --query CorsConfiguration # where it is set, headers of the function's own are ignored
//	aws: aws apigatewayv2 get-routes --api-id {apiGatewayId} --query 'Items[].[RouteKey,AuthorizationType]' # no OPTIONS may need a sign-in
//	gcp: gcloud run services get-iam-policy {apiServiceName} --region={region} # browsers send a preflight without credentials
//
//runbook:symptom CORS failures
func TestAPIAllowsItsOwnOrigin(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P2, diag.Within(12*time.Second)) // one question may take 10 s
	api := fixtures.API(d)
	origin := api.OwnOrigin()
	d.Saw("origin", origin)

	answers, err := api.From(d.Context(), origin)

	d.NoError(err)
	d.NoError(answers.Wildcard())
	if err := answers.Refused(); err != nil {
		d.Attach("preflight", answers.Preflight.Transcript())
		d.Attach("get", answers.Actual.Transcript())
		d.NoError(err)
	}
	if shared := answers.Actual.Sharing(); shared.Origins[0] != "*" && !shared.Varies {
		d.Degraded("the answer is for %s alone and lacks Vary: Origin: a cache may give it to pages of another origin", origin)
	}
}
