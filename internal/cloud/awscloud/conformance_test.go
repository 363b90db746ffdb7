package awscloud

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/fake/awsfake"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/require"
)

// TestMain keeps the tests from the configuration and the credentials of the
// machine they run on.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Exit(m.Run())
}

const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "eu-west-1"
)

func withKeys(key, secret string) func(*config.LoadOptions) error {
	return config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, nil
	}))
}

// withoutKeys leaves the search for credentials as it is on a machine without
// any: its last resort, the metadata service, is not there.
func withoutKeys(t *testing.T) func(*config.LoadOptions) error {
	return config.WithEC2IMDSEndpoint("http://" + closedAddress(t))
}

// closedAddress is one on which nobody listens.
func closedAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func client(t *testing.T, endpoint string, options ...func(*config.LoadOptions) error) *Client {
	t.Helper()
	if options == nil {
		options = append(options, withKeys(accessKey, secretKey))
	}
	c, err := open(t.Context(), Config{Region: region, Endpoint: endpoint}, options...)
	require.NoError(t, err)
	return c
}

// standIn serves a stand-in that turns a page after every few records.
func standIn(t *testing.T, state awsfake.State) (*awsfake.Server, *Client) {
	t.Helper()
	state.AccessKey, state.SecretKey = accessKey, secretKey
	state.PageSize, state.EmptyPages = 7, true
	fake := awsfake.New(state)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, client(t, server.URL)
}

func TestConformsOnTheStandIn(t *testing.T) {
	t.Parallel()
	cloudtest.Run(t, func(t *testing.T) cloudtest.Provider {
		fake := awsfake.New(awsfake.State{})
		server := httptest.NewServer(fake)
		t.Cleanup(server.Close)
		refuse := func(q cloud.Question, why awsfake.Refusal, times int) {
			for _, action := range Permissions[q] {
				fake.Refuse(action, why, times)
			}
		}
		return cloudtest.Provider{
			Adapter:     client(t, server.URL),
			Anonymous:   client(t, server.URL, withoutKeys(t)),
			Permissions: Permissions,
			Metrics:     metrics,
			Show:        func(w cloudtest.World) { fake.Update(func(s *awsfake.State) { *s = account(w) }) },
			Deny:        func(q cloud.Question) { refuse(q, awsfake.Denied, awsfake.Forever) },
			Throttle:    func(q cloud.Question, times int) { refuse(q, awsfake.Throttled, times) },
			Stop:        server.Close,
			Actions:     fake.Actions,
		}
	})
}

// metrics are those that RDS offers of the World's database.
var metrics = []cloud.Metric{
	cloud.CPU, cloud.CPUCredits, cloud.StorageUsed, cloud.MemoryFree, cloud.DiskQueue,
	cloud.Connections, cloud.ReplicaLag, cloud.SlotLag, cloud.TransactionIDs,
}

// account is one of AWS in which the world is as told. Listings turn the
// page after every few records.
func account(w cloudtest.World) awsfake.State {
	db := w.Database
	s := awsfake.State{
		Account: w.Caller.Account, Principal: "arn:aws:iam::" + w.Caller.Account + ":user/smoke", Region: region,
		AccessKey: accessKey, SecretKey: secretKey, PageSize: 7, EmptyPages: true,
		Instances: []awsfake.Instance{{
			ID: db.ID, Class: "db.t4g.micro", Engine: "postgres", Version: "16.4",
			Status:  map[cloud.State]string{cloud.Up: "available", cloud.Changing: "modifying", cloud.Down: "stopped"}[db.State],
			Address: db.ID + ".abc.eu-west-1.rds.amazonaws.com", Port: db.Port, Public: db.Public == cloud.Yes,
			AllocatedGiB: int(db.Storage.Bytes >> 30), MaxAllocatedGiB: int(db.Storage.Limit >> 30),
			SecurityGroups: []string{"sg-1"}, CA: "rds-ca-rsa2048-g1", CertificateExpires: db.Expires,
			LogExports: []string{"postgresql", "upgrade"},
		}},
		SecurityGroups: []awsfake.SecurityGroup{{ID: "sg-1", Ingress: []awsfake.Rule{
			{Protocol: "tcp", From: 22, To: 22, CIDRs: []string{"192.0.2.1/32"}},
			{Protocol: "udp", From: db.Port, To: db.Port, CIDRs: []string{"192.0.2.2/32"}},
			{Protocol: "tcp", From: db.Port, To: db.Port, CIDRs: cidrs(w), PrefixLists: []string{"pl-empty"}},
		}}},
		PrefixLists: map[string][]string{"pl-empty": nil},
		LogGroups:   map[string][]awsfake.LogEvent{},
		Metrics:     map[awsfake.Metric][]awsfake.Point{},
	}
	showFunction(&s, w.Function)
	group := "/aws/rds/instance/" + db.ID + "/postgresql"
	s.LogGroups[group] = []awsfake.LogEvent{}
	for _, line := range w.Log {
		s.LogGroups[group] = append(s.LogGroups[group], awsfake.LogEvent{Time: line.Time, Stream: db.ID + ".0", Message: logged(line)})
	}
	for metric, points := range datapoints(w) {
		key := awsfake.Metric{Namespace: "AWS/RDS", Name: metric, Dimension: "DBInstanceIdentifier", Value: db.ID}
		for _, p := range points {
			s.Metrics[key] = append(s.Metrics[key], awsfake.Point{Time: p.Time, Value: p.Value})
		}
	}
	return s
}

func cidrs(w cloudtest.World) (all []string) {
	for _, source := range w.Admitted {
		all = append(all, source.CIDR.String())
	}
	return all
}

// logged is a line with the prefix of RDS before it.
func logged(line cloud.Line) string {
	return fmt.Sprintf("%s:10.0.0.7(51234):app@app:[812]:%s", line.Time.UTC().Format("2006-01-02 15:04:05 MST"), line.Text)
}

// datapoints are the world's metrics under the names and in the units of RDS.
func datapoints(w cloudtest.World) map[string]cloud.Series {
	all := map[string]cloud.Series{}
	for metric, rds := range map[cloud.Metric]struct {
		name string
		of   func(float64) float64
	}{
		cloud.CPU:            {"CPUUtilization", func(v float64) float64 { return v * 100 }},
		cloud.CPUCredits:     {"CPUCreditBalance", nil},
		cloud.StorageUsed:    {"FreeStorageSpace", func(v float64) float64 { return (1 - v) * float64(w.Database.Storage.Bytes) }},
		cloud.MemoryFree:     {"FreeableMemory", nil},
		cloud.DiskQueue:      {"DiskQueueDepth", nil},
		cloud.Connections:    {"DatabaseConnections", nil},
		cloud.ReplicaLag:     {"ReplicaLag", nil},
		cloud.SlotLag:        {"OldestReplicationSlotLag", nil},
		cloud.TransactionIDs: {"MaximumUsedTransactionIDs", func(v float64) float64 { return v * 2_147_483_648 }},
	} {
		series := slices.Clone(w.Metrics[metric])
		for n := range series {
			if rds.of != nil {
				series[n].Value = rds.of(series[n].Value)
			}
		}
		all[rds.name] = series
	}
	return all
}
