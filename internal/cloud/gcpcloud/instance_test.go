package gcpcloud_test

import (
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/gcpcloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInstanceNames(t *testing.T) {
	for id, want := range map[string][2]string{
		"app-db":                               {"", "app-db"},
		"shop:app-db":                          {"shop", "app-db"},
		"shop:europe-west1:app-db":             {"shop", "app-db"},
		"example.com:shop:app-db":              {"example.com:shop", "app-db"},
		"example.com:shop:europe-west1:app-db": {"example.com:shop", "app-db"},
		"projects/shop/instances/app-db":       {"shop", "app-db"},
		"https://sqladmin.googleapis.com/sql/v1beta4/projects/shop/instances/app-db": {"shop", "app-db"},
		"": {"", ""},
	} {
		project, name := gcpcloud.SplitName(id)
		assert.Equal(t, want, [2]string{project, name}, id)
	}
}

// The project in an instance's name is the one its metrics and logs are asked
// of, whatever the client's own.
func TestInstanceOfAnotherProject(t *testing.T) {
	now := time.Now()
	c, server := serve(t, gcpfake.State{
		Projects:  []string{project, "data-prod"},
		Instances: []gcpfake.Instance{gcpfake.NewInstance("data-prod", "app-db")},
		Entries: []gcpfake.Entry{{
			Project: "data-prod", Instance: "app-db", Time: now.Add(-time.Minute), Severity: "ERROR", Text: "ERROR:  boom",
		}},
		Series: []gcpfake.Series{{
			Project: "data-prod", Instance: "app-db", Metric: "database/cpu/utilization",
			Points: []gcpfake.Point{{Time: now.Add(-5 * time.Minute), Value: 0.5}},
		}},
	})
	asker := client(t, c, server)

	for _, id := range []string{"data-prod:app-db", "data-prod:europe-west1:app-db", gcpfake.NewInstance("data-prod", "app-db").SelfLink} {
		i, err := asker.Instance(t.Context(), id)
		require.NoError(t, err, id)
		assert.Equal(t, "app-db", i.ID)
		assert.Equal(t, "data-prod", i.Account)

		lines, err := asker.DatabaseErrors(t.Context(), i, now.Add(-time.Hour))
		require.NoError(t, err)
		assert.Len(t, lines.Lines, 1)
		series, err := asker.Recent(t.Context(), i, cloud.CPU, time.Hour)
		require.NoError(t, err)
		assert.Len(t, series, 1)
	}
	_, err := asker.Instance(t.Context(), "app-db")
	assert.Equal(t, cloud.NotFound, cloud.KindOf(err))
	_, err = asker.Instance(t.Context(), "")
	assert.ErrorContains(t, err, "names no instance")
}

// described is what the adapter tells of i.
func described(t *testing.T, i gcpfake.Instance) cloud.Instance {
	t.Helper()
	c, server := serve(t, gcpfake.State{Instances: []gcpfake.Instance{i}})
	got, err := client(t, c, server).Instance(t.Context(), i.Name)
	require.NoError(t, err)
	return got
}

func TestStates(t *testing.T) {
	for _, test := range []struct {
		state, policy  string
		change         func(*gcpfake.Instance)
		want           cloud.State
		status, reason string
	}{
		{state: "RUNNABLE", policy: "ALWAYS", want: cloud.Up, status: "RUNNABLE"},
		{state: "RUNNABLE", policy: "NEVER", want: cloud.Down, status: "RUNNABLE, activation policy NEVER", reason: "stopped by its owner"},
		{state: "RUNNABLE", policy: "ON_DEMAND", want: cloud.StateUnknown, status: "RUNNABLE, activation policy ON_DEMAND"},
		{state: "RUNNABLE", policy: "", want: cloud.StateUnknown, status: "RUNNABLE, activation policy unknown"},
		{state: "MAINTENANCE", policy: "ALWAYS", want: cloud.Changing, status: "MAINTENANCE"},
		{state: "PENDING_CREATE", policy: "ALWAYS", want: cloud.Changing, status: "PENDING_CREATE"},
		{state: "PENDING_DELETE", policy: "ALWAYS", want: cloud.Down, status: "PENDING_DELETE"},
		{state: "FAILED", policy: "ALWAYS", want: cloud.Down, status: "FAILED"},
		{state: "HIBERNATING", policy: "ALWAYS", want: cloud.StateUnknown, status: "HIBERNATING"},
		{
			state: "SUSPENDED", policy: "ALWAYS", want: cloud.Down, status: "SUSPENDED", reason: "BILLING_ISSUE, KMS_KEY_ISSUE",
			change: func(i *gcpfake.Instance) { i.SuspensionReason = []string{"BILLING_ISSUE", "KMS_KEY_ISSUE"} },
		},
		{
			state: "RUNNABLE", policy: "ALWAYS", want: cloud.Down, status: "RUNNABLE, SOFT_SHUTDOWN",
			reason: "its disk is almost full: shut down to save the data",
			change: func(i *gcpfake.Instance) { i.OutOfDiskReport = &gcpfake.OutOfDiskReport{State: "SOFT_SHUTDOWN"} },
		},
	} {
		i := gcpfake.NewInstance(project, "app-db")
		i.State, i.Settings.ActivationPolicy = test.state, test.policy
		if test.change != nil {
			test.change(&i)
		}

		got := described(t, i)

		assert.Equal(t, test.want, got.State, test)
		assert.Equal(t, test.status, got.Status)
		assert.Equal(t, test.reason, got.Reason)
	}
}

func TestInstanceDescribesItself(t *testing.T) {
	i := gcpfake.NewInstance(project, "app-db")
	i.MasterInstanceName = project + ":primary"
	i.ReplicaNames = []string{"reader-1"}
	i.DNSName = "abc.def.europe-west1.sql.goog."
	i.IPAddresses = append(i.IPAddresses, gcpfake.IPMapping{Address: "203.0.113.9", Type: "OUTGOING"})
	i.Settings.IPConfiguration.ServerCAMode = ""

	got := described(t, i)

	assert.Equal(t, "primary", got.ReplicaOf)
	assert.Equal(t, []string{"reader-1"}, got.Replicas)
	assert.Equal(t, []string{"10.20.0.3", "abc.def.europe-west1.sql.goog"}, got.Hosts)
	assert.Equal(t, cloud.No, got.Public)
	assert.Equal(t, cloud.Yes, got.LogExport)
	assert.Equal(t, "GOOGLE_MANAGED_INTERNAL_CA", got.CA)
	assert.Equal(t, cloud.Storage{Bytes: 10 << 30, Growth: cloud.Autoscaled}, got.Storage)
}

// An answer without settings says nothing of what they hold.
func TestInstanceWithoutSettings(t *testing.T) {
	i := gcpfake.NewInstance(project, "app-db")
	i.Settings, i.ServerCACert = nil, nil

	got := described(t, i)

	assert.Equal(t, cloud.StateUnknown, got.State)
	assert.Equal(t, cloud.Unknown, got.Public)
	assert.Equal(t, cloud.GrowthUnknown, got.Storage.Growth)
	assert.True(t, got.CAExpires.IsZero())
	assert.Empty(t, got.CA)
}

func TestAdmits(t *testing.T) {
	i := gcpfake.NewInstance(project, "app-db")
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	i.Settings.IPConfiguration.PSCConfig = &gcpfake.PSCConfig{Enabled: true, Projects: []string{"partner"}}
	i.Settings.IPConfiguration.AuthorizedNetworks = []gcpfake.ACLEntry{
		{Name: "office", Value: "198.51.100.7"},
		{Name: "contractor", Value: "0.0.0.0/0", ExpirationTime: past.Format(time.RFC3339Nano)},
		{Name: "migration", Value: "192.0.2.0/24", ExpirationTime: future.Format(time.RFC3339Nano)},
		{Value: "not a network"},
	}
	c, server := serve(t, gcpfake.State{Instances: []gcpfake.Instance{i}})
	asker := client(t, c, server)
	got, err := asker.Instance(t.Context(), "app-db")
	require.NoError(t, err)

	sources, err := asker.Admits(t.Context(), got, 5432)

	require.NoError(t, err)
	var all []string
	for _, source := range sources {
		all = append(all, source.String())
	}
	assert.Equal(t, []string{
		"projects/" + project + "/global/networks/default (private IP)",
		"projects/partner (Private Service Connect)",
		"198.51.100.7/32 (authorized network office)",
		"192.0.2.0/24 (authorized network migration)",
		"not a network (authorized network)",
	}, all)
	assert.Empty(t, cloud.WorldOpen(sources))
}
