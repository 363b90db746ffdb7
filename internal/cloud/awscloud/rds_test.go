package awscloud

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/awsfake"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInstanceByEachOfItsNames(t *testing.T) {
	t.Parallel()
	state := account(world)
	for n := range 20 { // so that it is found on a later page only
		state.Instances = append(state.Instances, awsfake.Instance{ID: fmt.Sprint("other-", n)})
	}
	state.Instances[0].ResourceID = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	slices.Reverse(state.Instances)
	_, c := standIn(t, state)

	for _, id := range []string{"app-db", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "arn:aws:rds:eu-west-1:123456789012:db:app-db"} {
		i, err := c.Instance(t.Context(), id)

		require.NoError(t, err)
		assert.Equal(t, "app-db", i.ID)
	}
	_, err := c.Instance(t.Context(), "db-ZZZZZZZZZZZZZZZZZZZZZZZZZZ")
	assert.Equal(t, cloud.NotFound, cloud.KindOf(err))
}

func TestInstanceTellsWhyAndWhatWaits(t *testing.T) {
	t.Parallel()
	state := account(world)
	db := &state.Instances[0]
	db.Status, db.PendingClass, db.PendingPassword, db.Address = "incompatible-network", "db.m7g.large", true, ""
	db.ReplicaOf, db.Replicas = "main-db", []string{"third-db"}
	db.StatusInfos = []awsfake.StatusInfo{
		{StatusType: "read replication", Normal: true, Status: "replicating"},
		{StatusType: "read replication", Status: "error", Message: "replication slot\nis gone"},
	}
	_, c := standIn(t, state)

	i, err := c.Instance(t.Context(), "app-db")

	require.NoError(t, err)
	assert.Equal(t, "read replication error replication slot is gone", i.Reason)
	assert.Equal(t, []string{"DBInstanceClass", "MasterUserPassword"}, i.Pending)
	assert.NotContains(t, fmt.Sprintf("%+v", i), "****")
	assert.Empty(t, i.Hosts)
	assert.Equal(t, "main-db", i.ReplicaOf)
	assert.Equal(t, []string{"third-db"}, i.Replicas)
}

func TestStates(t *testing.T) {
	t.Parallel()
	for want, statuses := range map[cloud.State][]string{
		cloud.Up:           {"available", "backing-up", "storage-optimization", "configuring-log-exports"},
		cloud.Changing:     {"creating", "modifying", "upgrading", "rebooting", "maintenance", "renaming", "starting"},
		cloud.Down:         {"stopped", "stopping", "failed", "storage-full", "incompatible-parameters", "inaccessible-encryption-credentials-recoverable", "restore-error", "deleting"},
		cloud.StateUnknown: {"", "some-word-of-next-year"},
	} {
		for _, status := range statuses {
			assert.Equal(t, want.String(), state(status).String(), status)
		}
	}
}

func TestAurora(t *testing.T) {
	t.Parallel()
	state := account(world)
	db := &state.Instances[0]
	db.Engine, db.Cluster, db.AllocatedGiB, db.Class = "aurora-postgresql", "app", 1, "db.r7g.large"
	now := time.Now()
	state.LogGroups["/aws/rds/cluster/app/postgresql"] = []awsfake.LogEvent{{Time: now.Add(-time.Minute), Message: "x:FATAL:  of the cluster"}}
	state.Metrics[awsfake.Metric{Namespace: "AWS/RDS", Name: "AuroraReplicaLag", Dimension: "DBInstanceIdentifier", Value: "app-db"}] =
		[]awsfake.Point{{Time: now.Add(-time.Minute), Value: 1500}}
	_, c := standIn(t, state)

	i, err := c.Instance(t.Context(), "app-db")
	require.NoError(t, err)
	assert.Equal(t, cloud.Storage{Growth: cloud.Elastic}, i.Storage)

	log, err := c.DatabaseErrors(t.Context(), i, now.Add(-time.Hour))
	require.NoError(t, err)
	assert.Len(t, log.Lines, 1)

	lag, err := c.Recent(t.Context(), i, cloud.ReplicaLag, time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 1.5, lag.Last().Value, 1e-9)

	for _, metric := range []cloud.Metric{cloud.StorageUsed, cloud.CPUCredits, cloud.MemoryUsed} {
		_, err := c.Recent(t.Context(), i, metric, time.Hour)
		assert.Equal(t, cloud.NotOffered, cloud.KindOf(err), metric)
	}
}

func TestLogGroupThatNoLineHasMadeYet(t *testing.T) {
	t.Parallel()
	state := account(world)
	state.LogGroups = nil
	_, c := standIn(t, state)

	_, err := c.DatabaseErrors(t.Context(), cloud.Instance{ID: "app-db", LogExport: cloud.Yes}, time.Now().Add(-time.Hour))

	assert.Equal(t, cloud.NoData, cloud.KindOf(err), err)
}

// logFile holds an ERROR a minute, the last one at its end, with lines between
// them that do not count.
func logFile(name string, end time.Time, minutes int) awsfake.LogFile {
	var text strings.Builder
	for ago := minutes - 1; ago >= 0; ago-- {
		at := end.Add(-time.Duration(ago) * time.Minute)
		fmt.Fprintln(&text, logged(cloud.Line{Time: at, Text: "ERROR:  at " + at.Format(time.TimeOnly)}))
		fmt.Fprintln(&text, logged(cloud.Line{Time: at, Text: "STATEMENT:  select 1,"}))
		fmt.Fprintln(&text, "\t'ERROR:  quoted'")
	}
	return awsfake.LogFile{Name: name, LastWritten: end, Text: text.String()}
}

func TestLogFiles(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	state := account(world)
	state.Instances[0].LogExports = nil
	state.Instances[0].LogFiles = []awsfake.LogFile{
		logFile("error/postgresql.log.a", now.Add(-3*time.Hour), 5),
		logFile("error/postgresql.log.b", now.Add(-30*time.Minute), 60),
		logFile("error/postgresql.log.c", now, 30),
		logFile("error/postgresql.log.c.csv", now, 30),
		logFile("trace/alert.log", now, 30),
	}
	fake, c := standIn(t, state)
	i, err := c.Instance(t.Context(), "app-db")
	require.NoError(t, err)

	log, err := c.DatabaseErrors(t.Context(), i, now.Add(-40*time.Minute))

	require.NoError(t, err)
	assert.False(t, log.Truncated)
	require.Len(t, log.Lines, 41)
	for n, line := range log.Lines {
		assert.Equal(t, now.Add(-time.Duration(n)*time.Minute), line.Time.UTC())
		assert.Equal(t, cloud.LevelError, line.Level)
	}
	assert.NotContains(t, fake.Actions(), "logs:FilterLogEvents")
}

func TestLogFilesThatAreTooMuch(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	for name, files := range map[string][]awsfake.LogFile{
		"one that is longer than RDS hands out": {logFile("error/postgresql.log", now, 4000)},
		"more than are read":                    slices.Repeat([]awsfake.LogFile{logFile("error/postgresql.log", now, 1)}, maxLogFiles+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := account(world)
			state.Instances[0].LogFiles = files
			fake := awsfake.New(state)
			fake.Update(func(s *awsfake.State) { s.PageSize = 0 })
			server := httptest.NewServer(fake)
			t.Cleanup(server.Close)

			log, err := client(t, server.URL).DatabaseErrors(t.Context(), cloud.Instance{ID: "app-db", LogExport: cloud.No}, now.AddDate(0, 0, -7))

			require.NoError(t, err)
			assert.True(t, log.Truncated)
			assert.Equal(t, now, log.Lines[0].Time.UTC())
		})
	}
}

func TestAdmitsEveryKindOfSource(t *testing.T) {
	t.Parallel()
	state := account(world)
	state.Instances[0].SecurityGroups = []string{"sg-1", "sg-2"}
	state.PrefixLists["pl-1"] = []string{"198.51.100.0/24", "2001:db8::/32"}
	for n := range 20 {
		state.PrefixLists["pl-1"] = append(state.PrefixLists["pl-1"], fmt.Sprintf("10.%d.0.0/16", n))
	}
	state.SecurityGroups = []awsfake.SecurityGroup{
		{ID: "sg-1", Ingress: []awsfake.Rule{{Protocol: "-1", Groups: []string{"sg-app"}, IPv6CIDRs: []string{"::/0"}}}},
		{ID: "sg-2", Ingress: []awsfake.Rule{
			{Protocol: "tcp", From: 5000, To: 6000, CIDRs: []string{"192.0.2.0/24"}, PrefixLists: []string{"pl-1"}},
			{Protocol: "tcp", From: 5433, To: 6000, CIDRs: []string{"192.0.3.0/24"}},
			{Protocol: "icmp", CIDRs: []string{"192.0.4.0/24"}},
		}},
	}
	fake, c := standIn(t, state)
	fake.Update(func(s *awsfake.State) { s.PageSize = 1 })
	i, err := c.Instance(t.Context(), "app-db")
	require.NoError(t, err)

	admitted, err := c.Admits(t.Context(), i, 5432)

	require.NoError(t, err)
	require.Len(t, admitted, 3+22)
	assert.Equal(t, "::/0 (sg-1)", admitted[0].String())
	assert.Equal(t, "sg-app (sg-1)", admitted[1].String())
	assert.Equal(t, "192.0.2.0/24 (sg-2)", admitted[2].String())
	assert.Equal(t, "198.51.100.0/24 (pl-1 in sg-2)", admitted[3].String())

	fake.Refuse("ec2:GetManagedPrefixListEntries", awsfake.Denied, awsfake.Forever)
	admitted, err = c.Admits(t.Context(), i, 5432)
	assert.Equal(t, cloud.NoPermission, cloud.KindOf(err))
	assert.ErrorContains(t, err, "asking ec2:GetManagedPrefixListEntries about pl-1: no permission: UnauthorizedOperation: ")
	assert.Len(t, admitted, 3, "what needs no further permission is told")
}

func TestSecurityGroupThatIsGone(t *testing.T) {
	t.Parallel()
	_, c := standIn(t, account(world))

	_, err := c.Admits(t.Context(), cloud.Instance{Groups: []string{"sg-gone"}}, 5432)

	assert.Equal(t, cloud.NotFound, cloud.KindOf(err), err)
}

func TestPooler(t *testing.T) {
	t.Parallel()
	const added = "reports.endpoint.proxy-abc.eu-west-1.rds.amazonaws.com"
	state := account(world)
	for n := range 10 {
		state.Proxies = append(state.Proxies, awsfake.Proxy{Name: fmt.Sprint("other-", n), Status: "available"})
	}
	state.Proxies = append(state.Proxies, awsfake.Proxy{
		Name: "app", Status: "available", Endpoint: "app.proxy-abc.eu-west-1.rds.amazonaws.com",
		Endpoints: map[string]string{"reports": added},
		Targets: []awsfake.Target{
			{ID: "cluster", Type: "TRACKED_CLUSTER"},
			{ID: "app-db", State: "AVAILABLE"},
			{ID: "app-db-2", State: "UNAVAILABLE", Reason: "AUTH_FAILURE", Description: "the secret does not fit"},
			{ID: "app-db-3", State: "UNAVAILABLE", Reason: "PENDING_PROXY_CAPACITY"},
			{ID: "app-db-4", State: "UNUSED"},
		},
	})
	pinned := awsfake.Metric{Namespace: "AWS/RDS", Name: "DatabaseConnectionsCurrentlySessionPinned", Dimension: "ProxyName", Value: "app"}
	state.Metrics[pinned] = []awsfake.Point{{Time: time.Now().Add(-time.Minute), Value: 4}}
	fake, c := standIn(t, state)

	for _, host := range []string{"APP.proxy-abc.eu-west-1.rds.amazonaws.com", added} {
		p, err := c.Pooler(t.Context(), host)

		require.NoError(t, err)
		assert.Equal(t, cloud.Pooler{ID: "app", State: cloud.Up, Status: "available", Targets: []cloud.Target{
			{ID: "app-db", State: cloud.Up, Status: "AVAILABLE"},
			{ID: "app-db-2", State: cloud.Down, Status: "UNAVAILABLE", Reason: "AUTH_FAILURE the secret does not fit"},
			{ID: "app-db-3", State: cloud.Changing, Status: "UNAVAILABLE", Reason: "PENDING_PROXY_CAPACITY"},
			{ID: "app-db-4", State: cloud.StateUnknown, Status: "UNUSED"},
		}}, p)
	}
	series, err := c.Pinned(t.Context(), cloud.Pooler{ID: "app"}, time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 4, series.Last().Value, 0)
	assert.Subset(t, Permissions[cloud.AskPooler], fake.Actions())

	_, err = c.Pooler(t.Context(), "gone.proxy-abc.eu-west-1.rds.amazonaws.com")
	assert.Equal(t, cloud.NotFound, cloud.KindOf(err))
}

func TestProxyStates(t *testing.T) {
	t.Parallel()
	assert.Equal(t, cloud.Changing, proxyState("modifying"))
	assert.Equal(t, cloud.Down, proxyState("insufficient-resource-limits"))
	assert.Equal(t, cloud.StateUnknown, proxyState("some-word-of-next-year"))
}

// TestPermissionsAreAllNeeded has every question asked in every way and finds
// each listed action used, and no other.
func TestPermissionsAreAllNeeded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	state := account(world)
	state.Instances[0].LogFiles = []awsfake.LogFile{logFile("error/postgresql.log", now, 1)}
	state.Proxies = []awsfake.Proxy{{Name: "app", Status: "available", Endpoints: map[string]string{"r": "r.endpoint.proxy-abc"}}}
	state.Gateways = []awsfake.Gateway{{ID: "abc", Protocol: "HTTP", Stages: []awsfake.Stage{{Name: "$default"}}}}
	fake, c := standIn(t, state)
	i, err := c.Instance(t.Context(), "app-db")
	require.NoError(t, err)
	filed := i
	filed.LogExport = cloud.No

	for _, ask := range []func() error{
		func() error { _, err := c.Caller(t.Context()); return err },
		func() error { _, err := c.Admits(t.Context(), i, 5432); return err },
		func() error { _, err := c.DatabaseErrors(t.Context(), i, now.Add(-time.Hour)); return err },
		func() error { _, err := c.DatabaseErrors(t.Context(), filed, now.Add(-time.Hour)); return err },
		func() error { _, err := c.Recent(t.Context(), i, cloud.CPU, time.Hour); return err },
		func() error { _, err := c.Pooler(t.Context(), "r.endpoint.proxy-abc"); return err },
		func() error { _, err := c.Function(t.Context(), "app-api"); return err },
		func() error { _, err := c.Capacity(t.Context(), cloud.Function{ID: "app-api"}); return err },
		func() error { return c.Validate(t.Context(), cloud.Function{ID: "app-api"}) },
		func() error { _, err := c.Gateway(t.Context(), "abc", ""); return err },
	} {
		require.NoError(t, ask())
	}

	used := fake.Actions()
	slices.Sort(used)
	assert.Equal(t, Permissions.All(), slices.Compact(used))
}

func TestFaultOfTheServiceIsAskedAgain(t *testing.T) {
	t.Parallel()
	fake, c := standIn(t, account(world))

	for _, action := range []string{"rds:DescribeDBInstances", "ec2:DescribeSecurityGroups"} {
		fake.Refuse(action, awsfake.Broken, 2)
	}
	i, err := c.Instance(t.Context(), "app-db")
	require.NoError(t, err)
	_, err = c.Admits(t.Context(), i, 5432)
	require.NoError(t, err)

	fake.Refuse("rds:DescribeDBInstances", awsfake.Broken, awsfake.Forever)
	before := len(fake.Actions())
	_, err = c.Instance(t.Context(), "app-db")
	assert.Equal(t, cloud.Other, cloud.KindOf(err), err)
	assert.Len(t, fake.Actions()[before:], faultAttempts)
}

// TestThrottlingIsRemembered has the caller's time end during the request that
// follows a throttled one.
func TestThrottlingIsRemembered(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(account(world))
	fake.Refuse("rds:DescribeDBInstances", awsfake.Throttled, awsfake.Forever)
	asked := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 2 {
			cancel()
			panic(http.ErrAbortHandler) // no answer
		}
		fake.ServeHTTP(w, r)
	}))
	defer server.Close()

	_, err := client(t, server.URL).Instance(ctx, "app-db")

	assert.Equal(t, cloud.Throttled, cloud.KindOf(err), err)
	assert.Equal(t, 2, asked)
}

// TestNoTimeForAnotherAttempt leaves less than the shortest pause takes.
func TestNoTimeForAnotherAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), firstPause/2)
		defer cancel()
		began := time.Now()

		assert.False(t, pause(ctx, 1))
		assert.Zero(t, time.Since(began), "it does not wait for nothing")
		assert.True(t, pause(t.Context(), 20))
		assert.LessOrEqual(t, time.Since(began), longestPause)
	})
}

func TestNoRegion(t *testing.T) {
	t.Parallel()
	c, err := New(t.Context(), Config{})
	require.NoError(t, err)

	_, err = c.Caller(t.Context())

	assert.EqualError(t, err, "asking sts:GetCallerIdentity: not configured: no region, want AWS_REGION")
}

// TestMetadataServiceThatNeverAnswers is a machine outside AWS whose network
// swallows what is sent to the address of the metadata service.
func TestMetadataServiceThatNeverAnswers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	c := client(t, "http://"+closedAddress(t), config.WithEC2IMDSEndpoint("http://"+silent.Addr().String()))

	for range 2 { // the search is not repeated
		_, err = c.Caller(t.Context())
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
	}
}

func TestKeysThatAreNotAccepted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(awsfake.New(account(world)))
	defer server.Close()

	for _, keys := range [][2]string{{accessKey, "wrong"}, {"AKIAUNKNOWN000000000", secretKey}} {
		c := client(t, server.URL, withKeys(keys[0], keys[1]))
		_, err := c.Caller(t.Context())
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
		_, err = c.Admits(t.Context(), cloud.Instance{Groups: []string{"sg-1"}}, 5432)
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
		_, err = c.DatabaseErrors(t.Context(), cloud.Instance{ID: "app-db", LogExport: cloud.Yes}, time.Now())
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
		_, err = c.Recent(t.Context(), cloud.Instance{ID: "app-db"}, cloud.CPU, time.Hour)
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
		_, err = c.Function(t.Context(), "arn:aws:lambda:eu-west-1:123456789012:function:app-api") // whose path is escaped
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
		_, err = c.Gateway(t.Context(), "abc", "")
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
	}
}

func TestResultsThatAreNone(t *testing.T) {
	t.Parallel()
	assert.Equal(t, cloud.NoPermission, unmeasured(types.StatusCodeForbidden))
	assert.Equal(t, cloud.Other, unmeasured(types.StatusCodeInternalError))
	assert.Empty(t, unmeasured(types.StatusCodePartialData))
}
