package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"
)

// Phases is where the time of one question went. DNS, Connect and TLS are zero
// on a connection that was kept, DNS also for an address literal.
type Phases struct {
	DNS       time.Duration
	Connect   time.Duration // TCP, including addresses tried in vain
	TLS       time.Duration
	FirstByte time.Duration // from a usable connection to the first byte of the answer
	Body      time.Duration // from then until the body was read
	Total     time.Duration // from the start until the body was read
}

// clock follows one request. The transport dials on goroutines that may outlive
// the request, hence the lock.
type clock struct {
	mu      sync.Mutex
	start   time.Time
	began   time.Time // of the phase under way
	at      Stage
	took    Phases
	sent    int // requests; more than one when HTTP/2 refused a stream
	address string
	reused  bool
}

func startClock() *clock { return &clock{start: time.Now(), at: StageConnect} }

func (c *clock) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:  func(string) { c.enter(StageConnect, nil) },
		DNSStart: func(httptrace.DNSStartInfo) { c.enter(StageResolve, nil) },
		DNSDone: func(i httptrace.DNSDoneInfo) {
			if i.Err == nil {
				c.enter(StageConnect, &c.took.DNS)
			}
		},
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				c.enter(StageConnect, &c.took.Connect)
			}
		},
		TLSHandshakeStart: func() { c.enter(StageTLS, nil) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				c.enter(StageRequest, &c.took.TLS)
			}
		},
		GotConn: c.connected,
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if i.Err == nil {
				c.wrote()
			}
		},
		GotFirstResponseByte: func() { c.enter(StageAnswer, &c.took.FirstByte) },
	})
}

// enter begins the phase at stage, and writes down how long the one before took.
func (c *clock) enter(stage Stage, ended *time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if ended != nil {
		*ended = now.Sub(c.began)
	}
	c.at, c.began = stage, now
}

// wrote changes the stage and lets the phase go on.
func (c *clock) wrote() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = StageAnswer
	c.sent++
}

func (c *clock) connected(info httptrace.GotConnInfo) {
	renew(info.Conn)
	c.enter(StageRequest, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.address, c.reused = info.Conn.RemoteAddr().String(), info.Reused
}

func (c *clock) stage() Stage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// heard says what was heard of the peer until it fell silent.
func (c *clock) heard(silent error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.took.FirstByte > 0:
		return &Unfinished{Err: silent}
	case c.sent > 1:
		return fmt.Errorf("%w; the peer refused the request, which was sent %d times", silent, c.sent)
	}
	return silent
}

func (c *clock) phases() Phases {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, now := c.took, time.Now()
	if p.FirstByte > 0 {
		p.Body = now.Sub(c.began)
	}
	p.Total = now.Sub(c.start)
	return p
}

func (c *clock) connection() (address string, reused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.address, c.reused
}
