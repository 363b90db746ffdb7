// Package cloudtest is the conformance suite of the adapters of package cloud:
// the same questions to every provider, the same answers and the same kinds of
// error back. It knows no provider. An adapter's test hands it a counterpart
// (a stand-in, an emulator) that can be told what to show.
package cloudtest

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"runbook/internal/cloud"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Adapter is what every provider can be asked.
type Adapter interface {
	cloud.Identities
	cloud.Databases
	cloud.Firewalls
	cloud.Logs
	cloud.Metrics
}

// World is what a counterpart is told to show.
type World struct {
	Caller   cloud.Caller
	Database Database
	Admitted []cloud.Source // only their CIDRs; on Database.Port
	Log      []cloud.Line   // oldest first, each Text as PostgreSQL writes it after its line prefix: "ERROR:  …"
	Metrics  map[cloud.Metric]cloud.Series
	Function Function
}

// Database is the one instance of a World. Its log goes to the provider's log
// service; its class is one that every metric is taken of.
type Database struct {
	ID      string
	State   cloud.State // any of the provider's words for it
	Port    int
	Public  cloud.Answer
	Storage cloud.Storage
	Expires time.Time // of the certificate the provider tells about
}

// Provider is an adapter and the counterpart it asks. Each subtest takes a new
// one. A function that is nil is something the counterpart cannot do; what
// needs it is left out of the run.
type Provider struct {
	Adapter     Adapter
	Permissions cloud.Permissions
	Metrics     []cloud.Metric // those the adapter offers
	Show        func(World)
	Without     []string // subtests the counterpart is known to answer wrongly; its test says why

	Anonymous Adapter                           // the same without credentials
	Deny      func(cloud.Question)              // refuse the caller every action of the question
	Disable   func(cloud.Question)              // switch off the service that answers it
	Throttle  func(q cloud.Question, times int) // refuse that often for asking too often; below 0 for ever
	Stop      func()                            // answer no more
	Actions   func() []string                   // the actions called so far, as IAM spells them
}

// Run holds the adapter to the suite.
func Run(t *testing.T, start func(t *testing.T) Provider) {
	tests := map[string]func(*testing.T, Provider){
		"caller":                    testCaller,
		"missing instance":          testMissingInstance,
		"instance":                  testInstance,
		"certificate":               testCertificate,
		"states":                    testStates,
		"storage":                   testStorage,
		"firewall":                  testFirewall,
		"firewall admitting nobody": testFirewallAdmittingNobody,
		"log":                       testLog,
		"long log":                  testLongLog,
		"quiet log":                 testQuietLog,
		"metrics":                   testMetrics,
		"metrics without points":    testMetricsWithoutPoints,
		"denied":                    testDenied,
		"disabled":                  testDisabled,
		"throttled for a while":     testThrottledForAWhile,
		"throttled for ever":        testThrottledForEver,
		"no credentials":            testNoCredentials,
		"stopped":                   testStopped,
		"out of time":               testOutOfTime,
		"permissions":               testPermissions,
	}
	maps.Copy(tests, functionTests)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			if functionTests[name] != nil && !offersFunctions(p) || slices.Contains(p.Without, name) {
				return
			}
			test(t, p)
		})
	}
}

// healthy is a World in which nothing is wrong.
func healthy() World {
	now := time.Now().UTC().Truncate(time.Minute)
	w := World{
		Caller: cloud.Caller{Account: "123456789012"},
		Database: Database{
			ID: "app-db", State: cloud.Up, Port: 5432, Public: cloud.No,
			Storage: cloud.Storage{Bytes: 100 << 30, Growth: cloud.Fixed},
			Expires: now.AddDate(1, 0, 0),
		},
		Admitted: sources("10.0.0.0/16"),
		Metrics:  map[cloud.Metric]cloud.Series{},
		Function: healthyFunction(),
	}
	for metric, value := range map[cloud.Metric]float64{
		cloud.CPU: 0.25, cloud.CPUCredits: 144, cloud.StorageUsed: 0.5,
		cloud.MemoryFree: 1 << 30, cloud.MemoryUsed: 0.5, cloud.DiskQueue: 2,
		cloud.Connections: 42, cloud.ReplicaLag: 3, cloud.SlotLag: 4096, cloud.TransactionIDs: 0.125,
	} {
		for ago := 12; ago >= 4; ago-- {
			w.Metrics[metric] = append(w.Metrics[metric], cloud.Point{
				Time: now.Add(-time.Duration(ago) * time.Minute), Value: value,
			})
		}
	}
	return w
}

// instance asks for the World's database, which has to be there.
func instance(t *testing.T, p Provider, w World) cloud.Instance {
	t.Helper()
	i, err := p.Adapter.Instance(t.Context(), w.Database.ID)
	require.NoError(t, err)
	return i
}

// known is what the questions of the suite are about.
type known struct {
	cloud.Instance
	cloud.Function
}

// know asks for what a healthy World has, which has to be there.
func know(t *testing.T, p Provider) (k known) {
	t.Helper()
	w := healthy()
	p.Show(w)
	k.Instance = instance(t, p, w)
	if offersFunctions(p) {
		k.Function = function(t, p, w)
	}
	return k
}

// ask puts one question about what is known, whatever the answer.
func ask(ctx context.Context, a Adapter, q cloud.Question, k known) (err error) {
	switch q {
	case cloud.AskCaller:
		_, err = a.Caller(ctx)
	case cloud.AskInstance:
		_, err = a.Instance(ctx, k.Instance.ID)
	case cloud.AskFirewall:
		_, err = a.Admits(ctx, k.Instance, 5432)
	case cloud.AskLogs:
		_, err = a.DatabaseErrors(ctx, k.Instance, time.Now().Add(-time.Hour))
	case cloud.AskMetrics:
		_, err = a.Recent(ctx, k.Instance, cloud.CPU, time.Hour)
	case cloud.AskFunction:
		_, err = functions(a).Function(ctx, k.Function.ID)
	case cloud.AskCapacity:
		_, err = functions(a).Capacity(ctx, k.Function)
	case cloud.AskFunctionLogs:
		_, err = functions(a).FunctionErrors(ctx, k.Function, time.Now().Add(-time.Hour))
	case cloud.AskColdStarts:
		_, err = functions(a).ColdStarts(ctx, k.Function, time.Now().Add(-time.Hour))
	case cloud.AskTraffic:
		_, err = functions(a).FunctionTraffic(ctx, k.Function, time.Hour)
	}
	return err
}

// assertKind holds err to be a cloud.Error of that kind, asked with one of the
// actions that answer q.
func assertKind(t *testing.T, kind cloud.Kind, err error, p Provider, q cloud.Question) {
	t.Helper()
	var failed *cloud.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, kind, failed.Kind, failed.Error())
	assert.Contains(t, p.Permissions[q], failed.Action)
	assert.NotContains(t, failed.Error(), "\n")
}
