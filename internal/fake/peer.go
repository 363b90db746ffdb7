package fake

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"
)

// Peer is who answers a connection in the API's place. It returns when the
// connection may be closed, which it is also when the API ends.
type Peer func(net.Conn)

// Speak has a peer answer new connections, in the place of TLS and all above it.
func (a *API) Speak(p Peer) { a.peer.Store(&p) }

// Under puts the API's own TLS below a peer, for clients of one protocol: "h2"
// or "http/1.1".
func (a *API) Under(protocol string, p Peer) Peer {
	return func(conn net.Conn) { p(tls.Server(conn, a.config(protocol))) }
}

// interceptor hands connections to the API's peer while it has one.
type interceptor struct {
	net.Listener
	api *API
}

func (i *interceptor) Accept() (net.Conn, error) {
	for {
		conn, err := i.Listener.Accept()
		peer := i.api.peer.Load()
		if err != nil || peer == nil {
			return conn, err
		}
		go func() {
			defer context.AfterFunc(i.api.ended, func() { conn.Close() })()
			defer conn.Close()
			(*peer)(conn)
		}()
	}
}

// request is enough of a client's first words to answer them.
func request(conn net.Conn) bool {
	_, err := conn.Read(make([]byte, 16<<10))
	return err == nil
}

// Silence listens and never answers.
func Silence(conn net.Conn) { io.Copy(io.Discard, conn) }

// Say answers with this text, whatever is asked.
func Say(text string) Peer {
	return func(conn net.Conn) {
		if request(conn) {
			io.WriteString(conn, text)
		}
	}
}

// SayAndReset answers with this text and resets the connection.
func SayAndReset(text string) Peer {
	return func(conn net.Conn) {
		Say(text)(conn)
		if secured, ok := conn.(*tls.Conn); ok {
			conn = secured.NetConn()
		}
		conn.(*net.TCPConn).SetLinger(0)
	}
}

// SayForEver begins an answer and repeats its end as fast as it is read.
func SayForEver(begin, again string) Peer {
	return func(conn net.Conn) {
		if !request(conn) {
			return
		}
		go io.Copy(io.Discard, conn)
		block := strings.Repeat(again, 1+16<<10/len(again))
		for _, err := io.WriteString(conn, begin); err == nil; {
			_, err = io.WriteString(conn, block)
		}
	}
}

// Drip begins an answer and adds a byte each second.
func Drip(begin string) Peer {
	return func(conn net.Conn) {
		if !request(conn) {
			return
		}
		for _, err := io.WriteString(conn, begin); err == nil; {
			time.Sleep(time.Second)
			_, err = io.WriteString(conn, "x")
		}
	}
}

// SETTINGS and GOAWAY frames of HTTP/2 (RFC 9113, 6.5 and 6.8); the latter
// says ENHANCE_YOUR_CALM, and that no request was looked at.
const (
	settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	goAway   = "\x00\x00\x08\x07\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x0b"
)

// GoAway is an HTTP/2 server that wants to be left alone.
func GoAway(conn net.Conn) {
	if request(conn) {
		io.WriteString(conn, settings+goAway)
		io.Copy(io.Discard, conn)
	}
}

// Fidget is an HTTP/2 server that changes its settings and does nothing else.
func Fidget(conn net.Conn) { SayForEver(settings, settings)(conn) }
