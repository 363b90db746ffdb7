package gcpcloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
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
	s, err := c.service(ctx, cloud.Function{ID: name, Account: project, Region: region})
	if err != nil {
		return cloud.Function{}, err
	}
	return describeService(cloud.Function{ID: name, Account: project, Region: region}, s), nil
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
	f.Memory = memory(template.Containers)
	f.Newest = path.Base("/" + s.LatestCreatedRevision)
	f.Update = update(s)
	f.Serving = f.Update
	f.Log.Place = resourceFilter(f)
	if s.LatestReadyRevision == "" {
		return f
	}
	shares := traffic(s)
	f.Serving = cloud.Condition{State: cloud.Up, Status: strings.Join(shares, ", ")}
	if len(shares) == 1 {
		f.Version, _, _ = strings.Cut(shares[0], " ")
	}
	if routes := condition(s, "RoutesReady"); routes != nil && routes.State == "CONDITION_FAILED" {
		f.Serving = cloud.Condition{Status: words(routes), Reason: reason(routes)}
	}
	return f
}

// update tells how the last deployment went. Cloud Run keeps the revision
// before in service until the new one is ready.
func update(s *run.GoogleCloudRunV2Service) cloud.Condition {
	ready := cmp.Or(s.TerminalCondition, &run.GoogleCloudRunV2Condition{})
	c := cloud.Condition{Status: words(ready), Reason: reason(ready)}
	switch {
	case s.Reconciling, ready.State == "CONDITION_PENDING", ready.State == "CONDITION_RECONCILING":
		c.State = cloud.Changing
	case ready.State == "CONDITION_FAILED":
		c.State = cloud.Down
		if ready.RevisionReason == "MIN_INSTANCES_NOT_PROVISIONED" || ready.RevisionReason == "MIN_INSTANCES_WARMING" {
			c.State = cloud.Changing // passes with the traffic that moves
		}
	case ready.State != "CONDITION_SUCCEEDED":
	case s.ObservedGeneration != s.Generation:
		c.State = cloud.Changing
	case s.LatestReadyRevision != s.LatestCreatedRevision:
		c.State, c.Reason = cloud.Down, path.Base(s.LatestCreatedRevision)+" is not ready"
	default:
		c.State = cloud.Up
	}
	return c
}

func condition(s *run.GoogleCloudRunV2Service, kind string) *run.GoogleCloudRunV2Condition {
	at := slices.IndexFunc(s.Conditions, func(c *run.GoogleCloudRunV2Condition) bool { return c.Type == kind })
	if at < 0 {
		return nil
	}
	return s.Conditions[at]
}

func words(c *run.GoogleCloudRunV2Condition) string {
	return cmp.Or(c.Type, "Ready") + " " + cmp.Or(c.State, "unknown")
}

func reason(c *run.GoogleCloudRunV2Condition) string {
	parts := []string{cmp.Or(c.RevisionReason, c.Reason), strings.Join(strings.Fields(c.Message), " ")}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// traffic returns "REVISION PERCENT%" for each that gets requests, the largest
// share first. A share without a revision follows the latest that is ready, as
// all do where there are none.
func traffic(s *run.GoogleCloudRunV2Service) []string {
	shares := map[string]int64{}
	for _, t := range s.TrafficStatuses {
		if t.Percent > 0 {
			shares[path.Base(cmp.Or(t.Revision, s.LatestReadyRevision))] += t.Percent
		}
	}
	if len(shares) == 0 {
		shares[path.Base(s.LatestReadyRevision)] = 100
	}
	var all []string
	for revision, percent := range shares {
		all = append(all, fmt.Sprintf("%s %d%%", revision, percent))
	}
	slices.SortFunc(all, func(a, b string) int {
		x, _, _ := strings.Cut(a, " ")
		y, _, _ := strings.Cut(b, " ")
		return cmp.Or(cmp.Compare(shares[y], shares[x]), cmp.Compare(x, y))
	})
	return all
}

// memory is the limit of the container that takes the requests: the one with a
// port, which only a container that is alone may leave out.
func memory(containers []*run.GoogleCloudRunV2Container) int64 {
	for _, c := range containers {
		if c.Resources != nil && (len(containers) == 1 || len(c.Ports) > 0) {
			return quantity(c.Resources.Limits["memory"])
		}
	}
	return 0
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
