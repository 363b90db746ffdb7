package probe

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Bounds of what one question may cost, whoever is asked. What is allocated counts
// the peers of these tests in, and garbage.
const (
	mostRead      = bodyLimit + overhead + 64<<10 // bytes: the limit and one read more
	mostAllocated = 16 << 20                      // bytes
)

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

// hostile is a peer of which only nonsense can be expected. It is handed a
// connection on which the request has been read, but for the peers named raw.
type hostile struct {
	answer func(net.Conn)
	want   Stage  // "" where there is an answer all the same
	text   string // of the error
	status int
}

var hostileHTTP1 = map[string]hostile{
	"endless body":       {endlessly(head+"\r\n", "x"), "", "", 200},
	"endless chunks":     {endlessly(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), "", "", 200},
	"endless header":     {endlessly(head+"X-Long: ", "x"), StageAnswer, "headers exceeded 65536 bytes", 0},
	"endless headers":    {endlessly(head, "X-Many: y\r\n"), StageAnswer, "headers exceeded 65536 bytes", 0},
	"endless interim":    {endlessly("", "HTTP/1.1 103 Early Hints\r\n\r\n"), StageAnswer, "headers exceeded 65536 bytes", 0},
	"endless trailers":   {endlessly(head+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-Many: y\r\n"), StageAnswer, "status 200 and 0 bytes of the body, then: ", 200},
	"dripping body":      {dripping(head + "Content-Length: 1000000\r\n\r\n"), StageAnswer, "bytes of the body, then: not whole within 300ms", 200},
	"dripping header":    {dripping("HTTP/1.1 200 OK\r\nX: "), StageAnswer, "the answer began, then: not whole within 300ms", 0},
	"reset":              {resetting(""), StageAnswer, "connection reset by peer", 0},
	"reset after header": {resetting(head + "Content-Length: 10\r\n\r\nhalf"), StageAnswer, "of the body, then: connection reset by peer", 200},
	"closed in a header": {saying("HTTP/1.1 200 OK\r\nX-Ha"), StageAnswer, "malformed MIME header", 0},
	"another protocol":   {saying("220 mail.example ESMTP\r\n"), StageAnswer, "malformed HTTP", 0},
	"two lengths":        {saying(head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy"), StageAnswer, "Content-Length", 0},
	"switched protocol":  {saying("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), "", "", 101},
}

func TestHostilePeersOverHTTP1(t *testing.T) {
	for name, peer := range hostileHTTP1 {
		t.Run(name, func(t *testing.T) {
			address := peers(t, nil, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					peer.answer(conn)
				}
			})
			survive(t, Options{}, "http://"+address, peer)
		})
	}
}

var hostileTLS = map[string]hostile{
	"garbage":            {saying("SSH-2.0-OpenSSH_9.6\r\n"), StageTLS, `no TLS is spoken, the peer began with "SSH-2"`, 0},
	"plain HTTP":         {saying("HTTP/1.1 400 Bad Request\r\n\r\n"), StageTLS, "plain HTTP is spoken, want TLS", 0},
	"endless garbage":    {endlessly("", "\x00\x01\x02"), StageTLS, "no TLS is spoken", 0},
	"endless records":    {endlessly("", "\x16\x03\x03\x00\x04\x02\x00\xff\xff"), StageTLS, "", 0},
	"dripping handshake": {dripping("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"), StageTLS, "no answer within 300ms", 0},
	"reset":              {resetting(""), StageTLS, "connection reset by peer", 0},
	"reset half way":     {resetting("\x16\x03\x03\x00\x30\x02"), StageTLS, "connection reset by peer", 0},
	"closed":             {saying(""), StageTLS, "connection closed early", 0},
	"silent":             {func(conn net.Conn) { io.Copy(io.Discard, conn) }, StageTLS, "no answer within 300ms", 0},
	"fatal alert":        {saying("\x15\x03\x03\x00\x02\x02\x70"), StageTLS, "unrecognized name", 0},
}

func TestHostilePeersUnderTLS(t *testing.T) {
	for name, peer := range hostileTLS {
		t.Run(name, func(t *testing.T) {
			address := peers(t, nil, func(conn net.Conn) {
				conn.Read(make([]byte, 4<<10)) // the ClientHello
				peer.answer(conn)
			})
			survive(t, Options{}, "https://"+address, peer)

			_, err := direct(t, Options{Patience: brief}).Peer(t.Context(), "https://"+address)
			requireStage(t, peer.want, err)
			assert.ErrorContains(t, err, peer.text)
		})
	}
}

// Frames of HTTP/2 by type, and headers that HPACK's static table has whole.
const (
	frameData, frameHeaders, frameReset, frameSettings, framePing, frameGoAway, frameContinuation = 0, 1, 3, 4, 6, 7, 9

	endStream, endHeaders = 0x1, 0x4

	ok    = "\x88"                  // :status 200
	early = "\x08\x03103"           // :status 103
	field = "\x00\x01x\x7f\x81\x7f" // x: and 256 bytes of value
)

var hostileHTTP2 = map[string]hostile{
	"endless body":     {endlessly(frame(frameHeaders, endHeaders, 1, ok), frame(frameData, 0, 1, strings.Repeat("x", 1<<10))), "", "", 200},
	"endless padding":  {endlessly(frame(frameHeaders, endHeaders, 1, ok), frame(frameData, 0x8, 1, "\xff"+strings.Repeat("\x00", 255))), StageAnswer, "status 200 and 0 bytes of the body, then: ", 200},
	"empty frames":     {endlessly(frame(frameHeaders, endHeaders, 1, ok), frame(frameData, 0, 1, "")), StageAnswer, "the peer sent more than 576 KiB", 200},
	"settings flood":   {endlessly("", frame(frameSettings, 0, 0, "")), StageAnswer, "the peer sent more than 576 KiB", 0},
	"ping flood":       {endlessly("", frame(framePing, 0, 0, "12345678")), StageAnswer, "the peer sent more than 576 KiB", 0},
	"endless header":   {endlessly(frame(frameHeaders, 0, 1, ok), frame(frameContinuation, 0, 1, field+strings.Repeat("y", 256))), StageAnswer, "PROTOCOL_ERROR: frames come in the wrong order, or headers without end", 0},
	"long header":      {saying(frame(frameHeaders, 0, 1, ok+"\x00\x01x\x7f\x81\xff\x7f") + strings.Repeat(frame(frameContinuation, 0, 1, strings.Repeat("y", 1<<13)), 16)), StageAnswer, "COMPRESSION_ERROR: a header is longer than 64 KiB, or garbled", 0},
	"endless interim":  {endlessly("", frame(frameHeaders, endHeaders, 1, early)), StageAnswer, "header list too large", 0},
	"dripping body":    {dripping(frame(frameHeaders, endHeaders, 1, ok) + "\x00\x40\x00\x00\x00\x00\x00\x00\x01"), StageAnswer, "bytes of the body, then: not whole within 300ms", 200},
	"going away":       {saying(frame(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x0bcalm down")), StageAnswer, `GOAWAY and closed the connection; LastStreamID=1, ErrCode=ENHANCE_YOUR_CALM, debug="calm down"`, 0},
	"stream reset":     {staying(frame(frameReset, 0, 1, "\x00\x00\x00\x02")), StageAnswer, "stream error: stream ID 1; INTERNAL_ERROR; received from peer", 0},
	"reset in a body":  {staying(frame(frameHeaders, endHeaders, 1, ok) + frame(frameData, 0, 1, "half") + frame(frameReset, 0, 1, "\x00\x00\x00\x02")), StageAnswer, "status 200 and 4 bytes of the body, then: stream error", 200},
	"stream refused":   {staying(frame(frameReset, 0, 1, "\x00\x00\x00\x07") + frame(frameReset, 0, 3, "\x00\x00\x00\x07")), StageAnswer, "no answer within 300ms; the peer refused the request, which was sent ", 0},
	"no settings":      {staying(frame(frameData, 0, 9, "x")), StageAnswer, "PROTOCOL_ERROR", 0},
	"connection reset": {resetting(""), StageAnswer, "connection ", 0},
	"HTTP/1 instead":   {saying(head + "\r\n"), StageAnswer, "looked like an HTTP/1.1 header", 0},
}

func TestHostilePeersOverHTTP2(t *testing.T) {
	ours := newAuthority(t)
	config := &tls.Config{
		Certificates: []tls.Certificate{ours.leaf(t, "127.0.0.1", day, 90*day)},
		NextProtos:   []string{"h2"},
	}
	for name, peer := range hostileHTTP2 {
		t.Run(name, func(t *testing.T) {
			address := peers(t, config, func(conn net.Conn) {
				if name != "no settings" {
					io.WriteString(conn, frame(frameSettings, 0, 0, ""))
				}
				if readHTTP2Request(conn) == nil {
					go io.Copy(io.Discard, conn) // a peer that stops reading resets what it wrote
					peer.answer(conn)
				}
			})
			survive(t, Options{Roots: ours.pool()}, "https://"+address, peer)
		})
	}
}

// A bomb stays packed: nobody asked for it, and nobody opens it.
func TestHTTPOpensNoGzipBomb(t *testing.T) {
	var zeros bytes.Buffer
	packer := gzip.NewWriter(&zeros)
	packer.Write(make([]byte, 1<<20))
	require.NoError(t, packer.Close())
	bomb := bytes.Repeat(zeros.Bytes(), 50) // gzip members follow each other
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb)
	})
	before := allocated()

	a, err := direct(t, Options{}).Ask(t.Context(), Request{URL: server.URL})

	require.NoError(t, err)
	assert.Less(t, allocated()-before, uint64(mostAllocated))
	assert.True(t, bytes.HasPrefix(a.Body, []byte("\x1f\x8b")), "the body is as it was sent")
}

// The transport goes on with a handshake after the question has ended, so it
// must end by itself or with the client.
func TestASilentPeerIsLeftAlone(t *testing.T) {
	var left atomic.Int32
	address := peers(t, nil, func(conn net.Conn) {
		io.Copy(io.Discard, conn)
		left.Add(1)
	})
	asked := direct(t, Options{Patience: brief})
	closed := direct(t, Options{Patience: time.Hour})

	_, err := asked.Ask(t.Context(), Request{URL: "https://" + address})
	requireStage(t, StageTLS, err)
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	_, err = closed.Ask(ctx, Request{URL: "https://" + address})
	requireStage(t, StageTLS, err)
	_, err = asked.Peer(t.Context(), "https://"+address)
	requireStage(t, StageTLS, err)
	closed.Close()

	assert.Eventually(t, func() bool { return left.Load() == 3 }, 20*time.Second, 10*time.Millisecond, "a connection is still open")
}

// What was read for one question is not held against the next on the same
// connection.
func TestAQuestionStartsWithItsWholeLimit(t *testing.T) {
	for _, secure := range []bool{false, true} {
		ours := newAuthority(t)
		large := func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 600<<10)) }
		server := serve(t, large)
		if secure {
			server = serveTLS(t, ours.leaf(t, "127.0.0.1", day, 90*day), large)
		}
		client := direct(t, Options{Roots: ours.pool(), Body: 600 << 10})

		for i := range 4 {
			a, err := client.Ask(t.Context(), Request{URL: server.URL})
			require.NoError(t, err)
			assert.Len(t, a.Body, 600<<10)
			assert.Equal(t, i > 0, a.Reused)
		}
	}
}

// brief is what a peer that never ends is given in these tests.
const brief = 300 * time.Millisecond

// survive asks a hostile peer and holds the question to its bounds.
func survive(t *testing.T, o Options, address string, peer hostile) {
	t.Helper()
	o.Patience = 30 * time.Second
	if strings.Contains(peer.text, brief.String()) {
		o.Patience = brief
	}
	client := direct(t, o)
	var read atomic.Int64
	dial := client.transport.DialContext
	client.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return counted{conn, &read}, err
	}
	before := allocated()

	a, err := client.Ask(t.Context(), Request{URL: address})

	assert.Less(t, read.Load(), int64(mostRead))
	assert.Less(t, allocated()-before, uint64(mostAllocated))
	assert.LessOrEqual(t, len(a.Body), bodyLimit)
	assert.Equal(t, peer.status, a.Status)
	if peer.want == "" {
		assert.NoError(t, err)
		return
	}
	t.Log(err)
	failed := requireStage(t, peer.want, err)
	assert.ErrorContains(t, failed, peer.text)
	assert.Less(t, len(err.Error()), 400, "an error is one line")
	assert.Equal(t, o.Patience == brief, errors.Is(err, os.ErrDeadlineExceeded))
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// counted counts what is read from a connection.
type counted struct {
	net.Conn
	read *atomic.Int64
}

func (c counted) NetConn() net.Conn { return c.Conn }

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// peers serves each connection by this peer, over TLS if there is a config.
func peers(t *testing.T, config *tls.Config, serve func(net.Conn)) (address string) {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			go func() {
				defer conn.Close()
				if config != nil {
					serve(tls.Server(conn, config))
				} else {
					serve(conn)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func saying(text string) func(net.Conn) {
	return func(conn net.Conn) { io.WriteString(conn, text) }
}

// staying says it and then nothing more.
func staying(text string) func(net.Conn) {
	return func(conn net.Conn) {
		io.WriteString(conn, text)
		io.Copy(io.Discard, conn)
	}
}

func resetting(text string) func(net.Conn) {
	return func(conn net.Conn) {
		io.WriteString(conn, text)
		if secure, ok := conn.(*tls.Conn); ok {
			conn = secure.NetConn()
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

// endlessly says begin, and then again and again as fast as it is read.
func endlessly(begin, again string) func(net.Conn) {
	return func(conn net.Conn) {
		block := strings.Repeat(again, 1+16<<10/len(again))
		for _, err := io.WriteString(conn, begin); err == nil; {
			_, err = io.WriteString(conn, block)
		}
	}
}

// dripping says begin, and then one byte at a time.
func dripping(begin string) func(net.Conn) {
	return func(conn net.Conn) {
		for _, err := io.WriteString(conn, begin); err == nil; {
			time.Sleep(5 * time.Millisecond) // slowness is the point
			_, err = io.WriteString(conn, "x")
		}
	}
}

func frame(kind, flags byte, stream uint32, payload string) string {
	header := make([]byte, 9)
	binary.BigEndian.PutUint32(header, uint32(len(payload))<<8)
	header[3], header[4] = kind, flags
	binary.BigEndian.PutUint32(header[5:], stream)
	return string(header) + payload
}

// readHTTP2Request reads up to the first HEADERS frame.
func readHTTP2Request(conn net.Conn) error {
	const preface = 24 // bytes
	if _, err := io.CopyN(io.Discard, conn, preface); err != nil {
		return err
	}
	header := make([]byte, 9)
	for {
		if _, err := io.ReadFull(conn, header); err != nil {
			return err
		}
		length := int64(binary.BigEndian.Uint32(header) >> 8)
		if _, err := io.CopyN(io.Discard, conn, length); err != nil || header[3] == frameHeaders {
			return err
		}
	}
}
