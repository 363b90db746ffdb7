package cloud

import (
	"context"
	"net/netip"
	"slices"
)

// Firewalls knows who is let in to a database.
type Firewalls interface {
	// Admits returns every source that some rule lets in to port; none means
	// that nobody is. Beside an error the sources read so far are returned: they
	// are true, and others may exist.
	Admits(ctx context.Context, i Instance, port int) ([]Source, error)
}

// Source is someone a firewall lets in: a range of addresses, or a peer known
// by name.
type Source struct {
	Rule string       // where it is let in: a security group's id, an authorized network's name
	CIDR netip.Prefix // the zero Prefix when it is known by name only
	Peer string       // a security group, a prefix list, a private network; beside a CIDR, the list that holds it
}

func (s Source) String() string {
	switch {
	case !s.CIDR.IsValid():
		return s.Peer + " (" + s.Rule + ")"
	case s.Peer == "":
		return s.CIDR.String() + " (" + s.Rule + ")"
	}
	return s.CIDR.String() + " (" + s.Peer + " in " + s.Rule + ")"
}

// WorldOpen returns those sources that together let in every IPv4 address or
// every IPv6 address, however the range is split; none when they do not.
func WorldOpen(sources []Source) []Source {
	var open []Source
	for _, everyone := range []string{"0.0.0.0/0", "::/0"} {
		all := netip.MustParsePrefix(everyone)
		within := slices.DeleteFunc(slices.Clone(sources), func(s Source) bool {
			return !s.CIDR.IsValid() || s.CIDR.Addr().Is4() != all.Addr().Is4()
		})
		open = append(open, covering(all, within)...)
	}
	return open
}

// covering returns the fewest sources it finds that cover p, none when they
// leave a gap.
func covering(p netip.Prefix, sources []Source) []Source {
	sources = slices.DeleteFunc(slices.Clone(sources), func(s Source) bool { return !s.CIDR.Overlaps(p) })
	for _, s := range sources {
		if s.CIDR.Bits() <= p.Bits() {
			return []Source{s}
		}
	}
	if len(sources) < 2 {
		return nil
	}
	low, high := halves(p)
	first := covering(low, sources)
	second := covering(high, sources)
	if first == nil || second == nil {
		return nil
	}
	return append(first, second...)
}

func halves(p netip.Prefix) (low, high netip.Prefix) {
	a := p.Masked().Addr().AsSlice()
	low = netip.PrefixFrom(p.Masked().Addr(), p.Bits()+1)
	a[p.Bits()/8] |= 1 << (7 - p.Bits()%8)
	addr, _ := netip.AddrFromSlice(a)
	return low, netip.PrefixFrom(addr, p.Bits()+1)
}
