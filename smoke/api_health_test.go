package smoke

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
	"runbook/internal/probe"
)

// The API answers its health check with status 200.
//
// When this is false, clients get errors or nothing at all: a 502 says that the code
// behind the gateway answered badly, a 503 that none of it was there to answer, a 504
// that it took too long.
//
// If it fails:
//
//	curl -sv {healthUrl}
//	aws: aws lambda get-function-configuration --function-name {lambdaFunctionName} --query '[State,LastUpdateStatus,LastUpdateStatusReason]'
//	aws: aws logs tail /aws/lambda/{lambdaFunctionName} --since 1h
//	gcp: gcloud run services describe {apiServiceName} --region={region} --format='yaml(status.conditions,status.latestReadyRevisionName,status.traffic)'
//	gcp: gcloud run services logs read {apiServiceName} --region={region} --limit=50
//
//runbook:diagnose-api.sh Health Check
func TestAPIAnswersItsHealthCheck(t *testing.T) {
	// One question may take 10 s, and a wrong answer is asked about again.
	d := diag.Begin(t, diag.API, diag.P0, diag.Within(15*time.Second))
	api := fixtures.API(d)

	var answer probe.Answer
	err := d.Until(func(ctx context.Context) (err error) {
		answer, err = api.Health(ctx)
		return err
	})

	if err != nil && answer.Status != 0 {
		d.Attach("http", answer.Transcript())
	}
	d.NoError(err)
	said := fixtures.ReadHealth(answer.Body)
	d.Saw("says", said)
	assert.NotEqual(d, fixtures.Unwell, said.Health, "the health check answers 200 and says %s", said)
	if said.Health == fixtures.Doubtful {
		d.Degraded("the health check answers 200 and says %s", said)
	}
}
