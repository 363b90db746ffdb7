package gcpcloud

import (
	"context"
	"fmt"
	"slices"

	"runbook/internal/cloud"

	"google.golang.org/api/run/v2"
)

// Validate asks Cloud Run whether the caller has run.routes.invoke on the
// service. To ask needs no permission, and sends the service nothing.
func (c *Client) Validate(ctx context.Context, f cloud.Function) error {
	answer, err := ask(ctx, routesInvoke, f.ID, func() (*run.GoogleIamV1TestIamPermissionsResponse, error) {
		request := &run.GoogleIamV1TestIamPermissionsRequest{Permissions: []string{routesInvoke}}
		return c.run.Projects.Locations.Services.TestIamPermissions(fullName(f), request).Context(ctx).Do()
	})
	if err != nil {
		return err
	}
	if slices.Contains(answer.Permissions, routesInvoke) {
		return nil
	}
	return &cloud.Error{
		Action: routesInvoke, Subject: f.ID, Kind: cloud.NoPermission,
		Err: fmt.Errorf("the service's policy does not grant it to the caller"),
	}
}
