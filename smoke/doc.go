// Package smoke is the troubleshooting runbook, one page a test: each asks the deployed
// stack one question and says what to do when the answer is wrong.
//
//	STACK_OUTPUTS_FILE=outputs.json go test -run Database ./smoke
//
// A page's doc comment is its paragraph of the runbook: the claim, what users notice
// when it is false and, under "If it fails:", the commands to run next, with the stack's
// outputs in braces. It is printed, filled in, when the page fails.
package smoke
