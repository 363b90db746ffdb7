package smoke

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API gateway's stage has an access log, and by it few requests of the last quarter of
// an hour were turned away with 429: no more than 1 %.
//
// When this is false, clients are refused that did nothing wrong. No metric tells, for API
// Gateway counts a 429 among all other errors of clients; and without an access log nobody
// can say which requests failed.
//
// If it fails:
//
//	aws: aws apigatewayv2 get-stages --region {region} --api-id {apiGatewayId} --query 'Items[].[StageName,AccessLogSettings,DefaultRouteSettings,RouteSettings]'
//	aws: aws logs tail --region {region} {log} --since 1h --filter-pattern '"429"'
//	aws: aws apigatewayv2 update-stage --region {region} --api-id {apiGatewayId} --stage-name {stage} --default-route-settings ThrottlingRateLimit=<requests a second>,ThrottlingBurstLimit=<requests at once>
//
//runbook:diagnose-api.sh Recent API Logs
func TestAPIAccessLogIsClean(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P2)
	const (
		limit = 1 // percent
		few   = 5 // are no share of anything
	)
	gateway := fixtures.Gateway(d)

	known, err := gateway.Describe(d.Context())
	d.NoError(err)
	d.Saw("stage", known.Stage.Name)
	logged, err := gateway.Refusals(d.Context())

	d.NoError(err)
	d.Saw("log", logged.Source)
	if len(logged.Lines) == 0 {
		return
	}
	refused := 0
	for _, line := range logged.Lines {
		if line.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	d.Attach("log", logged.Masked())
	if logged.Truncated {
		d.Saw("cut off at", len(logged.Lines))
	}
	found := fmt.Sprintf("%d requests refused with 429 and %d answered with 5xx, the latest: %s", refused, len(logged.Lines)-refused, logged.Lines[0].Masked())
	d.Degraded("%s", found)
	if refused >= few {
		share, err := gateway.Throttled(d.Context(), logged)
		d.NoError(err)
		assert.LessOrEqual(d, share.Percent(), float64(limit), "%s were refused, want at most %d %%; %s", share, limit, found)
	}
}
