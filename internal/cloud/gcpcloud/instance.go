package gcpcloud

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"runbook/internal/cloud"

	"google.golang.org/api/sqladmin/v1"
)

// postgresPort is where every Cloud SQL instance for PostgreSQL listens; it
// cannot be chosen.
const postgresPort = 5432

// Instance asks Cloud SQL. It accepts the instance's name alone, as
// PROJECT:NAME, PROJECT:REGION:NAME, or as a link to it.
//
// The end of the server certificate is not known here: Cloud SQL tells when the
// authority's ends, of which every instance has its own by default.
func (c *Client) Instance(ctx context.Context, id string) (cloud.Instance, error) {
	named, name := splitName(id)
	project, err := c.projectOf(ctx, named)
	if err == nil && name == "" {
		err = fmt.Errorf("%q names no instance, want NAME or PROJECT:REGION:NAME", id)
	}
	if err != nil {
		return cloud.Instance{}, failed(ctx, instancesGet, id, err)
	}
	i, err := ask(ctx, instancesGet, id, func() (*sqladmin.DatabaseInstance, error) {
		return c.sql.Instances.Get(project, name).Context(ctx).Do()
	})
	if err != nil {
		return cloud.Instance{}, err
	}
	return describe(project, i), nil
}

func describe(project string, i *sqladmin.DatabaseInstance) cloud.Instance {
	settings := i.Settings
	if settings == nil {
		settings = &sqladmin.Settings{}
	}
	_, primary := splitName(i.MasterInstanceName)
	described := cloud.Instance{
		ID:        i.Name,
		Account:   project,
		Engine:    i.DatabaseVersion,
		Class:     settings.Tier,
		Hosts:     hosts(i),
		Port:      postgresPort,
		Storage:   storage(settings),
		LogExport: cloud.Yes, // Cloud SQL has no other place for its log
		ReplicaOf: primary,
		Replicas:  i.ReplicaNames,
	}
	described.State, described.Status, described.Reason = state(i, settings)
	if i.ServerCaCert != nil {
		described.CAExpires = rfc3339(i.ServerCaCert.ExpirationTime)
	}
	if network := settings.IpConfiguration; network != nil {
		described.Public = cloud.YesNo(network.Ipv4Enabled)
		described.Networks = networks(network)
		described.CA = cmp.Or(network.ServerCaMode, "GOOGLE_MANAGED_INTERNAL_CA")
	}
	return described
}

// state reads two words together: RUNNABLE alone is also the state of an
// instance its owner has stopped.
func state(i *sqladmin.DatabaseInstance, s *sqladmin.Settings) (_ cloud.State, status, reason string) {
	status = i.State
	reason = strings.Join(i.SuspensionReason, ", ")
	if r := i.OutOfDiskReport; r != nil && r.SqlOutOfDiskState == "SOFT_SHUTDOWN" {
		return cloud.Down, status + ", SOFT_SHUTDOWN", "its disk is almost full: shut down to save the data"
	}
	switch i.State {
	case "RUNNABLE":
		if s.ActivationPolicy == "ALWAYS" {
			return cloud.Up, status, reason
		}
		status += ", activation policy " + cmp.Or(s.ActivationPolicy, "unknown")
		if s.ActivationPolicy == "NEVER" {
			return cloud.Down, status, cmp.Or(reason, "stopped by its owner")
		}
	case "PENDING_CREATE", "MAINTENANCE", "REPAIRING":
		return cloud.Changing, status, reason
	case "SUSPENDED", "FAILED", "PENDING_DELETE":
		return cloud.Down, status, reason
	}
	return cloud.StateUnknown, cmp.Or(status, "unknown"), reason
}

// hosts are the names and addresses that accept connections.
func hosts(i *sqladmin.DatabaseInstance) []string {
	var all []string
	for _, address := range i.IpAddresses {
		if address.Type == "PRIMARY" || address.Type == "PRIVATE" {
			all = append(all, address.IpAddress)
		}
	}
	if i.DnsName != "" {
		all = append(all, strings.TrimSuffix(i.DnsName, "."))
	}
	return all
}

// storage converts sizes that the API calls GB and means as GiB.
func storage(s *sqladmin.Settings) cloud.Storage {
	disk := cloud.Storage{Bytes: s.DataDiskSizeGb << 30}
	switch {
	case s.StorageAutoResize == nil:
	case *s.StorageAutoResize:
		disk.Growth, disk.Limit = cloud.Autoscaled, s.StorageAutoResizeLimit<<30
	default:
		disk.Growth = cloud.Fixed
	}
	return disk
}
