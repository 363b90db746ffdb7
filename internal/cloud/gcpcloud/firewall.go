package gcpcloud

import (
	"context"
	"net/netip"
	"time"

	"runbook/internal/cloud"

	"google.golang.org/api/sqladmin/v1"
)

// Admits returns what Instance read: authorized networks, which hold for every
// port, and those let in by name: a private network, projects with a Private
// Service Connect endpoint. VPC firewall rules do not apply to Cloud SQL.
//
// Not among them are clients of the Cloud SQL Auth Proxy and connectors: IAM
// admits those, on a port of their own, whatever the networks say.
func (c *Client) Admits(_ context.Context, i cloud.Instance, _ int) ([]cloud.Source, error) {
	return i.Networks, nil
}

func networks(n *sqladmin.IpConfiguration) []cloud.Source {
	var all []cloud.Source
	if n.PrivateNetwork != "" {
		all = append(all, cloud.Source{Rule: "private IP", Peer: n.PrivateNetwork})
	}
	if n.PscConfig != nil && n.PscConfig.PscEnabled {
		for _, project := range n.PscConfig.AllowedConsumerProjects {
			all = append(all, cloud.Source{Rule: "Private Service Connect", Peer: "projects/" + project})
		}
	}
	for _, entry := range n.AuthorizedNetworks {
		if !expired(entry) {
			all = append(all, authorized(entry))
		}
	}
	return all
}

// expired reports whether an authorized network was given an end that is past.
func expired(entry *sqladmin.AclEntry) bool {
	end := rfc3339(entry.ExpirationTime)
	return !end.IsZero() && end.Before(time.Now())
}

// authorized keeps what is no address range as a peer known by name: somebody
// is let in there.
func authorized(entry *sqladmin.AclEntry) cloud.Source {
	rule := "authorized network"
	if entry.Name != "" {
		rule += " " + entry.Name
	}
	if prefix, err := netip.ParsePrefix(entry.Value); err == nil {
		return cloud.Source{Rule: rule, CIDR: prefix.Masked()}
	}
	if address, err := netip.ParseAddr(entry.Value); err == nil {
		return cloud.Source{Rule: rule, CIDR: netip.PrefixFrom(address, address.BitLen())}
	}
	return cloud.Source{Rule: rule, Peer: entry.Value}
}
