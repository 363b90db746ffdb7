// Package gcpcloud answers the questions of package cloud for Google Cloud:
// Cloud SQL, Cloud Run, Cloud Monitoring and Cloud Logging, with the credentials
// the machine has (Application Default Credentials).
package gcpcloud

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/logging/v2"
	"google.golang.org/api/monitoring/v3"
	"google.golang.org/api/option"
	"google.golang.org/api/run/v2"
	"google.golang.org/api/sqladmin/v1"
)

// Permissions lists what a custom role needs. Who the caller is and whom an
// instance admits need nothing: Google tells the first to anyone and the second
// with the instance.
var Permissions = cloud.Permissions{
	cloud.AskInstance:     {instancesGet},
	cloud.AskLogs:         {entriesList},
	cloud.AskMetrics:      {timeSeriesList},
	cloud.AskFunction:     {servicesGet},
	cloud.AskCapacity:     {servicesGet},
	cloud.AskFunctionLogs: {entriesList},
	cloud.AskColdStarts:   {entriesList, timeSeriesList},
	cloud.AskTraffic:      {entriesList, timeSeriesList},
	cloud.AskInvoke:       {routesInvoke},
}

const (
	instancesGet   = "cloudsql.instances.get"
	servicesGet    = "run.services.get"
	routesInvoke   = "run.routes.invoke"
	entriesList    = "logging.logEntries.list"
	timeSeriesList = "monitoring.timeSeries.list"
)

// Config says where and in which project to ask.
type Config struct {
	// Project owns what is named without a project. Empty, it is the one of
	// GOOGLE_CLOUD_PROJECT, GCP_PROJECT or CLOUDSDK_CORE_PROJECT, else the one
	// the credentials belong to.
	Project string
	// Region has the services that are named without one. Empty, it is the one
	// of GCP_REGION, GOOGLE_CLOUD_REGION, CLOUDSDK_RUN_REGION or
	// CLOUDSDK_COMPUTE_REGION.
	Region string
	// Endpoint replaces the host of every API, e.g. "http://127.0.0.1:8080".
	// Credentials are sent to it as they would be to Google.
	Endpoint string
}

// Client asks Google Cloud. It implements the interfaces of package cloud, is
// safe for concurrent use, and its errors are all *cloud.Error. Credentials are
// looked up once, with the first question.
type Client struct {
	project string
	region  string
	signIn  *signIn

	sql      *sqladmin.Service
	run      *run.Service
	metrics  *monitoring.Service
	logs     *logging.Service
	projects *cloudresourcemanager.Service
}

var (
	_ cloud.Identities      = (*Client)(nil)
	_ cloud.Databases       = (*Client)(nil)
	_ cloud.Firewalls       = (*Client)(nil)
	_ cloud.Logs            = (*Client)(nil)
	_ cloud.Metrics         = (*Client)(nil)
	_ cloud.Functions       = (*Client)(nil)
	_ cloud.Capacities      = (*Client)(nil)
	_ cloud.Validators      = (*Client)(nil)
	_ cloud.FunctionLogs    = (*Client)(nil)
	_ cloud.FunctionTraffic = (*Client)(nil)
	_ cloud.ColdStarts      = (*Client)(nil)
)

// New returns a Client; it asks nothing yet.
func New(c Config) (*Client, error) { return open(c, newSignIn(applicationDefault)) }

func open(c Config, s *signIn) (*Client, error) {
	client := &Client{
		project: cmp.Or(c.Project, os.Getenv("GOOGLE_CLOUD_PROJECT"), os.Getenv("GCP_PROJECT"), os.Getenv("CLOUDSDK_CORE_PROJECT")),
		region:  cmp.Or(c.Region, os.Getenv("GCP_REGION"), os.Getenv("GOOGLE_CLOUD_REGION"), os.Getenv("CLOUDSDK_RUN_REGION"), os.Getenv("CLOUDSDK_COMPUTE_REGION")),
		signIn:  s,
	}
	options := []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: s})}
	if c.Endpoint != "" {
		options = append(options, option.WithEndpoint(c.Endpoint))
	}
	if err := client.connect(options); err != nil {
		return nil, fmt.Errorf("opening Google Cloud's APIs: %w", err)
	}
	return client, nil
}

// connect makes the clients of the APIs, which send nothing until they are
// asked.
func (c *Client) connect(options []option.ClientOption) (err error) {
	ctx := context.Background()
	if c.sql, err = sqladmin.NewService(ctx, options...); err != nil {
		return err
	}
	if c.run, err = run.NewService(ctx, options...); err != nil {
		return err
	}
	if c.metrics, err = monitoring.NewService(ctx, options...); err != nil {
		return err
	}
	if c.logs, err = logging.NewService(ctx, options...); err != nil {
		return err
	}
	c.projects, err = cloudresourcemanager.NewService(ctx, options...)
	return err
}

// Region is that of services named without one, "" where none is configured.
func (c *Client) Region() string { return c.region }

// Caller tells the project and, for service accounts, their e-mail address.
// Google has no call that names the caller; asking what the caller may do shows
// that the credentials are accepted. It needs no permission.
func (c *Client) Caller(ctx context.Context) (cloud.Caller, error) {
	const action = "cloudresourcemanager.projects.testIamPermissions"
	project, err := c.projectOf(ctx, "")
	if err != nil {
		return cloud.Caller{}, failed(ctx, action, "", err)
	}
	_, err = ask(ctx, action, project, func() (*cloudresourcemanager.TestIamPermissionsResponse, error) {
		request := &cloudresourcemanager.TestIamPermissionsRequest{Permissions: Permissions.All()}
		return c.projects.Projects.TestIamPermissions("projects/"+project, request).Context(ctx).Do()
	})
	if err != nil {
		return cloud.Caller{}, err
	}
	return cloud.Caller{Account: project, Principal: c.signIn.principal()}, nil
}

// projectOf returns the project of something that named it, or did not.
func (c *Client) projectOf(ctx context.Context, named string) (string, error) {
	if project := cmp.Or(named, c.project); project != "" {
		return project, nil
	}
	project, err := c.signIn.project(ctx)
	if err != nil {
		return "", err
	}
	if project == "" {
		return "", errNoProject
	}
	return project, nil
}

// rfc3339 is how Google writes times. The zero time stands for a text that is
// not one.
func rfc3339(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t
}
