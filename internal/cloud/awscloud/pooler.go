package awscloud

import (
	"context"
	"strings"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Pooler finds the RDS Proxy that is called name or answers at the host of that
// name, by its own endpoint or by one added to it.
func (c *Client) Pooler(ctx context.Context, name string) (cloud.Pooler, error) {
	const action = "rds:DescribeDBProxies"
	added, err := c.addedEndpoint(ctx, name)
	if err != nil {
		return cloud.Pooler{}, err
	}
	for pages := rds.NewDescribeDBProxiesPaginator(c.rds, &rds.DescribeDBProxiesInput{}); pages.HasMorePages(); {
		page, err := ask(ctx, c, action, name, func(ctx context.Context) (*rds.DescribeDBProxiesOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return cloud.Pooler{}, err
		}
		for _, proxy := range page.DBProxies {
			id := aws.ToString(proxy.DBProxyName)
			if id == name || id == added || strings.EqualFold(aws.ToString(proxy.Endpoint), name) {
				targets, err := c.targets(ctx, id)
				return cloud.Pooler{ID: id, Status: string(proxy.Status), State: proxyState(proxy.Status), Targets: targets}, err
			}
		}
	}
	return cloud.Pooler{}, &cloud.Error{Action: action, Subject: name, Kind: cloud.NotFound}
}

// addedEndpoint returns the name of the proxy that host was added to, "" where
// host is no such endpoint.
func (c *Client) addedEndpoint(ctx context.Context, host string) (string, error) {
	if !strings.Contains(host, ".endpoint.proxy-") {
		return "", nil
	}
	for pages := rds.NewDescribeDBProxyEndpointsPaginator(c.rds, &rds.DescribeDBProxyEndpointsInput{}); pages.HasMorePages(); {
		page, err := ask(ctx, c, "rds:DescribeDBProxyEndpoints", host, func(ctx context.Context) (*rds.DescribeDBProxyEndpointsOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return "", err
		}
		for _, endpoint := range page.DBProxyEndpoints {
			if strings.EqualFold(aws.ToString(endpoint.Endpoint), host) {
				return aws.ToString(endpoint.DBProxyName), nil
			}
		}
	}
	return "", nil
}

func (c *Client) targets(ctx context.Context, proxy string) ([]cloud.Target, error) {
	var targets []cloud.Target
	in := &rds.DescribeDBProxyTargetsInput{DBProxyName: aws.String(proxy)}
	for pages := rds.NewDescribeDBProxyTargetsPaginator(c.rds, in); pages.HasMorePages(); {
		page, err := ask(ctx, c, "rds:DescribeDBProxyTargets", proxy, func(ctx context.Context) (*rds.DescribeDBProxyTargetsOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			if t.Type != types.TargetTypeTrackedCluster { // its members are listed too
				targets = append(targets, target(t))
			}
		}
	}
	return targets, nil
}

func target(t types.DBProxyTarget) cloud.Target {
	known := cloud.Target{ID: aws.ToString(t.RdsResourceId)}
	if health := t.TargetHealth; health != nil {
		known.Status = string(health.State)
		known.Reason = strings.TrimSpace(string(health.Reason) + " " + aws.ToString(health.Description))
		known.State = targetState(health)
	}
	return known
}

func targetState(health *types.TargetHealth) cloud.State {
	switch {
	case health.State == types.TargetStateAvailable:
		return cloud.Up
	case health.State == types.TargetStateRegistering, health.Reason == types.TargetHealthReasonPendingProxyCapacity:
		return cloud.Changing
	case health.State == types.TargetStateUnavailable:
		return cloud.Down
	}
	return cloud.StateUnknown
}

func proxyState(status types.DBProxyStatus) cloud.State {
	switch status {
	case types.DBProxyStatusAvailable:
		return cloud.Up
	case types.DBProxyStatusCreating, types.DBProxyStatusModifying, types.DBProxyStatusReactivating:
		return cloud.Changing
	case types.DBProxyStatusIncompatibleNetwork, types.DBProxyStatusInsufficientResourceLimits,
		types.DBProxyStatusSuspended, types.DBProxyStatusSuspending, types.DBProxyStatusDeleting:
		return cloud.Down
	}
	return cloud.StateUnknown
}

// Pinned takes each minute's average.
func (c *Client) Pinned(ctx context.Context, p cloud.Pooler, window time.Duration) (cloud.Series, error) {
	return c.series(ctx, "DatabaseConnectionsCurrentlySessionPinned", "ProxyName", p.ID, window)
}
