package awsfake

import (
	"net/http"
	"slices"
)

type ipPermission struct {
	Protocol string        `xml:"ipProtocol"`
	From     *int          `xml:"fromPort"`
	To       *int          `xml:"toPort"`
	Groups   []groupPair   `xml:"groups>item"`
	IPv4     []ipv4Range   `xml:"ipRanges>item"`
	IPv6     []ipv6Range   `xml:"ipv6Ranges>item"`
	Lists    []listOfRange `xml:"prefixListIds>item"`
}

type (
	groupPair struct {
		Owner string `xml:"userId"`
		ID    string `xml:"groupId"`
	}
	ipv4Range struct {
		CIDR string `xml:"cidrIp"`
	}
	ipv6Range struct {
		CIDR string `xml:"cidrIpv6"`
	}
	listOfRange struct {
		ID string `xml:"prefixListId"`
	}
)

// permission leaves the ports out where a rule is about all of them.
func (s State) permission(r Rule) ipPermission {
	p := ipPermission{Protocol: r.Protocol}
	if r.Protocol != "-1" {
		p.From, p.To = &r.From, &r.To
	}
	for _, id := range r.Groups {
		p.Groups = append(p.Groups, groupPair{s.Account, id})
	}
	for _, cidr := range r.CIDRs {
		p.IPv4 = append(p.IPv4, ipv4Range{cidr})
	}
	for _, cidr := range r.IPv6CIDRs {
		p.IPv6 = append(p.IPv6, ipv6Range{cidr})
	}
	for _, id := range r.PrefixLists {
		p.Lists = append(p.Lists, listOfRange{id})
	}
	return p
}

func describeSecurityGroups(s State, in input) (any, error) {
	var asked struct {
		GroupID    []string `json:"GroupId"`
		NextToken  string
		MaxResults number
	}
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	for _, id := range asked.GroupID {
		if !slices.ContainsFunc(s.SecurityGroups, func(g SecurityGroup) bool { return g.ID == id }) {
			return nil, fault{http.StatusBadRequest, "InvalidGroup.NotFound", "The security group '" + id + "' does not exist"}
		}
	}
	found := slices.DeleteFunc(slices.Clone(s.SecurityGroups), func(g SecurityGroup) bool {
		return asked.GroupID != nil && !slices.Contains(asked.GroupID, g.ID)
	})
	page, next, err := paged(found, asked.NextToken, s.pageSize(asked.MaxResults))
	type group struct {
		Owner   string         `xml:"ownerId"`
		ID      string         `xml:"groupId"`
		Name    string         `xml:"groupName"`
		Ingress []ipPermission `xml:"ipPermissions>item"`
	}
	out := struct {
		RequestID string  `xml:"requestId"`
		Groups    []group `xml:"securityGroupInfo>item"`
		NextToken string  `xml:"nextToken,omitempty"`
	}{RequestID: requestID, NextToken: next}
	for _, g := range page {
		shown := group{Owner: s.Account, ID: g.ID, Name: g.ID}
		for _, rule := range g.Ingress {
			shown.Ingress = append(shown.Ingress, s.permission(rule))
		}
		out.Groups = append(out.Groups, shown)
	}
	return out, err
}

func getManagedPrefixListEntries(s State, in input) (any, error) {
	var asked struct {
		PrefixListID string `json:"PrefixListId"`
		NextToken    string
		MaxResults   number
	}
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	cidrs, ok := s.PrefixLists[asked.PrefixListID]
	if !ok {
		return nil, fault{http.StatusBadRequest, "InvalidPrefixListID.NotFound", "The prefix list ID '" + asked.PrefixListID + "' does not exist"}
	}
	page, next, err := paged(cidrs, asked.NextToken, s.pageSize(asked.MaxResults))
	type entry struct {
		CIDR string `xml:"cidr"`
	}
	out := struct {
		RequestID string  `xml:"requestId"`
		Entries   []entry `xml:"entrySet>item"`
		NextToken string  `xml:"nextToken,omitempty"`
	}{RequestID: requestID, NextToken: next}
	for _, cidr := range page {
		out.Entries = append(out.Entries, entry{cidr})
	}
	return out, err
}
