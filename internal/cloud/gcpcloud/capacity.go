package gcpcloud

import (
	"cmp"
	"context"

	"runbook/internal/cloud"

	"google.golang.org/api/run/v2"
)

// Capacity asks Cloud Run. The limits of a project's region are quotas, which
// it does not tell.
func (c *Client) Capacity(ctx context.Context, f cloud.Function) (cloud.Capacity, error) {
	s, err := c.service(ctx, f)
	if err != nil {
		return cloud.Capacity{}, err
	}
	template := cmp.Or(s.Template, &run.GoogleCloudRunV2RevisionTemplate{})
	capacity := cloud.Capacity{PerInstance: atMost(template.MaxInstanceRequestConcurrency)}
	capacity.Max, capacity.Min = instances(
		cmp.Or(s.Scaling, &run.GoogleCloudRunV2ServiceScaling{}),
		cmp.Or(template.Scaling, &run.GoogleCloudRunV2RevisionScaling{}),
	)
	return capacity, nil
}

// instances reads the limits of the service and those of each revision. A
// service scaled by hand has just that many; with 0 it is switched off.
func instances(s *run.GoogleCloudRunV2ServiceScaling, r *run.GoogleCloudRunV2RevisionScaling) (most, least cloud.Limit) {
	if s.ScalingMode == "MANUAL" {
		fixed := cloud.AtMost(float64(s.ManualInstanceCount))
		return fixed, fixed
	}
	least = cloud.AtMost(float64(max(s.MinInstanceCount, r.MinInstanceCount)))
	most = atMost(cmp.Or(r.MaxInstanceCount, s.MaxInstanceCount))
	if s.MaxInstanceCount > 0 && most.Value > float64(s.MaxInstanceCount) {
		most = atMost(s.MaxInstanceCount)
	}
	return most, least
}

// atMost is a limit of which 0 says that the provider did not tell.
func atMost(n int64) cloud.Limit {
	if n == 0 {
		return cloud.Limit{}
	}
	return cloud.AtMost(float64(n))
}
