package local

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/awscloud"
	"runbook/internal/cloud/gcpcloud"
	"runbook/internal/fake/awsfake"
	"runbook/internal/fake/gcpfake"
	"runbook/internal/pgserver"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// provider is what both adapters answer; poolers are AWS's alone.
type provider interface {
	cloud.Databases
	cloud.Firewalls
	cloud.Logs
	cloud.Metrics
}

// questions are what a provider can refuse to answer, by the beginning of the names of the
// faults that make it.
var questions = map[string]func(context.Context, provider, cloud.Instance) error{
	"instance": func(ctx context.Context, p provider, i cloud.Instance) error {
		_, err := p.Instance(ctx, i.ID)
		return err
	},
	"database-metrics": func(ctx context.Context, p provider, i cloud.Instance) error {
		_, err := p.Recent(ctx, i, cloud.CPU, 15*time.Minute)
		return err
	},
	"database-log": func(ctx context.Context, p provider, i cloud.Instance) error {
		_, err := p.DatabaseErrors(ctx, i, time.Now().Add(-10*time.Minute))
		return err
	},
	"database-firewall": func(ctx context.Context, p provider, i cloud.Instance) error {
		_, err := p.Admits(ctx, i, i.Port)
		return err
	},
	"database-proxy": func(ctx context.Context, p provider, _ cloud.Instance) error {
		_, err := p.(cloud.Poolers).Pooler(ctx, proxyName)
		return err
	},
}

func TestProviderFaultsAreReal(t *testing.T) {
	for _, flavour := range Flavours {
		for _, fault := range providerFaults {
			if !fault.Suffered(flavour) {
				continue
			}
			t.Run(flavour+"/"+fault.Name, func(t *testing.T) {
				s := planeOnly(t, flavour)
				if kind := refusalOf(fault); kind != "" {
					assertRefused(t, s, fault, kind)
					return
				}
				before := s.told()
				require.NoError(t, s.suffer(t.Context(), fault))
				assert.NotEqual(t, before, s.told())
			})
		}
	}
}

func refusalOf(fault Fault) cloud.Kind {
	switch {
	case strings.HasSuffix(fault.Name, "-denied"):
		return cloud.NoPermission
	case strings.HasSuffix(fault.Name, "-throttled"):
		return cloud.Throttled
	}
	return ""
}

func assertRefused(t *testing.T, s *Stack, fault Fault, kind cloud.Kind) {
	t.Helper()
	p := adapter(t, s)
	i, err := p.Instance(t.Context(), instanceID)
	require.NoError(t, err)
	ask := questions[fault.Name[:strings.LastIndex(fault.Name, "-")]]
	require.NotNil(t, ask)
	require.NoError(t, ask(t.Context(), p, i))
	require.NoError(t, s.suffer(t.Context(), fault))

	// Who is throttled waits as long as there is time.
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	assert.Equal(t, kind, cloud.KindOf(ask(ctx, p, i)))
}

func TestTheProviderTellsOfTheServerThatRuns(t *testing.T) {
	for _, flavour := range Flavours {
		t.Run(flavour, func(t *testing.T) {
			s := planeOnly(t, flavour)

			i, err := adapter(t, s).Instance(t.Context(), instanceID)

			require.NoError(t, err)
			assert.Equal(t, cloud.Up, i.State, i.Status)
			assert.Equal(t, []string{address}, i.Hosts)
			assert.Equal(t, s.database.Port, i.Port)
			if flavour == AWS {
				assert.True(t, s.certificateEnds.Equal(i.Expires), i.Expires)
			} else {
				assert.WithinDuration(t, s.databaseCA.Ends(), i.CAExpires, time.Second)
			}
			assert.Equal(t, s.Outputs()["databaseSecurityGroupId"], strings.Join(i.Groups, ""))
			assert.NotEmpty(t, s.Actions())
		})
	}
}

func TestNoVariableLeadsToAnotherAccount(t *testing.T) {
	for _, flavour := range Flavours {
		s := planeOnly(t, flavour)
		foreign := []string{"AWS_SESSION_TOKEN=x", "AWS_PROFILE=prod", "AWS_ENDPOINT_URL_RDS=x", "GOOGLE_CLOUD_PROJECT=prod", "GCP_REGION=mars", "CLOUDSDK_CORE_ACCOUNT=me", "STACK_DATABASE_URL=x", "FUNCTION_PAYLOAD={}", "TRAFFIC_LEAST=0", "API_STAGE=prod"}

		assert.Subset(t, read(t, s, "HOME=/home"), map[string]string{"HOME": "/home", "PROVIDER": flavour})
		for name := range read(t, s, foreign...) {
			assert.NotContains(t, foreign, name+"="+read(t, s, foreign...)[name])
		}
	}
}

// planeOnly is a stack of a control plane, and a server and an API that it only tells of.
func planeOnly(t *testing.T, flavour string) *Stack {
	t.Helper()
	s, err := prepare()
	require.NoError(t, err)
	require.NoError(t, s.startAPI())
	s.database = &pgserver.Server{Port: 5432}
	s.certificateEnds = time.Now().Add(90 * day).Truncate(time.Second)
	t.Cleanup(func() {
		s.database = nil
		assert.NoError(t, s.Stop())
	})
	require.NoError(t, s.startPlane(flavour))
	return s
}

// adapter is the provider's, as a command's environment configures it.
func adapter(t *testing.T, s *Stack) provider {
	t.Helper()
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "GOOGLE_") {
			t.Setenv(name, value) // to have it back
			require.NoError(t, os.Unsetenv(name))
		}
	}
	for _, variable := range s.plane.environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	if s.plane.gcp != nil {
		p, err := gcpcloud.New(gcpcloud.Config{Project: gcpProject, Region: gcpRegion, Endpoint: s.plane.url})
		require.NoError(t, err)
		return p
	}
	p, err := awscloud.New(t.Context(), awscloud.Config{})
	require.NoError(t, err)
	return p
}

// told is all that the control plane has to tell; of a metric, how many points there are,
// which are all alike, and one of them.
func (s *Stack) told() (all string) {
	if s.plane.gcp != nil {
		s.plane.gcp.Update(func(state *gcpfake.State) {
			for _, i := range state.Instances {
				all += fmt.Sprintf("%+v %+v %+v", i, i.Settings, i.ServerCACert)
			}
			for _, series := range state.Series {
				all += fmt.Sprint(series.Metric, series.Instance, len(series.Points), series.Points[0])
			}
			all += fmt.Sprintf("%+v", state.Entries)
		})
	} else {
		s.plane.aws.Update(func(state *awsfake.State) {
			rest, metrics := *state, map[awsfake.Metric]string{}
			for metric, points := range state.Metrics {
				metrics[metric] = fmt.Sprint(len(points), points[0])
			}
			rest.Metrics = nil
			all = fmt.Sprintf("%+v %v", rest, metrics)
		})
	}
	return all
}
