package probe

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
)

// ErrProxied is the answer to a question about addresses that only a proxy
// sees.
var ErrProxied = errors.New("a proxy stands between and resolves the name itself")

// Reply is what one address of a host answered.
type Reply struct {
	netip.AddrPort
	Answer Answer
	Err    error // nil when it answered, else an *Error
}

// AskEach puts r to every address of its host at the same time, each over a
// connection of its own and under the host's own name (SNI, Host). Replies come
// in the resolver's order. It fails when the name has no address, and with
// [ErrProxied] where a proxy would be asked.
func (c *Client) AskEach(ctx context.Context, r Request) ([]Reply, error) {
	req, err := r.build(ctx)
	if err != nil {
		return nil, err
	}
	if proxy, err := c.options.Proxy(req); err != nil || proxy != nil {
		return nil, &Error{Subject: subject(req.URL), Stage: StageConnect, Err: ErrProxied}
	}
	addresses, err := c.addresses(ctx, req.URL)
	if err != nil {
		return nil, err
	}
	replies := make([]Reply, len(addresses))
	var pending sync.WaitGroup
	for i, a := range addresses {
		pending.Go(func() {
			only := c.pinned(hostPort(req.URL), a)
			defer only.Close()
			answer, err := only.Ask(ctx, r)
			replies[i] = Reply{a, answer, err}
		})
	}
	pending.Wait()
	return replies, nil
}

// pinned is the client for which host, a host:port, has one address only.
func (c *Client) pinned(host string, a netip.AddrPort) *Client {
	o := c.options
	o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	o.Resolve = maps.Clone(o.Resolve)
	if o.Resolve == nil {
		o.Resolve = map[string][]netip.AddrPort{}
	}
	o.Resolve[host] = []netip.AddrPort{a}
	return NewClient(o)
}
