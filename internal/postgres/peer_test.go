package postgres

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"

	"runbook/internal/ca"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peer listens, does what serve does with each connection, and then keeps it
// open in silence until the test ends.
func peer(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return l.Addr().String()
}

// say answers a request for TLS with the bytes given.
func say(text string) func(net.Conn) {
	return func(conn net.Conn) {
		io.ReadFull(conn, make([]byte, len(sslRequest)))
		io.WriteString(conn, text)
	}
}

// refuse answers the first message of a session with a verdict.
func refuse(t *testing.T, verdict *pgproto3.ErrorResponse) func(net.Conn) {
	return func(conn net.Conn) {
		backend := pgproto3.NewBackend(conn, conn)
		if _, err := backend.ReceiveStartupMessage(); err != nil {
			return
		}
		backend.Send(verdict)
		assert.NoError(t, backend.Flush())
		conn.Close()
	}
}

// forward joins the connection to the server at address.
func forward(t *testing.T, here net.Conn, address string) {
	there, err := net.Dial("tcp", address)
	if !assert.NoError(t, err) {
		return
	}
	var copying sync.WaitGroup
	copying.Go(func() { io.Copy(there, here); there.Close() })
	copying.Go(func() { io.Copy(here, there); here.Close() })
	copying.Wait()
}

// serveTLS speaks TLS from the first byte.
func serveTLS(t *testing.T, pair ca.Pair) func(net.Conn) {
	t.Helper()
	cert, err := pair.TLS()
	require.NoError(t, err)
	return func(conn net.Conn) {
		tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"postgresql"}}).Handshake()
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}
