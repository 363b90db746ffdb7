package local

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runbook/internal/fake/awsfake"
	"runbook/internal/fake/gcpfake"
)

// The flavours: whose control plane the stack is told by.
const (
	AWS = "aws"
	GCP = "gcp"
)

// Flavours are all of them, the default first.
var Flavours = []string{AWS, GCP}

// The names by which the control planes know the stack's parts.
const (
	instanceID = "local-db"
	replicaID  = "local-db-replica"
)

// plane is the control plane of a flavour; the server of the other is nil.
type plane struct {
	aws *awsfake.Server
	gcp *gcpfake.Server
	url string
	// Files with credentials for gcp: of client libraries, and of gcloud.
	key, token string
}

// startPlane serves the control plane that describes the database, which must
// be running.
func (s *Stack) startPlane(flavour string) error {
	var handler http.Handler
	if flavour == GCP {
		s.plane.gcp = gcpfake.New(s.gcpState())
		handler = s.plane.gcp
	} else {
		s.plane.aws = awsfake.New(s.awsState())
		handler = s.plane.aws
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	s.releases = append(s.releases, func() error {
		err := server.Close()
		// Closed before Serve took the listener over, the server does not know it.
		if lost := listener.Close(); !errors.Is(lost, net.ErrClosed) {
			err = errors.Join(err, lost)
		}
		return err
	})
	s.plane.url = "http://" + listener.Addr().String()
	if s.plane.gcp == nil {
		return nil
	}
	s.plane.key = filepath.Join(s.folder.Path, "service-account.json")
	s.plane.token = filepath.Join(s.folder.Path, "access-token")
	return errors.Join(
		os.WriteFile(s.plane.key, s.plane.gcp.KeyFile(s.plane.url), 0o600),
		os.WriteFile(s.plane.token, []byte(s.plane.gcp.AccessToken()), 0o600))
}

// Actions returns every call to the control plane so far, in order, by the
// permission it needs.
func (s *Stack) Actions() []string {
	if s.plane.gcp != nil {
		return s.plane.gcp.Actions()
	}
	return s.plane.aws.Actions()
}

// environment is what a provider's tools need to find the control plane and
// nothing else, once what they would inherit is taken away.
func (p plane) environment() []string {
	if p.gcp != nil {
		host, port, _ := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
		return []string{
			"ENVIRONMENT=local-gcp",
			"PROVIDER=gcp",
			"GOOGLE_ENDPOINT_URL=" + p.url,
			"GOOGLE_APPLICATION_CREDENTIALS=" + p.key,
			// For gcloud, so that the commands of a page that failed can be tried.
			"CLOUDSDK_CONFIG=" + filepath.Dir(p.key),
			"CLOUDSDK_CORE_PROJECT=" + gcpProject,
			"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=" + p.token,
			"CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL=" + p.url + "/",
			"CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING=" + p.url + "/",
			// It puts the region before whatever host Cloud Run is said to have: no address
			// of the stack's would do, but the stack can be the proxy on the way.
			"CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=http://run.googleapis.com/",
			"CLOUDSDK_PROXY_TYPE=http_no_tunnel",
			"CLOUDSDK_PROXY_ADDRESS=" + host,
			"CLOUDSDK_PROXY_PORT=" + port,
		}
	}
	return []string{
		"ENVIRONMENT=local",
		"PROVIDER=aws",
		"AWS_ENDPOINT_URL=" + p.url,
		"AWS_REGION=" + awsRegion,
		"AWS_DEFAULT_REGION=" + awsRegion, // the AWS CLI 1 knows no other
		"AWS_ACCESS_KEY_ID=" + awsAccessKey,
		"AWS_SECRET_ACCESS_KEY=" + awsSecretKey,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// inherited are the beginnings of variables that lead to another stack, lead the tools of a
// provider or of PostgreSQL elsewhere, or say what is right for another stack's requests.
var inherited = []string{
	"STACK_", "AWS_", "GOOGLE_", "CLOUDSDK_", "GCP_", "GCLOUD_PROJECT", "API_", "CORS_", "FUNCTION_", "TRAFFIC_", "DATABASE_CA_FILE", "PG",
}

// told makes a fault of what the providers tell.
func told(aws func(*awsfake.State), gcp func(*gcpfake.State)) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		if s.plane.gcp != nil {
			s.plane.gcp.Update(gcp)
		} else {
			s.plane.aws.Update(aws)
		}
		return nil
	}
}

// denied and throttled make a fault of a control plane that refuses to answer:
// the calls are named as each provider's IAM does.
func denied(aws, gcp string) func(context.Context, *Stack) error {
	return refusing(aws, awsfake.Denied, gcp, gcpfake.Denied)
}

func throttled(aws, gcp string) func(context.Context, *Stack) error {
	return refusing(aws, awsfake.Throttled, gcp, gcpfake.Throttled)
}

func refusing(aws string, awsWhy awsfake.Refusal, gcp string, gcpWhy gcpfake.Refusal) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		if s.plane.gcp != nil {
			s.plane.gcp.Refuse(gcp, gcpWhy, gcpfake.Forever)
		} else {
			s.plane.aws.Refuse(aws, awsWhy, awsfake.Forever)
		}
		return nil
	}
}

// both applies one fault after another.
func both(first, second func(context.Context, *Stack) error) func(context.Context, *Stack) error {
	return func(ctx context.Context, s *Stack) error {
		return errors.Join(first(ctx, s), second(ctx, s))
	}
}

// minutes are those of which a metric has a point: from before the longest
// window that is asked for, to a day ahead for a stack that is left running.
func minutes() []time.Time {
	var all []time.Time
	start := time.Now().Truncate(time.Minute).Add(-30 * time.Minute)
	for at := start; at.Before(start.Add(24 * time.Hour)); at = at.Add(time.Minute) {
		all = append(all, at)
	}
	return all
}
