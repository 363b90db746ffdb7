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
//	aws: aws logs tail --region {region} /aws/lambda/{function} --since 1h --filter-pattern '?ERROR ?"Task timed out" ?"Runtime exited" ?Exception ?OutOfMemory ?ExitError'
//	aws: aws cloudwatch get-metric-statistics --region {region} --namespace AWS/Lambda --metric-name Errors --dimensions Name=FunctionName,Value={function} --start-time "$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --period 300 --statistics Sum
//	aws: aws lambda list-versions-by-function --region {region} --function-name {function} --query 'Versions[-5:].[Version,LastModified,Description]'
//	aws: aws lambda update-alias --region {region} --function-name {function} --name <alias> --function-version <a version that worked> # where requests come by an alias
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
