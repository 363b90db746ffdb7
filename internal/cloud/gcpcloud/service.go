package gcpcloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/run/v2"
)

var errNoRegion = errors.New("no region, want GCP_REGION, or a service named projects/PROJECT/locations/REGION/services/NAME")

// Function asks Cloud Run. It accepts the service's name alone, in the client's
// region, its full name, that of version 1 of the API
// (locations/REGION/namespaces/PROJECT/services/NAME), or a link that ends in
// either.
func (c *Client) Function(ctx context.Context, id string) (cloud.Function, error) {
	project, region, name := splitService(id)
	project, err := c.projectOf(ctx, project)
	region = cmp.Or(region, c.region)
	switch {
	case err != nil:
	case name == "":
		err = fmt.Errorf("%q names no service, want NAME or projects/PROJECT/locations/REGION/services/NAME", id)
	case region == "":
		err = errNoRegion
	}
	if err != nil {
		return cloud.Function{}, failed(ctx, servicesGet, id, err)
	}
	f := cloud.Function{ID: name, Account: project, Region: region}
	s, err := c.service(ctx, f)
	if err != nil {
		return cloud.Function{}, err
	}
	return describeService(f, s), nil
}

func (c *Client) service(ctx context.Context, f cloud.Function) (*run.GoogleCloudRunV2Service, error) {
	return ask(ctx, servicesGet, f.ID, func() (*run.GoogleCloudRunV2Service, error) {
		return c.run.Projects.Locations.Services.Get(fullName(f)).Context(ctx).Do()
	})
}

func fullName(f cloud.Function) string {
	return "projects/" + f.Account + "/locations/" + f.Region + "/services/" + f.ID
}

// describeService adds to a service's name what Cloud Run tells. Its images'
// runtimes are its owner's affair.
func describeService(f cloud.Function, s *run.GoogleCloudRunV2Service) cloud.Function {
	template := cmp.Or(s.Template, &run.GoogleCloudRunV2RevisionTemplate{})
	f.Timeout, _ = time.ParseDuration(template.Timeout)
	if r := resources(template.Containers); r != nil {
		f.Memory = quantity(r.Limits["memory"])
		f.Start = fmt.Sprintf("startupCpuBoost %t, cpuIdle %t", r.StartupCpuBoost, r.CpuIdle)
	}
	f.Newest = short(s.LatestCreatedRevision)
	f.Hosts = serviceHosts(s)
	f.Update = update(s)
	f.Changed = rfc3339(s.UpdateTime) // of what is wanted: its conditions leave it as it is
	f.Serving = serving(s)
	f.Log.Place = resourceFilter(f)
	if shares := traffic(s); len(shares) == 1 {
		f.Version = shares[0].revision
	}
	return f
}

// resources are those of the container that takes the requests: the one with a
// port, which only a container that is alone may leave out. They are nil where
// they are not told.
func resources(containers []*run.GoogleCloudRunV2Container) *run.GoogleCloudRunV2ResourceRequirements {
	for _, c := range containers {
		if len(containers) == 1 || len(c.Ports) > 0 {
			return c.Resources
		}
	}
	return nil
}

// units are those of Kubernetes quantities, longest first.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40},
	{"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"", 1},
}

// quantity reads bytes as Kubernetes writes them, 0 where it does not.
func quantity(text string) int64 {
	for _, unit := range units {
		if number, ok := strings.CutSuffix(text, unit.suffix); ok {
			n, _ := strconv.ParseFloat(number, 64)
			return int64(n * unit.bytes)
		}
	}
	return 0
}

// serviceHosts are those of the service's addresses: there is one with the project's
// number, and an older one without.
func serviceHosts(s *run.GoogleCloudRunV2Service) (all []string) {
	for _, address := range append(s.Urls, s.Uri) {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			all = append(all, u.Hostname())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
