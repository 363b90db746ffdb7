package gcpcloud

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"runbook/internal/cloud"

	"google.golang.org/api/run/v2"
)

// update tells how the last deployment went.
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
	case short(s.LatestReadyRevision) != short(s.LatestCreatedRevision):
		c.State, c.Reason = cloud.Down, short(s.LatestCreatedRevision)+" is not ready"
	default:
		c.State = cloud.Up
	}
	return c
}

// serving tells who answers requests. Cloud Run keeps the revision before in
// service until a new one is ready.
func serving(s *run.GoogleCloudRunV2Service) cloud.Condition {
	if s.LatestReadyRevision == "" {
		return update(s)
	}
	for _, c := range s.Conditions {
		if c.Type == "RoutesReady" && c.State == "CONDITION_FAILED" {
			return cloud.Condition{Status: words(c), Reason: reason(c)}
		}
	}
	var shares []string
	for _, one := range traffic(s) {
		shares = append(shares, fmt.Sprintf("%s %d%%", one.revision, one.percent))
	}
	return cloud.Condition{State: cloud.Up, Status: strings.Join(shares, ", ")}
}

func words(c *run.GoogleCloudRunV2Condition) string {
	return cmp.Or(c.Type, "Ready") + " " + cmp.Or(c.State, "unknown")
}

func reason(c *run.GoogleCloudRunV2Condition) string {
	parts := []string{cmp.Or(c.RevisionReason, c.Reason), strings.Join(strings.Fields(c.Message), " ")}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// short is the last part of a full name. Cloud Run gives revisions either way.
func short(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// share is the part of the requests that a revision gets.
type share struct {
	revision string
	percent  int64
}

// traffic returns the revisions that get requests, the largest share first. One
// without a name follows the latest that is ready, which gets all where none is
// listed.
func traffic(s *run.GoogleCloudRunV2Service) []share {
	latest := short(s.LatestReadyRevision)
	percents := map[string]int64{}
	for _, t := range s.TrafficStatuses {
		if t.Percent > 0 {
			percents[cmp.Or(short(t.Revision), latest)] += t.Percent
		}
	}
	if len(percents) == 0 && latest != "" {
		percents[latest] = 100
	}
	var all []share
	for revision, percent := range percents {
		all = append(all, share{revision, percent})
	}
	slices.SortFunc(all, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.percent, a.percent), cmp.Compare(a.revision, b.revision))
	})
	return all
}
