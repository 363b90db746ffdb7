package probe

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
)

// reason takes off the wrappings that only repeat the subject.
func reason(err error) error {
	switch e := err.(type) {
	case *url.Error:
		return reason(e.Err)
	case *os.SyscallError:
		return reason(e.Err)
	case *net.DNSError:
		return nameError{e}
	case *net.OpError:
		return opReason(e)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("connection closed early: %w", err)
	}
	const broken = "net/http: HTTP/1.x transport connection broken: "
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), broken) {
		return reason(inner)
	}
	var flood excess
	if errors.As(err, &flood) {
		return flood
	}
	if hint, ok := http2Errors[err.Error()]; ok {
		return fmt.Errorf("%w: %s", err, hint)
	}
	var spoken tls.RecordHeaderError
	if errors.As(err, &spoken) {
		return noTLS{spoken}
	}
	return err
}

// http2Errors says what net/http's errors about a connection come from; it gives
// them no type and no word more.
var http2Errors = map[string]string{
	"connection error: COMPRESSION_ERROR":  "a header is longer than 64 KiB, or garbled",
	"connection error: PROTOCOL_ERROR":     "frames come in the wrong order, or headers without end",
	"connection error: FLOW_CONTROL_ERROR": "more of the body was sent than was asked for",
}

// noTLS says what the peer spoke where a TLS handshake was due.
type noTLS struct{ tls.RecordHeaderError }

func (e noTLS) Error() string {
	if begin := string(e.RecordHeader[:]); begin != "HTTP/" {
		return fmt.Sprintf("no TLS is spoken, the peer began with %q", begin)
	}
	return "plain HTTP is spoken, want TLS"
}

func (e noTLS) Unwrap() error { return e.RecordHeaderError }

func opReason(e *net.OpError) error {
	switch e.Op {
	case "remote error", "local error": // crypto/tls: who sent the alert
		return e
	case "proxyconnect":
		return fmt.Errorf("proxy: %w", reason(e.Err))
	}
	return reason(e.Err)
}

// nameError says what became of a look-up without repeating the name.
type nameError struct{ *net.DNSError }

func (e nameError) Error() string { return e.Err }

func (e nameError) Unwrap() error { return e.DNSError }
