package stack

import (
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// resolve is an entry of curl's --resolve; IPv6 stands in brackets or not.
var resolve = regexp.MustCompile(`^(\[[^\]]+\]|[^:,]+):(\d+):(.+)$`)

// Addresses returns a setting in the form of curl's --resolve: addresses by
// host:port, the host in lower case. It is empty where the setting is.
func (s *Stack) Addresses(name string) map[string][]netip.AddrPort {
	addresses, err := parseResolve(s.Setting(name))
	if err != nil {
		panic("stack: " + name + " does not hold addresses")
	}
	return addresses
}

func isResolve(value string) bool {
	_, err := parseResolve(value)
	return err == nil
}

func parseResolve(value string) (map[string][]netip.AddrPort, error) {
	if value == "" {
		return nil, nil
	}
	m := resolve.FindStringSubmatch(value)
	if m == nil {
		return nil, errors.New("no HOST:PORT:ADDRESS")
	}
	port, err := strconv.ParseUint(m[2], 10, 16)
	if err != nil {
		return nil, err
	}
	var addresses []netip.AddrPort
	for _, text := range split(m[3]) {
		a, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, netip.AddrPortFrom(a, uint16(port)))
	}
	if len(addresses) == 0 {
		return nil, errors.New("no ADDRESS")
	}
	host := strings.ToLower(strings.Trim(m[1], "[]"))
	return map[string][]netip.AddrPort{net.JoinHostPort(host, m[2]): addresses}, nil
}
