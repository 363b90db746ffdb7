package probe

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// overhead is what one question may read beside the body that is kept: a TLS
// handshake (crypto/tls takes up to 256 KiB), headers, HTTP/2 frames.
const overhead = 512 << 10 // bytes

// excess ends a connection whose peer sends more than this many bytes where
// one answer was due.
type excess int64

func (e excess) Error() string {
	return fmt.Sprintf("the peer sent more than %d KiB, which no answer needs", int64(e)>>10)
}

// meter is a connection from which one question can read so much and no more.
type meter struct {
	net.Conn
	limit int64
	left  atomic.Int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		return 0, excess(m.limit)
	}
	return n, err
}

// renew gives the question that conn now serves the whole of its limit.
func renew(conn net.Conn) {
	for {
		switch c := conn.(type) {
		case *meter:
			c.left.Store(c.limit)
			return
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return
		}
	}
}

// dial connects as the transport would, but to the addresses of Options.Resolve
// where it has some, in their order. It is limited in time by itself, because
// the transport lets it go on after the question has ended.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var addresses []string
	for _, a := range c.options.Resolve[strings.ToLower(address)] {
		addresses = append(addresses, a.String())
	}
	if len(addresses) == 0 {
		addresses = []string{address}
	}
	dialer := net.Dialer{Timeout: c.options.Patience}
	if len(addresses) > 1 {
		dialer.Timeout = min(connectPatience, c.options.Patience/2) // one that is silent leaves time for the next
	}
	var first error
	for _, a := range addresses {
		conn, err := dialer.DialContext(ctx, network, a)
		if err == nil {
			m := &meter{Conn: conn, limit: c.options.Body + overhead}
			m.left.Store(m.limit)
			return m, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// addresses are those under which the client would connect to the host of u.
func (c *Client) addresses(ctx context.Context, u *url.URL) ([]netip.AddrPort, error) {
	address := hostPort(u)
	if pinned := c.options.Resolve[address]; len(pinned) > 0 {
		return pinned, nil
	}
	found, _, err := resolve(ctx, address, connectPatience)
	return found, err
}

// hostPort is the key of u in Options.Resolve.
func hostPort(u *url.URL) string {
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}
