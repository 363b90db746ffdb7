package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// connectPatience bounds resolving a name, and each connection on its own. Two
// SYN retransmissions (1 s, then 2 s more) fit in it, so one lost packet is not
// taken for a firewall.
const connectPatience = 5 * time.Second

// Reach is how a host answered on one port.
type Reach struct {
	DNS       time.Duration // time to resolve; zero for an address literal
	Addresses []Address     // every address of the host, in the resolver's order
}

// Address is how one address answered.
type Address struct {
	netip.AddrPort
	Connect time.Duration // time until accepted or given up
	Err     error         // nil when it accepted, else an *Error
}

// Scope tells from where the address can be reached.
func (a Address) Scope() Scope { return ScopeOf(a.Addr()) }

// Failed lists the addresses that did not accept.
func (r Reach) Failed() []Address {
	var failed []Address
	for _, a := range r.Addresses {
		if a.Err != nil {
			failed = append(failed, a)
		}
	}
	return failed
}

// TCP resolves address (host:port) and connects to each of its addresses at
// once, closing each connection again. It fails when none accepts; some may
// have failed even when it does not, see [Reach.Failed].
func TCP(ctx context.Context, address string) (Reach, error) {
	return reach(ctx, address, connectPatience)
}

func reach(ctx context.Context, address string, patience time.Duration) (Reach, error) {
	addrs, dns, err := resolve(ctx, address, patience)
	if err != nil {
		return Reach{DNS: dns}, err
	}
	r := Reach{DNS: dns, Addresses: make([]Address, len(addrs))}
	var pending sync.WaitGroup
	for i, a := range addrs {
		pending.Go(func() { r.Addresses[i] = connect(ctx, a, patience) })
	}
	pending.Wait()
	if failed := r.Failed(); len(failed) == len(addrs) {
		return r, &Error{Subject: address, Stage: StageConnect, Err: allOf(failed)}
	}
	return r, nil
}

func resolve(ctx context.Context, address string, patience time.Duration) ([]netip.AddrPort, time.Duration, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, 0, Fail(ctx, "the address", StageResolve, fmt.Errorf("not an address, want HOST:PORT"))
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, 0, Fail(ctx, host, StageResolve, fmt.Errorf("no port number, want 1 to 65535"))
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip, uint16(port))}, 0, nil
	}
	limited, cancel := Limit(ctx, patience)
	defer cancel()
	start := time.Now()
	ips, err := net.DefaultResolver.LookupNetIP(limited, "ip", host)
	took := time.Since(start)
	if err != nil {
		return nil, took, Fail(limited, address, StageResolve, err)
	}
	addrs := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addrs[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return addrs, took, nil
}

func connect(ctx context.Context, a netip.AddrPort, patience time.Duration) Address {
	ctx, cancel := Limit(ctx, patience)
	defer cancel()
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.String())
	result := Address{AddrPort: a, Connect: time.Since(start)}
	if err != nil {
		result.Err = Fail(ctx, a.String(), StageConnect, err)
		return result
	}
	conn.Close()
	return result
}

// allOf says on one line why each address failed.
func allOf(failed []Address) error {
	var all error
	for _, a := range failed {
		why := a.Err.(*Error)
		if len(failed) == 1 {
			return why.Err
		}
		if all == nil {
			all = fmt.Errorf("%s: %w", a.Addr(), why.Err)
		} else {
			all = fmt.Errorf("%w; %s: %w", all, a.Addr(), why.Err)
		}
	}
	return all
}

// Dial connects to address on network ("tcp" or "unix"), giving up after five
// seconds. It fails with an [*Error]; the caller closes the connection.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := Limit(ctx, connectPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, Fail(ctx, address, dialStage(err), err)
	}
	return conn, nil
}

func dialStage(err error) Stage {
	var name *net.DNSError
	if errors.As(err, &name) {
		return StageResolve
	}
	return StageConnect
}
