package local

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"runbook/internal/fake"
)

// Fault is one way in which the stack really breaks, and what the pages must
// make of it.
type Fault struct {
	Name    string   `json:"name"`
	Summary string   `json:"summary"`          // one sentence
	Page    string   `json:"page"`             // the Go test that must notice
	Verdict string   `json:"verdict"`          // of that page: failed or inconclusive
	Blocks  []string `json:"blocks,omitempty"` // the Go tests that must be inconclusive

	apply func(context.Context, *Stack) error
}

const (
	reachable   = "TestDatabaseIsReachable"
	speaksTLS   = "TestDatabaseSpeaksTLS"
	certificate = "TestDatabaseCertificateIsCurrent"
	credentials = "TestDatabaseAcceptsItsCredentials"
	queries     = "TestDatabaseAnswersQueries"

	healthy        = "TestAPIAnswersItsHealthCheck"
	apiCertificate = "TestAPICertificateIsCurrent"
	quick          = "TestAPIAnswersQuickly"

	failed = "failed"
)

const day = 24 * time.Hour

// Faults are all that the stack can suffer, in the order in which they are
// shown.
var Faults = []Fault{
	{
		Name:    "database-server-stopped",
		Summary: "The database server is stopped: its port refuses.",
		Page:    reachable, Verdict: failed, Blocks: []string{speaksTLS, certificate, credentials, queries},
		apply: func(_ context.Context, s *Stack) error { return s.database.Halt() },
	},
	{
		Name:    "database-port-filtered",
		Summary: "Packets to the database's port are dropped, as by a firewall.",
		Page:    reachable, Verdict: failed, Blocks: []string{speaksTLS, certificate, credentials, queries},
		apply: filterDatabasePort,
	},
	{
		Name:    "database-silent",
		Summary: "The database's port accepts connections and never answers.",
		Page:    speaksTLS, Verdict: failed, Blocks: []string{certificate, credentials, queries},
		apply: silenceDatabase,
	},
	{
		Name:    "database-password-rotated",
		Summary: "The app's password was changed and the stack's output was not.",
		Page:    credentials, Verdict: failed, Blocks: []string{queries},
		apply: rotatePassword,
	},
	{
		Name:    "database-dropped",
		Summary: "The app's database does not exist on the server.",
		Page:    credentials, Verdict: failed, Blocks: []string{queries},
		apply: func(ctx context.Context, s *Stack) error {
			return s.database.Exec(ctx, "postgres", "DROP DATABASE "+appDatabase+" WITH (FORCE)")
		},
	},
	{
		Name:    "database-tls-off",
		Summary: "The database server has TLS turned off.",
		Page:    speaksTLS, Verdict: failed, Blocks: []string{certificate, credentials, queries},
		apply: func(ctx context.Context, s *Stack) error { return s.database.Configure(ctx, "ssl", "off") },
	},
	{
		Name:    "database-certificate-expired",
		Summary: "The database's certificate expired yesterday.",
		Page:    certificate, Verdict: failed, Blocks: []string{credentials, queries},
		apply: databasePresents(address, -day),
	},
	{
		Name:    "database-certificate-other-host",
		Summary: "The database's certificate is for another host.",
		Page:    speaksTLS, Verdict: failed, Blocks: []string{credentials, queries},
		apply: databasePresents("db.example.org", 90*day),
	},
	{
		Name:    "database-unknown-ca",
		Summary: "The database's certificate is from an authority the client does not trust.",
		Page:    speaksTLS, Verdict: failed, Blocks: []string{credentials, queries},
		apply: changeDatabaseAuthority,
	},
	{
		Name:    "database-in-recovery",
		Summary: "The writer endpoint leads to a server in recovery, which takes no writes.",
		Page:    queries, Verdict: failed,
		apply: func(ctx context.Context, s *Stack) error { return s.database.Standby(ctx) },
	},
	{
		Name:    "database-slots-exhausted",
		Summary: "The app's own sessions hold every connection slot.",
		Page:    queries, Verdict: failed, Blocks: []string{credentials},
		apply: exhaustSlots,
	},
	{
		Name:    "api-down",
		Summary: "The API is stopped: its port refuses.",
		Page:    healthy, Verdict: failed, Blocks: []string{apiCertificate, quick},
		apply: func(_ context.Context, s *Stack) error { return s.api.Close() },
	},
	{
		Name:    "api-answers-503",
		Summary: "The API answers 503 Service Unavailable.",
		Page:    healthy, Verdict: failed, Blocks: []string{quick},
		apply: apiBehaves(fake.Failing(http.StatusServiceUnavailable)),
	},
	{
		Name:    "api-slow",
		Summary: "The API answers rightly, after 8 seconds.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Delayed(8 * time.Second)),
	},
	{
		Name:    "api-closes-mid-body",
		Summary: "The API ends the connection in the middle of its answer.",
		Page:    healthy, Verdict: failed, Blocks: []string{quick},
		apply: apiBehaves(fake.CutOff()),
	},
	{
		Name:    "api-certificate-expiring",
		Summary: "The API's certificate expires in 3 days.",
		Page:    apiCertificate, Verdict: failed,
		apply: apiPresents(address, 3*day),
	},
	{
		Name:    "api-certificate-expired",
		Summary: "The API's certificate expired yesterday.",
		Page:    apiCertificate, Verdict: failed, Blocks: []string{healthy, quick},
		apply: apiPresents(address, -day),
	},
	{
		Name:    "api-certificate-other-host",
		Summary: "The API's certificate is for another host.",
		Page:    apiCertificate, Verdict: failed, Blocks: []string{healthy, quick},
		apply: apiPresents("api.example.org", 90*day),
	},
}

// UnknownFaultError is a name that no fault has.
type UnknownFaultError struct{ Name string }

func (e UnknownFaultError) Error() string {
	names := make([]string, len(Faults))
	for i, fault := range Faults {
		names[i] = fault.Name
	}
	return fmt.Sprintf("no fault is called %q; there are %s", e.Name, strings.Join(names, ", "))
}

// find is the fault of that name; without a name, the one that breaks nothing.
func find(name string) (Fault, error) {
	if name == "" {
		return Fault{}, nil
	}
	i := slices.IndexFunc(Faults, func(f Fault) bool { return f.Name == name })
	if i < 0 {
		return Fault{}, UnknownFaultError{name}
	}
	return Faults[i], nil
}
