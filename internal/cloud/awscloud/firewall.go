package awscloud

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"runbook/internal/cloud"
)

// permission is a rule of a security group. Protocol "-1" means all of them,
// on all ports.
type permission struct {
	Protocol string   `xml:"ipProtocol"`
	From     int      `xml:"fromPort"`
	To       int      `xml:"toPort"`
	IPv4     []string `xml:"ipRanges>item>cidrIp"`
	IPv6     []string `xml:"ipv6Ranges>item>cidrIpv6"`
	Groups   []string `xml:"groups>item>groupId"`
	Lists    []string `xml:"prefixListIds>item>prefixListId"`
}

func (p permission) covers(port int) bool {
	switch p.Protocol {
	case "-1":
		return true
	case "tcp", "6":
		return p.From <= port && port <= p.To
	}
	return false
}

type securityGroup struct {
	ID      string       `xml:"groupId"`
	Ingress []permission `xml:"ipPermissions>item"`
}

// Admits reads the security groups of i and the prefix lists they refer to.
func (c *Client) Admits(ctx context.Context, i cloud.Instance, port int) ([]cloud.Source, error) {
	if len(i.Groups) == 0 {
		return nil, nil
	}
	groups, err := c.securityGroups(ctx, i.Groups)
	if err != nil {
		return nil, err
	}
	var admitted []cloud.Source
	for _, group := range groups {
		for _, rule := range group.Ingress {
			if !rule.covers(port) {
				continue
			}
			sources, err := c.sources(ctx, group.ID, rule)
			admitted = append(admitted, sources...)
			if err != nil {
				return admitted, err
			}
		}
	}
	return admitted, nil
}

// sources lists lists last, so that what needs no further question is told
// even when they cannot be read.
func (c *Client) sources(ctx context.Context, group string, rule permission) ([]cloud.Source, error) {
	sources, err := ranges(group, "", append(rule.IPv4, rule.IPv6...))
	if err != nil {
		return nil, &cloud.Error{Action: "ec2:DescribeSecurityGroups", Subject: group, Kind: cloud.Other, Err: err}
	}
	for _, peer := range rule.Groups {
		sources = append(sources, cloud.Source{Rule: group, Peer: peer})
	}
	for _, list := range rule.Lists {
		members, err := c.prefixList(ctx, group, list)
		sources = append(sources, members...)
		if err != nil {
			return sources, err
		}
	}
	return sources, nil
}

func (c *Client) securityGroups(ctx context.Context, ids []string) ([]securityGroup, error) {
	var groups []securityGroup
	form := url.Values{}
	for n, id := range ids {
		form.Set(fmt.Sprintf("GroupId.%d", n+1), id)
	}
	for {
		type page struct {
			Groups []securityGroup `xml:"securityGroupInfo>item"`
			Next   string          `xml:"nextToken"`
		}
		answer, err := ask(ctx, c, "ec2:DescribeSecurityGroups", strings.Join(ids, ", "), func(ctx context.Context) (p page, err error) {
			err = c.ec2(ctx, "DescribeSecurityGroups", form, &p)
			return p, err
		})
		if err != nil {
			return nil, err
		}
		groups = append(groups, answer.Groups...)
		if answer.Next == "" {
			return groups, nil
		}
		form.Set("NextToken", answer.Next)
	}
}

func (c *Client) prefixList(ctx context.Context, group, list string) ([]cloud.Source, error) {
	const action = "ec2:GetManagedPrefixListEntries"
	var sources []cloud.Source
	form := url.Values{"PrefixListId": {list}}
	for {
		type page struct {
			CIDRs []string `xml:"entrySet>item>cidr"`
			Next  string   `xml:"nextToken"`
		}
		answer, err := ask(ctx, c, action, list, func(ctx context.Context) (p page, err error) {
			err = c.ec2(ctx, "GetManagedPrefixListEntries", form, &p)
			return p, err
		})
		if err != nil {
			return sources, err
		}
		members, err := ranges(group, list, answer.CIDRs)
		if err != nil {
			return sources, &cloud.Error{Action: action, Subject: list, Kind: cloud.Other, Err: err}
		}
		sources = append(sources, members...)
		if answer.Next == "" {
			return sources, nil
		}
		form.Set("NextToken", answer.Next)
	}
}

func ranges(rule, list string, cidrs []string) ([]cloud.Source, error) {
	var sources []cloud.Source
	for _, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return nil, err
		}
		sources = append(sources, cloud.Source{Rule: rule, CIDR: prefix, Peer: list})
	}
	return sources, nil
}
