package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Of the Lambda function's invocations of the last quarter of an hour fewer than 5 % (or
// FUNCTION_ERRORS) ended in an error.
//
// When this is false, users meet errors, or events are tried again and at last dropped: the
// code throws, runs out of time or memory, or does not start.
//
// If it fails:
//
//	aws: aws logs tail /aws/lambda/{function} --since 1h --filter-pattern '?ERROR ?"Task timed out" ?"Runtime exited" ?Exception'
//	aws: aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Errors --dimensions Name=FunctionName,Value={function} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --statistics Sum
//	aws: aws lambda update-alias --function-name {function} --name <alias> --function-version <the one before>
func TestFunctionEndsInFewErrors(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P1)
	limit := d.Stack().Number("FUNCTION_ERRORS")
	function := fixtures.LambdaFunction(d)

	failures, err := function.Failures(d.Context(), limit)

	d.NoError(err)
	d.Saw("ended in an error", failures)
	assert.False(d, failures.Past(limit), "%s ended in an error, want fewer than %d %%", failures, limit)
	if failures.Percent() >= float64(limit)/5 {
		d.Degraded("%s ended in an error", failures)
	}
}
