package cloud_test

import (
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
)

func TestLinesShowNothingThatUsersTyped(t *testing.T) {
	for text, want := range map[string]string{
		`2026-11-23 10:00:00 UTC:10.0.0.7(51234):app@app:[812]:FATAL:  password authentication failed for user "app"`: `FATAL:  password authentication failed for user "app"`,
		`[812]: [1-1] db=app,user=app ERROR:  relation "orders" does not exist at character 15`:                       `ERROR:  relation "orders" does not exist at character 15`,
		`[812] ERROR:  invalid input syntax for type integer: "4111 1111"`:                                            `ERROR:  invalid input syntax for type integer: "…"`,
		`[812] ERROR:  invalid input syntax for type json: "a "quoted" word"`:                                         `ERROR:  invalid input syntax for type json: "…"`,
		`[812] ERROR:  syntax error at or near "hunter22" at character 8`:                                             `ERROR:  syntax error at or near "…" at character 8`,
		`[812] ERROR:  new row fails select 'it''s me', 'and you`:                                                     `ERROR:  new row fails select '…', '…'`,
		`[812] ERROR:  duplicate key: Key (email)=(ann@example.com) already exists.`:                                  `ERROR:  duplicate key: Key (email)=(…) already exists.`,
		"[812] ERROR:  duplicate key\n[812] DETAIL:  Key (email)=(ann@example.com) already exists.":                   `ERROR:  duplicate key`,
		`the connection was lost`: `the connection was lost`,
	} {
		assert.Equal(t, want, cloud.Line{Text: text}.Message())
	}
	assert.Equal(t, `[812] ERROR:  invalid byte: "…"`, cloud.Line{Text: `[812] ERROR:  invalid byte: "x"`}.Masked())
}

func TestADiskGrowsUpToItsLimit(t *testing.T) {
	for disk, want := range map[cloud.Storage]bool{
		{Bytes: 20, Growth: cloud.Fixed}:                  false,
		{Bytes: 20, Growth: cloud.Autoscaled}:             true,
		{Bytes: 20, Growth: cloud.Autoscaled, Limit: 100}: true,
		{Bytes: 20, Growth: cloud.Autoscaled, Limit: 20}:  false,
		{Growth: cloud.Elastic}:                           true,
		{Bytes: 20}:                                       false,
	} {
		assert.Equal(t, want, disk.Grows(), "%+v", disk)
	}
}

func TestLinesAreMaskedEach(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	lines := cloud.Lines{Lines: []cloud.Line{{Time: at, Text: "ERROR no row for 'jane'\ntrace"}, {Time: at, Text: "exit"}}}

	assert.Equal(t, "2026-11-23 10:00:00 ERROR no row for '…'\n2026-11-23 10:00:00 exit\n", lines.Masked())
}
