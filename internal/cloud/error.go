package cloud

import (
	"errors"
	"fmt"
	"strings"
)

// Kind tells why a question has no answer.
type Kind string

const (
	// NoPermission: the caller is known and may not ask this.
	NoPermission Kind = "no-permission"
	// Throttled: refused for asking too often, also after retries.
	Throttled Kind = "throttled"
	// NotFound: the thing asked about does not exist. Something optional that
	// hangs on it (a log group, a setting) is NoData or NotEnabled instead.
	NotFound Kind = "not-found"
	// NotEnabled: the service or feature that would know is switched off.
	NotEnabled Kind = "not-enabled"
	// NotOffered: the provider has no such thing for a database of this kind.
	NotOffered Kind = "not-offered"
	// NoData: the source exists in principle and has not recorded anything yet.
	NoData Kind = "no-data"
	// NoCredentials: none were found, or the provider does not accept them
	// (unknown, expired, wrong signature).
	NoCredentials Kind = "no-credentials"
	// NotConfigured: it is not known where to ask, as without a region or a
	// project.
	NotConfigured Kind = "not-configured"
	// Unreachable: the provider's endpoint did not answer from here.
	Unreachable Kind = "unreachable"
	// Incomplete: there is more than was read, and what was read is returned.
	Incomplete Kind = "incomplete"
	// OutOfTime: the caller's context ended first.
	OutOfTime Kind = "out-of-time"
	// Other: any other refusal or malfunction of the provider.
	Other Kind = "provider-error"
)

// Error is a question a provider did not answer. Every error an adapter
// returns is one.
type Error struct {
	Action  string // the permission asked with, e.g. "rds:DescribeDBInstances", "cloudsql.instances.get"
	Subject string // what was asked about; "" for the account or project as a whole
	Kind    Kind
	Err     error // the provider's own words; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "asking %s", e.Action)
	if e.Subject != "" {
		fmt.Fprintf(&b, " about %s", e.Subject)
	}
	fmt.Fprintf(&b, ": %s", strings.ReplaceAll(string(e.Kind), "-", " "))
	if e.Err != nil {
		fmt.Fprintf(&b, ": %s", strings.Join(strings.Fields(e.Err.Error()), " "))
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// RanOut reports whether err is of time, or of the right to ask so often, having
// come to its end: answers from before it hold.
func RanOut(err error) bool {
	kind := KindOf(err)
	return kind == OutOfTime || kind == Throttled
}

// Inconclusive returns why nothing can be said of what was asked about, or ""
// where the error itself is the finding: what the stack names does not exist.
func (e *Error) Inconclusive() string {
	if e.Kind == NotFound {
		return ""
	}
	return string(e.Kind)
}

// KindOf returns the Kind of the first Error in err's chain, "" when there is
// none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
