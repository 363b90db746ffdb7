package smoke

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API gateway's stage has no rate limit of 0, for all of its routes or for one.
//
// When this is false, every request to such a route is answered with 429. Nobody writes
// that limit: it is what deployment tools send for a limit that is left out where another
// of the route's settings is there.
//
// If it fails:
//
//	aws: aws apigatewayv2 get-stages --region {region} --api-id {apiGatewayId} --query 'Items[].[StageName,DefaultRouteSettings,RouteSettings]'
//	aws: aws apigatewayv2 update-stage --region {region} --api-id {apiGatewayId} --stage-name {stage} --default-route-settings ThrottlingRateLimit=<requests a second>,ThrottlingBurstLimit=<requests at once> # then set both where it is deployed from
//	aws: aws apigatewayv2 delete-route-settings --region {region} --api-id {apiGatewayId} --stage-name {stage} --route-key '<route>' # of one route: those of the stage hold for it then
//	aws: aws apigateway get-stages --region {region} --rest-api-id {apiGatewayId} --query 'item[].[stageName,methodSettings]' # of a REST API
//	aws: aws apigateway update-stage --region {region} --rest-api-id {apiGatewayId} --stage-name {stage} --patch-operations 'op=replace,path=/*/*/throttling/rateLimit,value=<requests a second>' 'op=replace,path=/*/*/throttling/burstLimit,value=<requests at once>' # likewise
//
//runbook:symptom Rate limiting errors
func TestAPIGatewayLetsRequestsIn(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1)
	gateway := fixtures.Gateway(d)

	known, err := gateway.Describe(d.Context())

	d.NoError(err)
	d.Saw("stage", known.Stage.Name)
	d.Saw("limit of requests a second", told(known.Stage.Rate))
	d.Saw("limit of requests at once", told(known.Stage.Burst))
	closed := known.Stage.Closed()
	assert.Empty(d, closed, "stage %s of %s has a limit of 0 for %s", known.Stage.Name, known.ID, strings.Join(closed, ", "))
}
