package gcpcloud_test

import (
	"math"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stopped replica reports a negative lag, which no upper limit would catch.
func TestStoppedReplicaIsInfinitelyBehind(t *testing.T) {
	t.Parallel()
	c, server := serve(t, gcpfake.State{Series: []gcpfake.Series{{
		Project: project, Instance: "reader", Metric: "database/replication/replica_lag",
		Points: []gcpfake.Point{{Time: time.Now().Add(-4 * time.Minute), Value: -1}},
	}}})
	asker := client(t, c, server)

	series, err := asker.Recent(t.Context(), cloud.Instance{ID: "reader", ReplicaOf: "primary"}, cloud.ReplicaLag, time.Hour)

	require.NoError(t, err)
	require.Len(t, series, 1)
	assert.True(t, math.IsInf(series[0].Value, 1))

	_, err = asker.Recent(t.Context(), cloud.Instance{ID: "primary"}, cloud.ReplicaLag, time.Hour)
	assert.EqualError(t, err, "asking monitoring.timeSeries.list about primary: not offered: no replica-lag in Cloud SQL's metrics of this instance")
}

// Samples within a minute become their mean, and those before the window stay
// out.
func TestMetricsAreOnePointAMinute(t *testing.T) {
	t.Parallel()
	minute := time.Now().UTC().Truncate(time.Minute)
	c, server := serve(t, gcpfake.State{Series: []gcpfake.Series{{
		Project: project, Instance: "app-db", Metric: "database/cpu/utilization",
		Points: []gcpfake.Point{
			{Time: minute.Add(-90 * time.Minute), Value: 1},
			{Time: minute.Add(-5 * time.Minute), Value: 0.2},
			{Time: minute.Add(-4*time.Minute - 30*time.Second), Value: 0.4},
			{Time: minute.Add(-4 * time.Minute), Value: 0.8},
		},
	}}})

	series, err := client(t, c, server).Recent(t.Context(), appDB, cloud.CPU, time.Hour)

	require.NoError(t, err)
	require.Len(t, series, 2)
	assert.InDelta(t, 0.2, series[0].Value, 1e-9)
	assert.InDelta(t, 0.6, series[1].Value, 1e-9)
}

// A log entry may carry its text in a JSON payload; where the text does not
// name PostgreSQL's severity, Google's stands for it.
func TestLogPayloadsAndSeverities(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	entry := func(ago int, severity, text string, payload map[string]any) gcpfake.Entry {
		return gcpfake.Entry{
			Project: project, Instance: "app-db", Time: now.Add(time.Duration(-ago) * time.Minute),
			Severity: severity, Text: text, JSON: payload,
		}
	}
	c, server := serve(t, gcpfake.State{Entries: []gcpfake.Entry{
		entry(1, "EMERGENCY", "could not locate a valid checkpoint record", nil),
		entry(2, "ALERT", "", map[string]any{"message": "out of memory"}),
		entry(3, "ERROR", "", map[string]any{"message": "PANIC:  stuck spinlock"}),
		entry(4, "ERROR", "", map[string]any{"unexpected": true}),
		entry(5, "ERROR", "DETAIL:  Key (id)=(1) already exists.", nil),
		entry(6, "WARNING", "WARNING:  not bad enough", nil),
		gcpfake.Entry{Project: project, Instance: "app-db", Log: "postgres-audit.log", Time: now.Add(-time.Minute), Severity: "ERROR", Text: "another log"},
		gcpfake.Entry{Project: project, Instance: "other-db", Time: now.Add(-time.Minute), Severity: "ERROR", Text: "another instance"},
	}})

	lines, err := client(t, c, server).DatabaseErrors(t.Context(), appDB, now.Add(-time.Hour))

	require.NoError(t, err)
	var all []string
	for _, line := range lines.Lines {
		all = append(all, string(line.Level)+" "+line.Text)
	}
	assert.Equal(t, []string{
		"PANIC could not locate a valid checkpoint record",
		"FATAL out of memory",
		"PANIC PANIC:  stuck spinlock",
		"ERROR ",
	}, all)
	assert.Equal(t, "projects/"+project+"/logs/cloudsql.googleapis.com%2Fpostgres.log", lines.Source)
}

// The quota of entries.list is 60 a minute for the whole project.
func TestLogIsOneRequest(t *testing.T) {
	t.Parallel()
	var entries []gcpfake.Entry
	for n := range 2 * cloud.MaxLines {
		entries = append(entries, gcpfake.Entry{
			Project: project, Instance: "app-db", Time: time.Now().Add(-time.Duration(n) * time.Second), Severity: "ERROR", Text: "ERROR:  again",
		})
	}
	c, server := serve(t, gcpfake.State{Entries: entries})

	lines, err := client(t, c, server).DatabaseErrors(t.Context(), appDB, time.Now().Add(-time.Hour))

	require.NoError(t, err)
	assert.Len(t, lines.Lines, cloud.MaxLines)
	assert.True(t, lines.Truncated)
	assert.Equal(t, []string{"logging.logEntries.list"}, c.Actions())
}
