package gcpcloud_test

import (
	"encoding/json"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/gcpcloud"
	"runbook/internal/fake/gcpfake"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var api = cloud.Function{ID: "api", Account: project, Region: region}

func TestServiceNames(t *testing.T) {
	for id, want := range map[string][3]string{
		"api": {"", "", "api"},
		"projects/shop/locations/europe-west1/services/api":                               {"shop", "europe-west1", "api"},
		"locations/europe-west1/namespaces/shop/services/api":                             {"shop", "europe-west1", "api"},
		"namespaces/shop/services/api":                                                    {"shop", "", "api"},
		"https://run.googleapis.com/v2/projects/shop/locations/europe-west1/services/api": {"shop", "europe-west1", "api"},
		"projects/example.com:shop/locations/europe-west1/services/api":                   {"example.com:shop", "europe-west1", "api"},
		"https://api-1234567890.europe-west1.run.app":                                     {"", "", ""},
		"": {"", "", ""},
	} {
		project, region, name := gcpcloud.SplitService(id)
		assert.Equal(t, want, [3]string{project, region, name}, id)
	}
}

func TestServiceOfAnotherProjectAndRegion(t *testing.T) {
	t.Parallel()
	c, server := serve(t, gcpfake.State{
		Projects: []string{project, "api-prod"},
		Services: []gcpfake.Service{gcpfake.NewService("api-prod", "us-east1", "api")},
	})
	asker := client(t, c, server)

	for _, id := range []string{"projects/api-prod/locations/us-east1/services/api", "locations/us-east1/namespaces/api-prod/services/api"} {
		f, err := asker.Function(t.Context(), id)
		require.NoError(t, err, id)
		assert.Equal(t, "api", f.ID)
		assert.Equal(t, "api-prod", f.Account)
		assert.Equal(t, "us-east1", f.Region)
	}
	_, err := asker.Function(t.Context(), "api")
	assert.EqualError(t, err, "asking run.services.get about api: not found: 404 "+
		"Resource 'api' of kind 'SERVICE' in region 'europe-west1' in project '123456789012' does not exist.")
	_, err = asker.Function(t.Context(), "https://api.example")
	assert.ErrorContains(t, err, "names no service")
}

func TestRegionComesFromTheNearestSource(t *testing.T) {
	state := gcpfake.State{}
	for _, where := range []string{"first", "second", "third", "fourth", "fifth"} {
		state.Services = append(state.Services, gcpfake.NewService(project, where, "api"))
	}
	c, server := serve(t, state)
	withKeyFile(t, c, server)
	for _, name := range []string{"GCP_REGION", "GOOGLE_CLOUD_REGION", "CLOUDSDK_RUN_REGION", "CLOUDSDK_COMPUTE_REGION"} {
		t.Setenv(name, "")
	}
	asked := func(configured string) (string, error) {
		f, err := newClient(t, gcpcloud.Config{Region: configured, Endpoint: server.URL}).Function(t.Context(), "api")
		return f.Region, err
	}

	_, err := asked("")
	assert.EqualError(t, err, "asking run.services.get about api: not configured: "+
		"no region, want GCP_REGION, or a service named projects/PROJECT/locations/REGION/services/NAME")
	for _, source := range [][2]string{
		{"CLOUDSDK_COMPUTE_REGION", "fifth"}, {"CLOUDSDK_RUN_REGION", "fourth"}, {"GOOGLE_CLOUD_REGION", "third"}, {"GCP_REGION", "second"},
	} {
		t.Setenv(source[0], source[1])
		region, err := asked("")
		require.NoError(t, err)
		assert.Equal(t, source[1], region)
	}
	region, err := asked("first")
	require.NoError(t, err)
	assert.Equal(t, "first", region)
}

// function is what the adapter tells of the service api, changed.
func function(t *testing.T, change func(*gcpfake.Service)) cloud.Function {
	t.Helper()
	s := gcpfake.NewService(project, region, "api")
	change(&s)
	c, server := serve(t, gcpfake.State{Services: []gcpfake.Service{s}})
	f, err := client(t, c, server).Function(t.Context(), "api")
	require.NoError(t, err)
	return f
}

func TestServiceConditions(t *testing.T) {
	failed := &gcpfake.Condition{
		Type: "Ready", State: "CONDITION_FAILED", RevisionReason: "HEALTH_CHECK_CONTAINER_ERROR",
		Message: "Revision 'api-00002-xyz' is not ready\nand cannot serve traffic.",
	}
	for name, test := range map[string]struct {
		change          func(*gcpfake.Service)
		serving, update cloud.Condition
		version, newest string
	}{
		"healthy": {
			change:  func(*gcpfake.Service) {},
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update:  cloud.Condition{State: cloud.Up, Status: "Ready CONDITION_SUCCEEDED"},
			version: "api-00001-abc", newest: "api-00001-abc",
		},
		"new revision failed": {
			change: func(s *gcpfake.Service) {
				s.LatestCreatedRevision, s.Generation, s.TerminalCondition = s.Name+"/revisions/api-00002-xyz", 2, failed
			},
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update: cloud.Condition{
				State: cloud.Down, Status: "Ready CONDITION_FAILED",
				Reason: "HEALTH_CHECK_CONTAINER_ERROR: Revision 'api-00002-xyz' is not ready and cannot serve traffic.",
			},
			version: "api-00001-abc", newest: "api-00002-xyz",
		},
		"first revision failed": {
			change: func(s *gcpfake.Service) {
				s.LatestReadyRevision, s.TrafficStatuses, s.TerminalCondition = "", nil, &gcpfake.Condition{Type: "Ready", State: "CONDITION_FAILED", Reason: "CONTAINER_MISSING"}
			},
			serving: cloud.Condition{State: cloud.Down, Status: "Ready CONDITION_FAILED", Reason: "CONTAINER_MISSING"},
			update:  cloud.Condition{State: cloud.Down, Status: "Ready CONDITION_FAILED", Reason: "CONTAINER_MISSING"},
			newest:  "api-00001-abc",
		},
		"reconciling": {
			change:  func(s *gcpfake.Service) { s.Reconciling = true },
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update:  cloud.Condition{State: cloud.Changing, Status: "Ready CONDITION_SUCCEEDED"},
			version: "api-00001-abc", newest: "api-00001-abc",
		},
		"not observed yet": {
			change:  func(s *gcpfake.Service) { s.Generation = 2 },
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update:  cloud.Condition{State: cloud.Changing, Status: "Ready CONDITION_SUCCEEDED"},
			version: "api-00001-abc", newest: "api-00001-abc",
		},
		"minimum instances on their way": {
			change: func(s *gcpfake.Service) {
				s.TerminalCondition = &gcpfake.Condition{Type: "Ready", State: "CONDITION_FAILED", RevisionReason: "MIN_INSTANCES_NOT_PROVISIONED"}
			},
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update:  cloud.Condition{State: cloud.Changing, Status: "Ready CONDITION_FAILED", Reason: "MIN_INSTANCES_NOT_PROVISIONED"},
			version: "api-00001-abc", newest: "api-00001-abc",
		},
		"newest never ready": {
			change: func(s *gcpfake.Service) {
				s.LatestCreatedRevision = s.Name + "/revisions/api-00002-xyz"
				s.Pin("api-00001-abc")
			},
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update:  cloud.Condition{State: cloud.Down, Status: "Ready CONDITION_SUCCEEDED", Reason: "api-00002-xyz is not ready"},
			version: "api-00001-abc", newest: "api-00002-xyz",
		},
		"split": {
			change: func(s *gcpfake.Service) {
				s.Pin("api-00000-old")
				s.TrafficStatuses = []gcpfake.TrafficTarget{{Revision: "api-00000-old", Percent: 10}, {Percent: 90}, {Revision: "api-00000-test", Tag: "test"}}
			},
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 90%, api-00000-old 10%"},
			update:  cloud.Condition{State: cloud.Up, Status: "Ready CONDITION_SUCCEEDED"},
			newest:  "api-00001-abc",
		},
		"routes failed": {
			change: func(s *gcpfake.Service) {
				s.TerminalCondition = failed
				s.Conditions = []gcpfake.Condition{{Type: "RoutesReady", State: "CONDITION_FAILED", Message: "Revision 'gone' is missing."}}
			},
			serving: cloud.Condition{State: cloud.StateUnknown, Status: "RoutesReady CONDITION_FAILED", Reason: "Revision 'gone' is missing."},
			update: cloud.Condition{
				State: cloud.Down, Status: "Ready CONDITION_FAILED",
				Reason: "HEALTH_CHECK_CONTAINER_ERROR: Revision 'api-00002-xyz' is not ready and cannot serve traffic.",
			},
			version: "api-00001-abc", newest: "api-00001-abc",
		},
		"a word that is not known": {
			change:  func(s *gcpfake.Service) { s.TerminalCondition.State = "CONDITION_MOODY" },
			serving: cloud.Condition{State: cloud.Up, Status: "api-00001-abc 100%"},
			update:  cloud.Condition{State: cloud.StateUnknown, Status: "Ready CONDITION_MOODY"},
			version: "api-00001-abc", newest: "api-00001-abc",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := function(t, test.change)

			assert.Equal(t, test.serving, f.Serving)
			assert.Equal(t, test.update, f.Update)
			assert.Equal(t, test.version, f.Version)
			assert.Equal(t, test.newest, f.Newest)
		})
	}
}

func TestServiceMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"512Mi": 512 << 20, "1Gi": 1 << 30, "1.5Gi": 3 << 29, "500M": 500_000_000, "1G": 1_000_000_000, "134217728": 128 << 20, "": 0, "much": 0,
	} {
		f := function(t, func(s *gcpfake.Service) { s.Template.Containers[0].Resources.Limits["memory"] = text })
		assert.Equal(t, want, f.Memory, text)
	}
	beside := gcpfake.Container{Image: "proxy", Resources: &gcpfake.Resources{Limits: map[string]string{"memory": "64Mi"}}}
	f := function(t, func(s *gcpfake.Service) {
		s.Template.Containers = append([]gcpfake.Container{beside}, s.Template.Containers...)
	})
	assert.EqualValues(t, 512<<20, f.Memory, "of the container that takes the requests")
}

func TestServiceTellsWhatItsStartsHave(t *testing.T) {
	assert.Equal(t, "startupCpuBoost true, cpuIdle true", function(t, func(*gcpfake.Service) {}).Start)
	assert.Equal(t, "startupCpuBoost false, cpuIdle false", function(t, func(s *gcpfake.Service) {
		own := s.Template.Containers[0].Resources
		own.StartupCPUBoost, own.CPUIdle = false, false
	}).Start)
	assert.Empty(t, function(t, func(s *gcpfake.Service) { s.Template.Containers[0].Resources = nil }).Start)
}

func TestServiceHasSeveralAddresses(t *testing.T) {
	f := function(t, func(s *gcpfake.Service) {
		s.URI = "https://api-abc123-ew.a.run.app"
		s.URLs = []string{"https://api-1234567890.europe-west1.run.app", s.URI}
	})

	assert.Equal(t, []string{"api-1234567890.europe-west1.run.app", "api-abc123-ew.a.run.app"}, f.Hosts)
}

// An answer without a template or conditions says nothing of what they hold.
func TestServiceThatTellsLittle(t *testing.T) {
	f := function(t, func(s *gcpfake.Service) {
		*s = gcpfake.Service{Name: s.Name}
	})

	assert.Equal(t, cloud.Condition{Status: "Ready unknown"}, f.Update)
	assert.Equal(t, cloud.StateUnknown, f.Serving.State)
	assert.Empty(t, f.Version)
	assert.Empty(t, f.Newest)
	assert.Zero(t, f.Timeout)
	assert.Zero(t, f.Memory)
	assert.Empty(t, f.Start)
	assert.Empty(t, f.Hosts)
}

func TestServiceKeepsItsEnvironmentToItself(t *testing.T) {
	f := function(t, func(s *gcpfake.Service) {
		s.Template.Containers[0].Env = []gcpfake.EnvVar{{Name: "DATABASE_URL", Value: "postgres://app:hunter2@db/app"}}
	})

	told, err := json.Marshal(f)
	require.NoError(t, err)
	assert.NotContains(t, string(told), "hunter2")
	assert.NotContains(t, string(told), "DATABASE_URL")
	assert.Equal(t, 300*time.Second, f.Timeout)
}

func TestServiceCapacity(t *testing.T) {
	two, none := int64(2), int64(0)
	for name, test := range map[string]struct {
		service  *gcpfake.Scaling
		template gcpfake.Scaling
		want     cloud.Capacity
	}{
		"of a revision": {
			template: gcpfake.Scaling{MinInstanceCount: 1, MaxInstanceCount: 10},
			want:     cloud.Capacity{Max: cloud.AtMost(10), Min: cloud.AtMost(1)},
		},
		"of the service, which is less": {
			service:  &gcpfake.Scaling{MinInstanceCount: 3, MaxInstanceCount: 5, ScalingMode: "AUTOMATIC"},
			template: gcpfake.Scaling{MaxInstanceCount: 10},
			want:     cloud.Capacity{Max: cloud.AtMost(5), Min: cloud.AtMost(3)},
		},
		"of the service alone": {
			service: &gcpfake.Scaling{MaxInstanceCount: 5},
			want:    cloud.Capacity{Max: cloud.AtMost(5), Min: cloud.AtMost(0)},
		},
		"not told": {want: cloud.Capacity{Min: cloud.AtMost(0)}},
		"by hand": {
			service:  &gcpfake.Scaling{ScalingMode: "MANUAL", ManualInstanceCount: &two},
			template: gcpfake.Scaling{MaxInstanceCount: 10},
			want:     cloud.Capacity{Max: cloud.AtMost(2), Min: cloud.AtMost(2)},
		},
		"switched off by hand": {
			service: &gcpfake.Scaling{ScalingMode: "MANUAL", ManualInstanceCount: &none},
			want:    cloud.Capacity{Max: cloud.AtMost(0), Min: cloud.AtMost(0)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gcpfake.NewService(project, region, "api")
			s.Scaling, s.Template.Scaling = test.service, &test.template
			c, server := serve(t, gcpfake.State{Services: []gcpfake.Service{s}})

			capacity, err := client(t, c, server).Capacity(t.Context(), api)

			require.NoError(t, err)
			test.want.PerInstance = cloud.AtMost(80)
			assert.Equal(t, test.want, capacity)
			assert.Equal(t, name == "switched off by hand", capacity.Max.Closed())
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	c, server := serve(t, gcpfake.State{Services: []gcpfake.Service{gcpfake.NewService(project, region, "api")}})
	asker := client(t, c, server)

	require.NoError(t, asker.Validate(t.Context(), api))

	c.Refuse(gcpfake.RoutesInvoke, gcpfake.Denied, gcpfake.Forever)
	err := asker.Validate(t.Context(), api)
	assert.EqualError(t, err, "asking run.routes.invoke about api: no permission: the service's policy does not grant it to the caller")

	err = asker.Validate(t.Context(), cloud.Function{ID: "gone", Account: project, Region: region})
	assert.Equal(t, cloud.NotFound, cloud.KindOf(err))
	assert.Empty(t, c.Actions(), "it is not invoked")
}
