package probe

import "net/netip"

// Scope is from where an address can be reached at all. A timeout towards a
// private address says nothing about the peer unless the one who asks is
// inside its network.
type Scope string

// The scopes of an address.
const (
	Loopback Scope = "loopback" // this machine
	Private  Scope = "private"  // RFC 1918, RFC 4193, link-local, carrier-grade NAT (RFC 6598)
	Public   Scope = "public"   // everything else
)

var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// ScopeOf tells the scope of an address. The unspecified address counts as
// loopback, because connecting to it stays on this machine.
func ScopeOf(a netip.Addr) Scope {
	a = a.Unmap()
	switch {
	case a.IsLoopback(), a.IsUnspecified():
		return Loopback
	case a.IsPrivate(), a.IsLinkLocalUnicast(), carrierNAT.Contains(a):
		return Private
	}
	return Public
}
