package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API gateway and its stage are there, and the stage's last deployment took effect.
//
// When this is false, requests meet the routes and the code of an earlier deployment, or
// nothing: every path is a 403 or a 404.
//
// If it fails:
//
//	aws: aws apigatewayv2 get-api --region {region} --api-id {apiGatewayId}
//	aws: aws apigatewayv2 get-stages --region {region} --api-id {apiGatewayId} --query 'Items[].[StageName,AutoDeploy,DeploymentId,LastDeploymentStatusMessage]'
//	aws: aws apigatewayv2 get-deployments --region {region} --api-id {apiGatewayId}
//	aws: aws apigatewayv2 create-stage --region {region} --api-id {apiGatewayId} --stage-name <stage> --auto-deploy # where it has none
//	aws: aws apigatewayv2 get-apis --region {region} --query 'Items[].[ApiId,Name]' # where there is no such gateway
//	aws: aws apigateway get-stages --region {region} --rest-api-id {apiGatewayId} --query 'item[].[stageName,deploymentId,lastUpdatedDate]' # of a REST API
func TestAPIGatewayIsDeployed(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P0)
	gateway := fixtures.Gateway(d)

	known, err := gateway.Describe(d.Context())

	d.NoError(err)
	d.Saw("kind", known.Kind)
	d.Saw("stage", known.Stage.Name)
	d.NoError(gateway.Settled(known))
	assert.NotEqual(d, "down", known.Stage.Update.State.String(), "the last deployment of stage %s failed: %s", known.Stage.Name, known.Stage.Update.Reason)
	if stray := gateway.Stray(); stray != "" {
		d.Degraded("apiUrl leads to the gateway %s, and apiGatewayId is %s", stray, known.ID)
	}
}
