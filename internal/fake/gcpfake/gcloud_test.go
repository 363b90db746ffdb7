package gcpfake_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gcloud is Google's own command line, set up to ask p alone.
type gcloud struct {
	path string
	env  []string
}

func newGcloud(t *testing.T, p plane) gcloud {
	t.Helper()
	path, err := exec.LookPath("gcloud")
	if err != nil {
		t.Skip("gcloud is not on the PATH")
	}
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte(p.token), 0o600))
	return gcloud{path: path, env: []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + dir,
		"CLOUDSDK_CONFIG=" + dir,
		"CLOUDSDK_CORE_PROJECT=" + project,
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1",
		"CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true",
		"CLOUDSDK_CORE_CHECK_GCE_METADATA=false",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true",
		"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=" + token,
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL=" + p.http.URL + "/",
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING=" + p.http.URL + "/",
	}}
}

// through makes gcloud reach p as a proxy. It puts the region before whatever
// host Cloud Run is said to have, so that no address of p's would do.
func (g gcloud) through(t *testing.T, p plane) gcloud {
	t.Helper()
	at, err := url.Parse(p.http.URL)
	require.NoError(t, err)
	g.env = append(slices.Clone(g.env),
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=http://run.googleapis.com/",
		"CLOUDSDK_PROXY_TYPE=http_no_tunnel",
		"CLOUDSDK_PROXY_ADDRESS="+at.Hostname(),
		"CLOUDSDK_PROXY_PORT="+at.Port(),
	)
	return g
}

// run returns what gcloud prints to each of its outputs.
func (g gcloud) run(t *testing.T, arguments ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), g.path, arguments...)
	cmd.Env = g.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// Google's own client reads the stand-in, and words its errors as it words
// Google's.
func TestGcloudReadsIt(t *testing.T) {
	t.Parallel()
	i := gcpfake.NewInstance(project, "app-db")
	i.Settings.IPConfiguration.AuthorizedNetworks = []gcpfake.ACLEntry{{Kind: "sql#aclEntry", Name: "office", Value: "198.51.100.0/24"}}
	now := time.Now()
	p := start(t, gcpfake.State{
		Instances: []gcpfake.Instance{i},
		Entries: []gcpfake.Entry{
			{Project: project, Instance: "app-db", Time: now.Add(-30 * time.Hour), Severity: "ERROR", Text: "yesterday"},
			{Project: project, Instance: "app-db", Time: now.Add(-2 * time.Minute), Severity: "ERROR", Text: "first"},
			{Project: project, Instance: "app-db", Time: now.Add(-time.Minute), Severity: "ALERT", Text: "second"},
			{Project: project, Instance: "app-db", Time: now.Add(-time.Minute), Severity: "INFO", Text: "all is well"},
		},
		PageSize: 1, EmptyPages: true,
	})
	g := newGcloud(t, p)

	out, errs, err := g.run(t, "sql", "instances", "describe", "app-db", "--format=json")
	require.NoError(t, err, errs)
	var described gcpfake.Instance
	require.NoError(t, json.Unmarshal([]byte(out), &described))
	assert.Equal(t, i.ConnectionName, described.ConnectionName)
	assert.Equal(t, i.Settings.DataDiskSizeGB, described.Settings.DataDiskSizeGB)
	assert.Equal(t, i.Settings.IPConfiguration.AuthorizedNetworks, described.Settings.IPConfiguration.AuthorizedNetworks)

	out, errs, err = g.run(t, "sql", "ssl", "server-ca-certs", "list", "--instance=app-db", "--format=value(sha1Fingerprint)")
	require.NoError(t, err, errs)
	assert.Equal(t, i.ServerCACert.SHA1+"\n", out)

	out, errs, err = g.run(t, "logging", "read",
		`resource.type="cloudsql_database" AND resource.labels.database_id="`+project+`:app-db" AND severity>=ERROR`,
		"--freshness=1h", "--limit=20", "--format=value(severity,textPayload)")
	require.NoError(t, err, errs)
	assert.Equal(t, "ALERT\tsecond\nERROR\tfirst\n", out)
}

func TestGcloudWordsItsErrors(t *testing.T) {
	t.Parallel()
	p := start(t, gcpfake.State{})
	g := newGcloud(t, p)

	_, errs, err := g.run(t, "sql", "instances", "describe", "no-such-db")
	require.Error(t, err)
	assert.Contains(t, errs, "The Cloud SQL instance does not exist.")

	p.Refuse(gcpfake.EntriesList, gcpfake.Denied, gcpfake.Forever)
	_, errs, err = g.run(t, "logging", "read", "severity>=ERROR")
	require.Error(t, err)
	assert.Contains(t, errs, "PERMISSION_DENIED: Permission 'logging.logEntries.list' denied")

	p.Refuse(gcpfake.ListServerCas, gcpfake.Disabled, gcpfake.Forever)
	_, errs, err = g.run(t, "sql", "ssl", "server-ca-certs", "list", "--instance=app-db")
	require.Error(t, err)
	assert.Contains(t, errs, "Cloud SQL Admin API has not been used in project "+project)
}

func TestGcloudReadsCloudRun(t *testing.T) {
	t.Parallel()
	service := gcpfake.NewService(project, region, "api")
	service.LatestCreatedRevision = service.Name + "/revisions/api-00002-xyz"
	service.TerminalCondition = &gcpfake.Condition{
		Type: "Ready", State: "CONDITION_FAILED", RevisionReason: "HEALTH_CHECK_CONTAINER_ERROR", Message: "failed to listen on PORT=8080",
		LastTransitionTime: service.CreateTime,
	}
	p := start(t, gcpfake.State{Services: []gcpfake.Service{service}})
	g := newGcloud(t, p).through(t, p)

	out, errs, err := g.run(t, "run", "services", "describe", "api", "--region="+region, "--format=json(status,spec)")

	require.NoError(t, err, errs)
	var described struct {
		Spec struct {
			Template struct {
				Spec struct {
					TimeoutSeconds       int
					ContainerConcurrency int
					Containers           []struct {
						Resources struct{ Limits map[string]string }
					}
				}
			}
		}
		Status struct {
			LatestReadyRevisionName, LatestCreatedRevisionName, URL string
			Conditions                                              []struct{ Type, Status, Reason, Message string }
			Traffic                                                 []struct {
				RevisionName string
				Percent      int
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &described), out)
	assert.Equal(t, 300, described.Spec.Template.Spec.TimeoutSeconds)
	assert.Equal(t, 80, described.Spec.Template.Spec.ContainerConcurrency)
	assert.Equal(t, map[string]string{"cpu": "1000m", "memory": "512Mi"}, described.Spec.Template.Spec.Containers[0].Resources.Limits)
	assert.Equal(t, "api-00001-abc", described.Status.LatestReadyRevisionName)
	assert.Equal(t, "api-00002-xyz", described.Status.LatestCreatedRevisionName)
	assert.Equal(t, service.URI, described.Status.URL)
	assert.Equal(t, "False", described.Status.Conditions[0].Status)
	assert.Equal(t, "HealthCheckContainerError", described.Status.Conditions[0].Reason)
	require.Len(t, described.Status.Traffic, 1)
	assert.Equal(t, "api-00001-abc", described.Status.Traffic[0].RevisionName)
	assert.Equal(t, []string{"run.services.get"}, p.Actions())

	out, errs, err = g.run(t, "run", "services", "describe", "api", "--region="+region)
	require.NoError(t, err, errs)
	assert.Contains(t, out, "api-00002-xyz")
	assert.Contains(t, out, "failed to listen on PORT=8080")

	_, errs, err = g.run(t, "run", "services", "describe", "no-such-api", "--region="+region)
	require.Error(t, err)
	assert.Contains(t, errs, "Cannot find service [no-such-api]")
}
