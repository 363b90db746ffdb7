package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTCPConnects(t *testing.T) {
	l := listen(t)

	r, err := TCP(t.Context(), l.Addr().String())

	require.NoError(t, err)
	require.Len(t, r.Addresses, 1)
	assert.Positive(t, r.Addresses[0].Connect)
	assert.Equal(t, Loopback, r.Addresses[0].Scope())
	assert.Empty(t, r.Failed())
}

// A name may have several addresses of which only some accept: localhost where
// the listener has IPv4 alone.
func TestTCPTriesEveryAddress(t *testing.T) {
	ips, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", "localhost")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listen(t).Addr().String())
	require.NoError(t, err)

	r, err := TCP(t.Context(), net.JoinHostPort("localhost", port))

	require.NoError(t, err)
	assert.Len(t, r.Addresses, len(ips))
	for _, a := range r.Addresses {
		if a.Addr().Is4() {
			assert.NoError(t, a.Err)
		} else {
			requireStage(t, StageConnect, a.Err)
		}
	}
}

func TestTCPRefused(t *testing.T) {
	address := closedPort(t)

	r, err := TCP(t.Context(), address)

	requireStage(t, StageConnect, err)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.EqualError(t, err, "asking "+address+": connect: connection refused")
	assert.Len(t, r.Failed(), 1)
}

func TestTCPNamesEveryAddressThatFailed(t *testing.T) {
	refused := Address{AddrPort: netip.MustParseAddrPort("10.0.0.1:5432"), Err: &Error{Err: syscall.ECONNREFUSED}}
	silent := Address{AddrPort: netip.MustParseAddrPort("[fd00::1]:5432"), Err: &Error{Err: Silence(5 * time.Second)}}

	all := allOf([]Address{refused, silent})

	assert.EqualError(t, all, "10.0.0.1: connection refused; fd00::1: no answer within 5s")
	assert.ErrorIs(t, all, syscall.ECONNREFUSED)
	assert.ErrorIs(t, all, os.ErrDeadlineExceeded)
}

func TestTCPUnknownName(t *testing.T) {
	_, err := TCP(t.Context(), "no-such-host.invalid:5432")

	requireStage(t, StageResolve, err)
}

func TestTCPSilence(t *testing.T) {
	address := fullListener(t)

	_, err := reach(t.Context(), address, 50*time.Millisecond)

	requireStage(t, StageConnect, err)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.EqualError(t, err, "asking "+address+": connect: no answer within 50ms")
}

func TestTCPEndsWithTheCaller(t *testing.T) {
	budget := errors.New("budget spent")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(budget) })

	_, err := reach(ctx, fullListener(t), time.Hour)

	assert.ErrorIs(t, err, budget)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestTCPRejectsWhatIsNoAddress(t *testing.T) {
	for _, address := range []string{"", "db.example", "db.example:postgres", "db.example:70000", "a:b:c"} {
		_, err := TCP(t.Context(), address)
		requireStage(t, StageResolve, err)
	}
}

func TestDialSaysHowFarItGot(t *testing.T) {
	_, err := Dial(t.Context(), "tcp", closedPort(t))
	requireStage(t, StageConnect, err)

	_, err = Dial(t.Context(), "tcp", "no-such-host.invalid:5432")
	requireStage(t, StageResolve, err)
}

func TestScope(t *testing.T) {
	for ip, want := range map[string]Scope{
		"127.0.0.1": Loopback, "::1": Loopback, "0.0.0.0": Loopback, "::ffff:127.0.0.1": Loopback,
		"10.1.2.3": Private, "172.31.0.1": Private, "192.168.0.1": Private, "::ffff:10.0.0.1": Private,
		"169.254.1.1": Private, "fe80::1": Private, "fd00::1": Private, "100.64.0.1": Private,
		"172.32.0.1": Public, "100.128.0.1": Public, "8.8.8.8": Public, "2001:db8::1": Public,
	} {
		assert.Equal(t, want, ScopeOf(netip.MustParseAddr(ip)), ip)
	}
}

// listen accepts and never answers until the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func closedPort(t *testing.T) string {
	t.Helper()
	l := listen(t)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// fullListener is an address that drops every connection request, as a firewall
// does: its queue holds one connection, which is taken.
func fullListener(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	bound, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	port := uint16(bound.(*syscall.SockaddrInet4).Port)
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String()
	first, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { first.Close() })
	return address
}
