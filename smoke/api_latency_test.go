package smoke

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API answers its health check in less than two seconds.
//
// When this is false, users wait, clients time out and retry, and the retries make
// it worse.
//
// If it fails:
//
//	curl -so /dev/null -w 'dns %{time_namelookup} connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer} total %{time_total}\n' {apiUrl}/health
//	aws: aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Duration --dimensions Name=FunctionName,Value={lambdaFunctionName} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --extended-statistics p95
//	gcp: gcloud run services describe {apiServiceName} --region={region} --format='yaml(spec.template.spec.containers[0].resources,spec.template.metadata.annotations)'
func TestAPIAnswersQuickly(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(40*time.Second))
	const (
		samples = 5
		slow    = 500 * time.Millisecond // people notice
		limit   = 2 * time.Second        // people give up
		cutOff  = 5 * time.Second        // further waiting changes no verdict
	)
	api := fixtures.API(d)

	cold, err := api.Health(d.Context())
	d.NoError(err)
	d.Saw("first answer", cold.Phases.Total)
	var took []time.Duration
	for range samples {
		answer, err := api.HealthWithin(d.Context(), cutOff)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			d.Fatalf("no answer within %s, want less than %s", cutOff, limit)
		}
		d.NoError(err)
		took = append(took, answer.Phases.Total)
	}

	slices.Sort(took)
	median := took[samples/2]
	d.Saw("median", median)
	d.Saw("slowest", took[samples-1])
	assert.Less(d, median, limit, "half of the answers took longer than %s, want less than %s", median, limit)
	if median > slow {
		d.Degraded("half of the answers took longer than %s", median)
	}
}
