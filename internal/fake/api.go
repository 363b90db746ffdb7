// Package fake is what the local stack is made of beside its database: servers
// on loopback that answer as the deployed ones do, at wire level, until they
// are told to behave otherwise. Nobody who asks them can tell by the protocol
// that they are stand-ins; none of them keeps anything or checks who asks.
package fake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// API is an HTTPS API: /health answers 200 with {"status":"ok"}, every other
// path 404, and pages of one origin may call it from a browser. Its methods may
// be called while it serves, from any goroutine.
type API struct {
	listeners   []net.Listener
	server      http.Server
	certificate atomic.Pointer[tls.Certificate]
	handler     atomic.Pointer[http.Handler]
	policy      atomic.Pointer[Policy]
	peer        atomic.Pointer[Peer]
	ended       context.Context
	end         context.CancelFunc
}

// Behaviour is how an API departs from its good day, around the handler that
// would have answered.
type Behaviour func(http.Handler) http.Handler

// StartAPI serves on a free port of 127.0.0.1, and on the same port of 127.0.0.2
// and 127.0.0.3 where the machine has these addresses. The caller ends it with
// Close.
func StartAPI(certificate tls.Certificate) (*API, error) {
	listeners, err := listen()
	if err != nil {
		return nil, fmt.Errorf("starting the API: %w", err)
	}
	a := &API{listeners: listeners}
	a.ended, a.end = context.WithCancel(context.Background())
	a.Present(certificate)
	a.Share(AllowOrigin(""))
	a.Behave()
	a.server = http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*a.handler.Load()).ServeHTTP(w, r) }),
		TLSConfig:         a.config("h2", "http/1.1"),
		ReadHeaderTimeout: 10 * time.Second,
		// What clients make of a bad certificate is theirs to report.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	for _, l := range listeners {
		go a.server.ServeTLS(&interceptor{l, a}, "", "")
	}
	return a, nil
}

func listen() ([]net.Listener, error) {
	first, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	listeners := []net.Listener{first}
	_, port, _ := net.SplitHostPort(first.Addr().String())
	for _, more := range []string{"127.0.0.2", "127.0.0.3"} {
		if l, err := net.Listen("tcp4", net.JoinHostPort(more, port)); err == nil {
			listeners = append(listeners, l)
		}
	}
	return listeners, nil
}

func (a *API) config(protocols ...string) *tls.Config {
	return &tls.Config{
		NextProtos:     protocols,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.certificate.Load(), nil },
	}
}

// URL is where the API is, without a path.
func (a *API) URL() string {
	return "https://" + a.listeners[0].Addr().String()
}

// Addresses are all that the API has, the one of URL first.
func (a *API) Addresses() []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, l := range a.listeners {
		addresses = append(addresses, l.Addr().(*net.TCPAddr).AddrPort())
	}
	return addresses
}

// Present changes the certificate that new connections see.
func (a *API) Present(certificate tls.Certificate) {
	a.certificate.Store(&certificate)
}

// Behave puts these behaviours around the API, the first outermost, in place
// of all earlier ones. Without any it is a good day again.
func (a *API) Behave(behaviours ...Behaviour) {
	handler := a.sharing(routes())
	for i := len(behaviours) - 1; i >= 0; i-- {
		handler = behaviours[i](handler)
	}
	a.handler.Store(&handler)
}

// Close ends the API and all its connections; its port then refuses.
func (a *API) Close() error {
	a.end()
	err := a.server.Close()
	for _, l := range a.listeners {
		// Closed before ServeTLS took the listener over, the server does not know it.
		if lost := l.Close(); !errors.Is(lost, net.ErrClosed) {
			err = errors.Join(err, lost)
		}
	}
	return err
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"ok"}`)
	})
	return mux
}
