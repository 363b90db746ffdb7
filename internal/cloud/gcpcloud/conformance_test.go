package gcpcloud_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/cloud/gcpcloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	project = "123456789012"
	region  = "europe-west1"
)

// actions are those that answer a question; of several, the first asked.
var actions = map[cloud.Question]string{
	cloud.AskCaller:       gcpfake.TestIamPermissions,
	cloud.AskInstance:     gcpfake.InstancesGet,
	cloud.AskLogs:         gcpfake.EntriesList,
	cloud.AskMetrics:      gcpfake.TimeSeriesList,
	cloud.AskFunction:     gcpfake.ServicesGet,
	cloud.AskCapacity:     gcpfake.ServicesGet,
	cloud.AskFunctionLogs: gcpfake.EntriesList,
	cloud.AskColdStarts:   gcpfake.EntriesList,
	cloud.AskTraffic:      gcpfake.TimeSeriesList,
}

// metricNames are Cloud Monitoring's, spelled out a second time on purpose.
var metricNames = map[cloud.Metric]string{
	cloud.CPU:            "database/cpu/utilization",
	cloud.StorageUsed:    "database/disk/utilization",
	cloud.MemoryUsed:     "database/memory/utilization",
	cloud.Connections:    "database/postgresql/num_backends",
	cloud.ReplicaLag:     "database/replication/replica_lag",
	cloud.TransactionIDs: "database/postgresql/transaction_id_utilization",
}

func TestConformance(t *testing.T) {
	for name, paging := range map[string]gcpfake.State{
		"whole answers":    {},
		"pages of two":     {PageSize: 2},
		"empty pages amid": {PageSize: 7, EmptyPages: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloudtest.Run(t, func(t *testing.T) cloudtest.Provider { return provider(t, paging) })
		})
	}
}

func provider(t *testing.T, paging gcpfake.State) cloudtest.Provider {
	c, server := serve(t, paging)
	t.Cleanup(func() { assert.Subset(t, gcpcloud.Permissions.All(), c.Actions()) })
	return cloudtest.Provider{
		Adapter:     client(t, c, server),
		Permissions: gcpcloud.Permissions,
		Metrics:     gcpcloud.Offered(),
		Show:        func(w cloudtest.World) { c.Update(func(s *gcpfake.State) { show(s, w) }) },
		Anonymous:   anonymous(t, server),
		Deny:        func(q cloud.Question) { c.Refuse(actions[q], gcpfake.Denied, gcpfake.Forever) },
		Disable:     func(q cloud.Question) { c.Refuse(actions[q], gcpfake.Disabled, gcpfake.Forever) },
		Throttle:    func(q cloud.Question, times int) { c.Refuse(actions[q], gcpfake.Throttled, times) },
		Stop:        server.Close,
		Actions:     c.Actions,
	}
}

// serve serves a control plane that shows state, of one project unless it
// names others.
func serve(t *testing.T, state gcpfake.State) (*gcpfake.Server, *httptest.Server) {
	t.Helper()
	if state.Projects == nil {
		state.Projects = []string{project}
	}
	c := gcpfake.New(state)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, server
}

func client(t *testing.T, c *gcpfake.Server, server *httptest.Server) *gcpcloud.Client {
	t.Helper()
	adapter, err := gcpcloud.NewWithKey(gcpcloud.Config{Project: project, Region: region, Endpoint: server.URL}, c.KeyFile(server.URL))
	require.NoError(t, err)
	return adapter
}

// anonymous has the key of an account that the control plane does not know.
func anonymous(t *testing.T, server *httptest.Server) *gcpcloud.Client {
	t.Helper()
	return client(t, gcpfake.New(gcpfake.State{Projects: []string{"elsewhere"}}), server)
}

// show puts a World into s.
func show(s *gcpfake.State, w cloudtest.World) {
	s.Instances, s.Entries, s.Series = []gcpfake.Instance{instanceOf(w)}, nil, nil
	for _, line := range w.Log {
		s.Entries = append(s.Entries, entryOf(w, line))
	}
	for metric, points := range w.Metrics {
		if name, ok := metricNames[metric]; ok {
			s.Series = append(s.Series, seriesOf(w, name, points)...)
		}
	}
	showFunction(s, w.Function)
}

func instanceOf(w cloudtest.World) gcpfake.Instance {
	i := gcpfake.NewInstance(project, w.Database.ID)
	i.MasterInstanceName = project + ":primary" // replicas are those whose every metric is taken
	i.State = map[cloud.State]string{cloud.Up: "RUNNABLE", cloud.Changing: "MAINTENANCE", cloud.Down: "RUNNABLE"}[w.Database.State]
	if w.Database.State == cloud.Down {
		i.Settings.ActivationPolicy = "NEVER"
	}
	i.ServerCACert.ExpirationTime = w.Database.Expires.Format(time.RFC3339Nano)
	grow := w.Database.Storage.Growth == cloud.Autoscaled
	i.Settings.StorageAutoResize = &grow
	i.Settings.DataDiskSizeGB = w.Database.Storage.Bytes >> 30
	i.Settings.StorageAutoResizeLimit = w.Database.Storage.Limit >> 30
	if w.Database.Public == cloud.Yes {
		i.Settings.IPConfiguration.IPv4Enabled = true
		i.IPAddresses = append(i.IPAddresses, gcpfake.IPMapping{Address: "203.0.113.10", Type: "PRIMARY"})
	}
	for _, source := range w.Admitted {
		i.Settings.IPConfiguration.AuthorizedNetworks = append(i.Settings.IPConfiguration.AuthorizedNetworks,
			gcpfake.ACLEntry{Kind: "sql#aclEntry", Value: source.CIDR.String()})
	}
	return i
}

// entryOf writes a line as Cloud SQL does: the instance's line prefix before
// it, and the severity of the statement at fault on what goes with an error.
func entryOf(w cloudtest.World, line cloud.Line) gcpfake.Entry {
	word, _, _ := strings.Cut(line.Text, ":")
	severity, ok := map[string]string{"LOG": "INFO", "FATAL": "ALERT", "PANIC": "EMERGENCY"}[word]
	if !ok {
		severity = "ERROR"
	}
	return gcpfake.Entry{
		Project: project, Instance: w.Database.ID, Time: line.Time, Severity: severity,
		Text: line.Time.Format("2006-01-02 15:04:05.000 MST") + " [4711]: [1-1] db=app,user=app " + line.Text,
	}
}

// seriesOf measures connections in two databases, the rest once.
func seriesOf(w cloudtest.World, name string, points cloud.Series) []gcpfake.Series {
	shares := map[string]float64{"": 1}
	if name == metricNames[cloud.Connections] {
		shares = map[string]float64{"app": 0.75, "postgres": 0.25}
	}
	var all []gcpfake.Series
	for database, share := range shares {
		s := gcpfake.Series{Project: project, Instance: w.Database.ID, Metric: name, Labels: map[string]string{"database": database}}
		for _, p := range points {
			s.Points = append(s.Points, gcpfake.Point{Time: p.Time, Value: p.Value * share})
		}
		all = append(all, s)
	}
	return all
}
