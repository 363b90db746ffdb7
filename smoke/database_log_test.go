package smoke

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database's log of the last ten minutes has no crash in it and no more than a few
// sessions that were refused or ended.
//
// When this is false, users see errors that no health check does: sessions cut off,
// logins refused, writes that found no room.
//
// If it fails:
//
//	aws: aws logs tail /aws/rds/instance/{databaseInstanceId}/postgresql --since 1h --filter-pattern '?ERROR ?FATAL ?PANIC'
//	aws: aws rds describe-db-log-files --db-instance-identifier {databaseInstanceId}
//	aws: aws rds download-db-log-file-portion --db-instance-identifier {databaseInstanceId} --log-file-name <file> --output text
//	gcp: gcloud logging read 'resource.type="cloudsql_database" AND logName:"postgres.log" AND severity>=ERROR' --freshness=1h --limit=20 --format='value(timestamp,severity,textPayload)'
//
//runbook:diagnose-database.sh Recent Database Logs
func TestDatabaseLogIsClean(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P2)
	const span = 10 * time.Minute // a deploy and its first errors
	limit := int(d.Stack().Number("DATABASE_FATALS"))
	instance := fixtures.Instance(d)

	logged, err := instance.Errors(d.Context(), span)

	d.NoError(err)
	d.Saw("log", logged.Source)
	if logged.Truncated {
		d.Saw("cut off at", len(logged.Lines))
	}
	of := map[string][]string{} // messages by what they are, latest first
	for _, line := range logged.Lines {
		kind := kindOf(string(line.Level), line.Text)
		of[kind] = append(of[kind], line.Message())
	}
	if len(logged.Lines) > 0 {
		d.Attach("log", logged.Masked())
	}
	for _, kind := range []string{crash, refusal, mistake} {
		n := len(of[kind])
		if n == 0 {
			continue
		}
		found := fmt.Sprintf("%d %s in %.0f minutes, the latest: %s", n, kind, span.Minutes(), of[kind][0])
		if kind == crash || kind == refusal && n >= limit {
			assert.Fail(d, found)
		}
		d.Degraded("%s", found)
	}
}

// What a line of the log is about, worst first.
const (
	crash   = "signs of a crash"
	refusal = "sessions refused or ended"
	mistake = "failed statements"
)

// ruin is what PostgreSQL says at lesser levels before it can do no more.
var ruin = []string{"out of memory", "could not write", "could not extend", "No space left on device"}

func kindOf(level, text string) string {
	switch {
	case level == "PANIC" || slices.ContainsFunc(ruin, func(r string) bool { return strings.Contains(text, r) }):
		return crash
	case level == "FATAL":
		return refusal
	default:
		return mistake
	}
}
