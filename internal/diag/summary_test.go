package diag

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/internal/report"
)

func TestTheSummarySaysWhatACauseBlocks(t *testing.T) {
	t.Parallel()
	page := func(name, severity string, v report.Verdict, by string) report.Page {
		return report.Page{Name: name, Severity: severity, Verdict: v, BlockedBy: by, Message: "so it is"}
	}
	got := summary(statusStop, []report.Page{
		page("TestFunctionHasCapacity", "P1", report.Failed, ""),
		page("TestAPIAnswersItsHealthCheck", "P0", report.Inconclusive, "TestFunctionHasCapacity"),
		page("TestAPIAnswersQuickly", "P1", report.Inconclusive, "TestFunctionHasCapacity"),
		page("TestDatabaseHasCPULeft", "P1", report.Degraded, ""),
		page("TestDatabaseIsReachable", "P0", report.Passed, ""),
	}, "reports/prod/junit.xml")

	assert.Equal(t, `smoke: stop: 1 passed, 1 degraded, 1 failed, 2 inconclusive (reports/prod/junit.xml)
  P1 degraded: TestDatabaseHasCPULeft: so it is
  P1 failed: TestFunctionHasCapacity: so it is (blocks 2, P0 at worst)`, got)
}
