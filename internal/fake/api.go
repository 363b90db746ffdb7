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
	"sync/atomic"
	"time"
)

// API is an HTTPS API: /health answers 200 with {"status":"ok"}, every other
// path 404. Its methods may be called while it serves, from any goroutine.
type API struct {
	listener    net.Listener
	server      http.Server
	certificate atomic.Pointer[tls.Certificate]
	handler     atomic.Pointer[http.Handler]
}

// Behaviour is how an API departs from its good day, around the handler that
// would have answered.
type Behaviour func(http.Handler) http.Handler

// StartAPI serves on a free loopback port. The caller ends it with Close.
func StartAPI(certificate tls.Certificate) (*API, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the API: %w", err)
	}
	a := &API{listener: listener}
	a.Present(certificate)
	a.Behave()
	a.server = http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*a.handler.Load()).ServeHTTP(w, r) }),
		TLSConfig: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return a.certificate.Load(), nil
		}},
		ReadHeaderTimeout: 10 * time.Second,
		// What clients make of a bad certificate is theirs to report.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go a.server.ServeTLS(listener, "", "")
	return a, nil
}

// URL is where the API is, without a path.
func (a *API) URL() string {
	return "https://" + a.listener.Addr().String()
}

// Present changes the certificate that new connections see.
func (a *API) Present(certificate tls.Certificate) {
	a.certificate.Store(&certificate)
}

// Behave puts these behaviours around the API, the first outermost, in place
// of all earlier ones. Without any it is a good day again.
func (a *API) Behave(behaviours ...Behaviour) {
	handler := routes()
	for i := len(behaviours) - 1; i >= 0; i-- {
		handler = behaviours[i](handler)
	}
	a.handler.Store(&handler)
}

// Close ends the API and all its connections; its port then refuses.
func (a *API) Close() error {
	err := a.server.Close()
	// Closed before ServeTLS took the listener over, the server does not know it.
	if lost := a.listener.Close(); !errors.Is(lost, net.ErrClosed) {
		err = errors.Join(err, lost)
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

// Failing answers everything with this status.
func Failing(status int) Behaviour {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, http.StatusText(status), status)
		})
	}
}

// Delayed waits before the first byte, or until the client goes away.
func Delayed(by time.Duration) Behaviour {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wait, cancel := context.WithTimeout(r.Context(), by)
			defer cancel()
			<-wait.Done()
			if r.Context().Err() == nil {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// CutOff answers 200, promises a body and ends the connection within it.
func CutOff() Behaviour {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "15")
			io.WriteString(w, `{"stat`)
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
	}
}
