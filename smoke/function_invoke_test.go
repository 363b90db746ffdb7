package smoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The function may be invoked with the runner's own rights, as its provider checks without
// running it; where FUNCTION_PAYLOAD is set, it is run, and ends without an error.
//
// When this is false, the function fails for whoever calls it just so: Lambda answers 200
// to an invocation whose code failed, and says so in a header only.
//
// If it fails:
//
//	aws: aws lambda invoke --region {region} --function-name {lambdaFunctionName} --cli-binary-format raw-in-base64-out --payload <the payload> /dev/stdout # runs it
//	aws: aws logs tail --region {region} /aws/lambda/{function} --since 10m
//	aws: aws lambda get-policy --region {region} --function-name {function} # who else may invoke it
//	gcp: gcloud run services get-iam-policy {function} --region={region}
func TestFunctionMayBeInvoked(t *testing.T) {
	// A function may take its time.
	d := diag.Begin(t, diag.Function, diag.P2, diag.Within(40*time.Second))
	payload := d.Stack().Setting("FUNCTION_PAYLOAD")
	function := fixtures.Function(d)

	d.NoError(function.Validate(d.Context()))

	if payload == "" {
		d.Saw("invoked", "no: without FUNCTION_PAYLOAD its permission is checked only")
		return
	}
	if d.Stack().On("SMOKE_READONLY") {
		d.Saw("invoked", "no: SMOKE_READONLY is on")
		return
	}
	answer, invoked, err := function.Invoke(d.Context(), payload)
	d.NoError(err)
	if !invoked {
		d.Saw("invoked", "no: it is asked over HTTP only")
		return
	}
	d.Saw("invoked", "yes")
	d.Saw("version", answer.Version)
	d.Saw("took", answer.Took)
	assert.Empty(d, answer.Failed, "the invocation failed: %s", answer)
}
