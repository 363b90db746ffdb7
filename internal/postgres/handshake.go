package postgres

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"runbook/internal/probe"
)

// handshakePatience bounds connecting to a host and its TLS handshake: four
// round trips.
const handshakePatience = 8 * time.Second

// sslRequest asks for TLS before anything else is said:
// https://www.postgresql.org/docs/current/protocol-message-formats.html
var sslRequest = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), 80877103)

// ErrNoTLS is a server's refusal to speak TLS.
var ErrNoTLS = errors.New("the server refuses TLS")

// Handshake is how one host answers TLS, whatever the sslmode asks of it.
type Handshake struct {
	Host Host
	probe.Peer
	Chain error // nil: leads to a trusted root, its dates aside
	Name  error // nil: trusted, and made out to this host
}

// Handshake shakes hands with every host at once, without credentials. It
// returns the hosts that spoke TLS, in order, and an error for those that did
// not, at the stage of the one that got furthest.
func (t *Target) Handshake(ctx context.Context) ([]Handshake, error) {
	made := make([]Handshake, len(t.servers))
	failed := make([]*probe.Error, len(t.servers))
	var pending sync.WaitGroup
	for i, s := range t.servers {
		pending.Go(func() { made[i], failed[i] = t.handshake(ctx, s) })
	}
	pending.Wait()
	return t.sort(made, failed)
}

func (t *Target) sort(made []Handshake, failed []*probe.Error) ([]Handshake, error) {
	var good []Handshake
	var bad []*probe.Error
	for i := range made {
		if failed[i] == nil {
			good = append(good, made[i])
		} else {
			bad = append(bad, failed[i])
		}
	}
	if bad == nil {
		return good, nil
	}
	return good, furthest(t.subject(), bad)
}

func (t *Target) handshake(ctx context.Context, s server) (Handshake, *probe.Error) {
	ctx, cancel := probe.Limit(ctx, handshakePatience)
	defer cancel()
	peer, err := t.peer(ctx, s)
	if err != nil {
		return Handshake{}, probe.Fail(ctx, s.String(), probe.StageTLS, err)
	}
	return Handshake{
		Host:  s.Host,
		Peer:  peer,
		Chain: peer.Certificate.Trust("", t.roots),
		Name:  peer.Certificate.Trust(s.Name, t.roots),
	}, nil
}

func (t *Target) peer(ctx context.Context, s server) (probe.Peer, error) {
	if s.Socket() {
		return probe.Peer{}, errors.New("a unix socket, which carries no TLS")
	}
	conn, err := probe.Dial(ctx, "tcp", s.String())
	if err != nil {
		return probe.Peer{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if !t.direct {
		if err := requestTLS(conn); err != nil {
			return probe.Peer{}, err
		}
	}
	return probe.Handshake(ctx, conn, s.String(), s.tlsConfig())
}

// tlsConfig is that of the host's secure way, for its client certificate.
func (s server) tlsConfig() *tls.Config {
	for _, way := range s.ways {
		if way.TLSConfig != nil {
			return way.TLSConfig
		}
	}
	return &tls.Config{ServerName: s.Name}
}

func requestTLS(conn net.Conn) error {
	if _, err := conn.Write(sslRequest); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	switch answer[0] {
	case 'S':
		return nil
	case 'N':
		return ErrNoTLS
	case 'E':
		return errors.New("the server answers a request for TLS with an error")
	}
	return fmt.Errorf("answers %q to a request for TLS, want 'S' or 'N': no PostgreSQL", answer[0])
}
