package gcpcloud_test

import (
	"context"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/gcpcloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bare takes away all that leads to credentials or names a project, and points
// the metadata server at an address.
func bare(t *testing.T, metadata string) {
	t.Helper()
	for _, name := range []string{
		"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCP_PROJECT",
		"CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("APPDATA", t.TempDir())
	t.Setenv("GCE_METADATA_HOST", metadata)
}

// withKeyFile makes Application Default Credentials the key of c's account.
func withKeyFile(t *testing.T, c *gcpfake.Server, server *httptest.Server) {
	t.Helper()
	bare(t, closedPort(t))
	path := filepath.Join(t.TempDir(), "key.json")
	require.NoError(t, os.WriteFile(path, c.KeyFile(server.URL), 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func newClient(t *testing.T, c gcpcloud.Config) *gcpcloud.Client {
	t.Helper()
	asker, err := gcpcloud.New(c)
	require.NoError(t, err)
	return asker
}

func TestApplicationDefaultCredentials(t *testing.T) {
	c, server := serve(t, gcpfake.State{})
	withKeyFile(t, c, server)

	caller, err := newClient(t, gcpcloud.Config{Endpoint: server.URL}).Caller(t.Context())

	require.NoError(t, err)
	assert.Equal(t, cloud.Caller{Account: project, Principal: c.Principal()}, caller)
	assert.Empty(t, c.Actions())
}

func TestProjectComesFromTheNearestSource(t *testing.T) {
	c, server := serve(t, gcpfake.State{Projects: []string{project, "first", "second", "third", "fourth"}})
	withKeyFile(t, c, server)
	asked := func(configured string) string {
		caller, err := newClient(t, gcpcloud.Config{Project: configured, Endpoint: server.URL}).Caller(t.Context())
		require.NoError(t, err)
		return caller.Account
	}

	assert.Equal(t, project, asked(""))
	t.Setenv("CLOUDSDK_CORE_PROJECT", "fourth")
	assert.Equal(t, "fourth", asked(""))
	t.Setenv("GCP_PROJECT", "third")
	assert.Equal(t, "third", asked(""))
	t.Setenv("GOOGLE_CLOUD_PROJECT", "second")
	assert.Equal(t, "second", asked(""))
	assert.Equal(t, "first", asked("first"))
}

func TestQuotaProjectIsSent(t *testing.T) {
	c, server := serve(t, gcpfake.State{})
	withKeyFile(t, c, server)
	t.Setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "billing")
	asker := newClient(t, gcpcloud.Config{Endpoint: server.URL})

	require.NoError(t, put(t.Context(), asker, cloud.AskLogs))

	assert.Equal(t, []string{"billing"}, c.QuotaProjects())
}

// Off Google Cloud the library still asks the metadata server.
func TestNoCredentials(t *testing.T) {
	_, server := serve(t, gcpfake.State{})
	bare(t, closedPort(t))
	asker := newClient(t, gcpcloud.Config{Project: project, Endpoint: server.URL})

	for _, q := range []cloud.Question{cloud.AskCaller, cloud.AskInstance, cloud.AskLogs, cloud.AskMetrics} {
		assert.Equal(t, cloud.NoCredentials, cloud.KindOf(put(t.Context(), asker, q)), q)
	}
}

func TestNoProjectAndNoCredentials(t *testing.T) {
	_, server := serve(t, gcpfake.State{})
	bare(t, closedPort(t))

	err := put(t.Context(), newClient(t, gcpcloud.Config{Endpoint: server.URL}), cloud.AskInstance)

	assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err))
}

// Credentials need not belong to a project: those of a person do not.
func TestNoProject(t *testing.T) {
	c, server := serve(t, gcpfake.State{Projects: []string{""}})
	withKeyFile(t, c, server)

	err := put(t.Context(), newClient(t, gcpcloud.Config{Endpoint: server.URL}), cloud.AskInstance)

	assert.Equal(t, cloud.NotConfigured, cloud.KindOf(err), err)
}

func TestUnreadableCredentials(t *testing.T) {
	_, server := serve(t, gcpfake.State{})
	bare(t, closedPort(t))
	path := filepath.Join(t.TempDir(), "key.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"type": "service_account", "private_key": "hunter2`), 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)

	err := put(t.Context(), newClient(t, gcpcloud.Config{Project: project, Endpoint: server.URL}), cloud.AskInstance)

	assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err))
	assert.NotContains(t, err.Error(), "hunter2")
}

// A metadata server that swallows questions costs the caller no more time than
// it gives.
func TestSilentMetadataServer(t *testing.T) {
	_, server := serve(t, gcpfake.State{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	bare(t, silent.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	err = put(ctx, newClient(t, gcpcloud.Config{Project: project, Endpoint: server.URL}), cloud.AskInstance)

	assert.Equal(t, cloud.OutOfTime, cloud.KindOf(err))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
