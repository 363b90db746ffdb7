package fake

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// At restricts a behaviour to requests that come in on this address of the API.
func At(ip string, b Behaviour) Behaviour {
	return only(b, func(r *http.Request) bool {
		here := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		return here.IP.String() == ip
	})
}

// To restricts a behaviour to requests with this method.
func To(method string, b Behaviour) Behaviour {
	return only(b, func(r *http.Request) bool { return r.Method == method })
}

// Every restricts a behaviour to one request in n.
func Every(n int64, b Behaviour) Behaviour {
	var asked atomic.Int64
	return only(b, func(*http.Request) bool { return asked.Add(1)%n == 0 })
}

func only(b Behaviour, concerns func(*http.Request) bool) Behaviour {
	return func(next http.Handler) http.Handler {
		there := b(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if concerns(r) {
				there.ServeHTTP(w, r)
			} else {
				next.ServeHTTP(w, r)
			}
		})
	}
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
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler) // or an empty 200 overtakes the end of the client
			}
			next.ServeHTTP(w, r)
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

// Refusing answers everything as a gateway or load balancer does in the place of
// the code behind it: with this status, its headers and its body.
func Refusing(status int, header map[string]string, body string) Behaviour {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
}

// Redirecting sends every client where it already is.
func Redirecting() Behaviour {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
		})
	}
}

// Bombing answers 200 with a gigabyte of zeros, packed into a megabyte that
// nobody asked to be packed.
func Bombing() Behaviour {
	var member bytes.Buffer
	packer := gzip.NewWriter(&member)
	packer.Write(make([]byte, 1<<20))
	packer.Close()
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bytes.Repeat(member.Bytes(), 1<<10))
		})
	}
}

// Swelling answers 200 with a header of this many bytes.
func Swelling(size int) Behaviour {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", size))
			next.ServeHTTP(w, r)
		})
	}
}

// Unending answers 200 with a body that never ends.
func Unending() Behaviour {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			block := make([]byte, 32<<10)
			for {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		})
	}
}

// Dripping answers 200 with a body of which a byte comes each second.
func Dripping() Behaviour {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for {
				io.WriteString(w, " ")
				http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(time.Second):
				}
			}
		})
	}
}
