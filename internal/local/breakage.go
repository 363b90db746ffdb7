package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"runbook/internal/ca"
	"runbook/internal/fake"
)

// unanswered is how long a connection on loopback, which takes microseconds,
// may take before its packets count as dropped.
const unanswered = 500 * time.Millisecond

// usurp stops the server and puts on its port a listener that nobody serves:
// the kernel completes connections, as many as fit its queue.
func (s *Stack) usurp() (*net.TCPListener, error) {
	if err := s.database.Halt(); err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(address), Port: s.database.Port})
	if err != nil {
		return nil, err
	}
	s.releases = append(s.releases, listener.Close)
	return listener, nil
}

func silenceDatabase(_ context.Context, s *Stack) error {
	_, err := s.usurp()
	return err
}

// filterDatabasePort makes the queue as short as it can be and fills it: from
// then on the kernel drops who else asks for a connection.
func filterDatabasePort(ctx context.Context, s *Stack) error {
	listener, err := s.usurp()
	if err != nil {
		return err
	}
	raw, err := listener.SyscallConn()
	if err != nil {
		return err
	}
	var shortened error
	if err := raw.Control(func(fd uintptr) { shortened = syscall.Listen(int(fd), 0) }); err != nil || shortened != nil {
		return errors.Join(err, shortened)
	}
	dialer := net.Dialer{Timeout: unanswered}
	for {
		conn, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		s.releases = append(s.releases, conn.Close)
	}
}

func rotatePassword(ctx context.Context, s *Stack) error {
	return s.database.Exec(ctx, "postgres", "ALTER ROLE "+appRole+" PASSWORD '"+rand.Text()+"'")
}

func databasePresents(host string, lasts time.Duration) func(context.Context, *Stack) error {
	return func(ctx context.Context, s *Stack) error {
		pair, err := s.databaseCA.Issue(lasting(lasts, host))
		if err != nil {
			return err
		}
		return s.database.SetCertificate(ctx, pair)
	}
}

func changeDatabaseAuthority(ctx context.Context, s *Stack) error {
	stranger, err := ca.New("another database authority")
	if err != nil {
		return err
	}
	pair, err := stranger.Issue(ca.Request{Hosts: []string{address}})
	if err != nil {
		return err
	}
	return s.database.SetCertificate(ctx, pair)
}

func apiPresents(lasts time.Duration, hosts ...string) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		pair, err := s.apiCA.Issue(lasting(lasts, hosts...))
		if err != nil {
			return err
		}
		certificate, err := pair.TLS()
		if err != nil {
			return fmt.Errorf("reading the certificate issued: %w", err)
		}
		s.api.Present(certificate)
		return nil
	}
}

func apiBehaves(behaviour fake.Behaviour) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		s.api.Behave(behaviour)
		return nil
	}
}

func apiShares(policy fake.Policy) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		s.api.Share(policy)
		return nil
	}
}

// apiSpeaks has a peer answer under the API's TLS to clients of one protocol, or in the
// place of TLS without one.
func apiSpeaks(protocol string, peer fake.Peer) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		if protocol == "" {
			s.api.Speak(peer)
		} else {
			s.api.Speak(s.api.Under(protocol, peer))
		}
		return nil
	}
}

// lasting asks for a certificate that ends so long from now and began 90 days
// before its end.
func lasting(lasts time.Duration, hosts ...string) ca.Request {
	end := time.Now().Add(lasts)
	return ca.Request{Hosts: hosts, NotBefore: end.Add(-90 * day), NotAfter: end}
}
