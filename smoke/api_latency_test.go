package smoke

import (
	"testing"
	"time"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The API answers its health check quickly: half of the time within two seconds, and
// nineteen times in twenty within four (or as API_LATENCY_LIMIT has it).
//
// When this is false, users wait, clients time out and retry, and the retries make
// it worse.
//
// If it fails:
//
//	curl -so /dev/null -w 'dns %{time_namelookup} connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer} total %{time_total}\n' {healthUrl}
//	aws: aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Duration --dimensions Name=FunctionName,Value={lambdaFunctionName} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --extended-statistics p95
//	gcp: gcloud run services describe {apiServiceName} --region={region} --format='yaml(spec.template.spec.containers[0].resources,spec.template.metadata.annotations)'
//
//runbook:diagnose-api.sh Response Time Analysis
func TestAPIAnswersQuickly(t *testing.T) {
	// The first answer may take 10 s, the samples 10 s and the last of them a little more.
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(40*time.Second))
	limit := d.Stack().Duration("API_LATENCY_LIMIT") // two seconds: people give up
	noticed := limit / 4                             // half a second: people notice
	cutOff := 5 * limit / 2                          // further waiting changes no verdict
	api := fixtures.API(d)

	latency, err := api.Latency(d.Context(), cutOff)

	d.NoError(err)
	first := latency.First.Phases
	d.Saw("first answer", first.Total)
	d.Saw("of which dns", first.DNS)
	d.Saw("of which connect", first.Connect)
	d.Saw("of which tls", first.TLS)
	d.Saw("of which first byte", first.FirstByte)
	d.Saw("of which body", first.Body)
	d.Saw("samples", latency.Samples)
	d.Saw("answer", latency.Answer)
	d.Saw("first byte", latency.FirstByte)
	d.Saw("body", latency.Body)
	d.Saw("bare connection", latency.RoundTrip)
	d.NoError(latency.Slower(limit))
	if late := latency.Slower(noticed); late != nil {
		d.Degraded("%v", late)
	}
}
