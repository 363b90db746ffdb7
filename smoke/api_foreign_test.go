package smoke

import (
	"testing"
	"time"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Pages of foreign origins may not call the API with the credentials of whoever looks
// at them.
//
// When this is false, any site that a signed-in user visits can read and change that
// user's data; or, where a star is allowed together with credentials, the stack's own
// pages cannot call the API with cookies.
//
// If it fails:
//
//	curl -si -H 'Origin: https://anyone.invalid' {healthUrl} | grep -i '^access-control-'
//	aws: aws apigatewayv2 get-api --api-id {apiGatewayId} --query CorsConfiguration # list the origins instead of echoing them
//	gcp: gcloud run services describe {apiServiceName} --region={region} --format='yaml(spec.template.spec.containers[0].env)' # which origins the service is told
func TestAPIRefusesForeignOrigins(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(12*time.Second)) // one question may take 10 s
	api := fixtures.API(d)

	answers, err := api.FromForeign(d.Context())

	d.NoError(err)
	for _, a := range answers {
		d.Saw("to "+a.Origin, a.Actual.Sharing().Origins)
		if err := a.Trusted(); err != nil {
			d.Attach("preflight", a.Preflight.Transcript())
			d.Attach("get", a.Actual.Transcript())
			d.NoError(err)
		}
	}
}
