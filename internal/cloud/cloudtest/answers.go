package cloudtest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testCaller(t *testing.T, p Provider) {
	w := healthy()
	p.Show(w)

	caller, err := p.Adapter.Caller(t.Context())

	require.NoError(t, err)
	assert.Equal(t, w.Caller.Account, caller.Account)
}

func testMissingInstance(t *testing.T, p Provider) {
	p.Show(healthy())

	_, err := p.Adapter.Instance(t.Context(), "no-such-db")

	assertKind(t, cloud.NotFound, err, p, cloud.AskInstance)
	assert.ErrorContains(t, err, "no-such-db")
}

func testInstance(t *testing.T, p Provider) {
	for _, public := range []cloud.Answer{cloud.Yes, cloud.No} {
		w := healthy()
		w.Database.Public = public
		p.Show(w)

		i := instance(t, p, w)

		assert.Equal(t, w.Database.ID, i.ID)
		assert.Equal(t, public, i.Public)
		assert.NotEmpty(t, i.Hosts)
		assert.Equal(t, w.Database.Port, i.Port)
		assert.NotEmpty(t, i.Engine)
		assert.NotEmpty(t, i.Class)
	}
}

// testCertificate takes the end of either: one provider tells about the
// server's certificate, another about its authority's.
func testCertificate(t *testing.T, p Provider) {
	w := healthy()
	p.Show(w)

	i := instance(t, p, w)

	assert.Contains(t, []time.Time{i.Expires.UTC(), i.CAExpires.UTC()}, w.Database.Expires)
}

func testStates(t *testing.T, p Provider) {
	for _, state := range []cloud.State{cloud.Up, cloud.Changing, cloud.Down} {
		w := healthy()
		w.Database.State = state
		p.Show(w)

		i := instance(t, p, w)

		assert.Equal(t, state.String(), i.State.String(), i.Status)
		assert.NotEmpty(t, i.Status)
	}
}

func testStorage(t *testing.T, p Provider) {
	for _, storage := range []cloud.Storage{
		{Bytes: 20 << 30, Growth: cloud.Fixed},
		{Bytes: 20 << 30, Growth: cloud.Autoscaled, Limit: 100 << 30},
	} {
		w := healthy()
		w.Database.Storage = storage
		p.Show(w)

		assert.Equal(t, storage, instance(t, p, w).Storage)
	}
}

func testFirewall(t *testing.T, p Provider) {
	w := healthy()
	w.Admitted = sources("10.0.0.0/16", "0.0.0.0/1", "128.0.0.0/1")
	p.Show(w)

	admitted, err := p.Adapter.Admits(t.Context(), instance(t, p, w), w.Database.Port)

	require.NoError(t, err)
	assert.ElementsMatch(t, cidrs(w.Admitted), cidrs(admitted))
	assert.Len(t, cloud.WorldOpen(admitted), 2)
	for _, source := range admitted {
		assert.NotEmpty(t, source.Rule)
	}
}

func testFirewallAdmittingNobody(t *testing.T, p Provider) {
	w := healthy()
	w.Admitted = nil
	p.Show(w)

	admitted, err := p.Adapter.Admits(t.Context(), instance(t, p, w), w.Database.Port)

	require.NoError(t, err)
	assert.Empty(t, cidrs(admitted))
}

func testLog(t *testing.T, p Provider) {
	w := healthy()
	now := time.Now().UTC().Truncate(time.Second)
	w.Log = []cloud.Line{
		{Time: now.Add(-3 * time.Hour), Text: `FATAL:  long ago`},
		{Time: now.Add(-9 * time.Minute), Text: `ERROR:  relation "orders" does not exist`},
		{Time: now.Add(-8 * time.Minute), Text: `LOG:  checkpoint complete`},
		{Time: now.Add(-7 * time.Minute), Text: `FATAL:  password authentication failed for user "app"`},
		{Time: now.Add(-6 * time.Minute), Text: `PANIC:  could not write to file "pg_wal/xlogtemp.1"`},
		{Time: now.Add(-5 * time.Minute), Text: `STATEMENT:  select 'ERROR: quoted'`},
	}
	p.Show(w)

	log, err := p.Adapter.DatabaseErrors(t.Context(), instance(t, p, w), now.Add(-time.Hour))

	require.NoError(t, err)
	assert.False(t, log.Truncated)
	assert.NotEmpty(t, log.Source)
	require.Len(t, log.Lines, 3)
	for n, want := range []cloud.Line{w.Log[4], w.Log[3], w.Log[1]} {
		assert.Contains(t, log.Lines[n].Text, want.Text)
		assert.Equal(t, cloud.LevelOf(want.Text), log.Lines[n].Level)
		assert.WithinDuration(t, want.Time, log.Lines[n].Time, 0)
	}
}

func testLongLog(t *testing.T, p Provider) {
	w := healthy()
	now := time.Now().UTC().Truncate(time.Second)
	for n := range 3 * cloud.MaxLines {
		w.Log = append(w.Log, cloud.Line{
			Time: now.Add(time.Duration(n-3*cloud.MaxLines) * time.Second),
			Text: fmt.Sprintf("ERROR:  number %d", n),
		})
	}
	p.Show(w)

	log, err := p.Adapter.DatabaseErrors(t.Context(), instance(t, p, w), now.Add(-time.Hour))

	require.NoError(t, err)
	assert.True(t, log.Truncated)
	require.Len(t, log.Lines, cloud.MaxLines)
	for n, line := range log.Lines {
		want := fmt.Sprintf("number %d", 3*cloud.MaxLines-1-n)
		require.True(t, strings.HasSuffix(line.Text, want), "%q, want %q", line.Text, want)
	}
}

func testQuietLog(t *testing.T, p Provider) {
	w := healthy()
	w.Log = []cloud.Line{{Time: time.Now().Add(-time.Minute), Text: "LOG:  checkpoint complete"}}
	p.Show(w)

	log, err := p.Adapter.DatabaseErrors(t.Context(), instance(t, p, w), time.Now().Add(-time.Hour))

	require.NoError(t, err)
	assert.Empty(t, log.Lines)
	assert.False(t, log.Truncated)
}

func testMetrics(t *testing.T, p Provider) {
	require.NotEmpty(t, p.Metrics)
	w := healthy()
	p.Show(w)
	i := instance(t, p, w)

	for _, metric := range p.Metrics {
		series, err := p.Adapter.Recent(t.Context(), i, metric, 15*time.Minute)

		require.NoError(t, err, metric)
		require.Len(t, series, len(w.Metrics[metric]), metric)
		for n, want := range w.Metrics[metric] {
			assert.InEpsilon(t, want.Value, series[n].Value, 1e-6, metric)
			assert.WithinDuration(t, want.Time, series[n].Time, time.Minute, metric)
		}
	}
}

func testMetricsWithoutPoints(t *testing.T, p Provider) {
	w := healthy()
	w.Metrics = nil
	p.Show(w)
	i := instance(t, p, w)

	for _, metric := range p.Metrics {
		series, err := p.Adapter.Recent(t.Context(), i, metric, 15*time.Minute)

		require.NoError(t, err, metric)
		assert.Empty(t, series, metric)
	}
	_, err := p.Adapter.Recent(t.Context(), i, "no-such-metric", 15*time.Minute)
	assert.Equal(t, cloud.NotOffered, cloud.KindOf(err))
}

func sources(ranges ...string) (all []cloud.Source) {
	for _, r := range ranges {
		all = append(all, cloud.Source{CIDR: netip.MustParsePrefix(r)})
	}
	return all
}

func cidrs(sources []cloud.Source) (all []string) {
	for _, s := range sources {
		if s.CIDR.IsValid() {
			all = append(all, s.CIDR.String())
		}
	}
	return all
}
