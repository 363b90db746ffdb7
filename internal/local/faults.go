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
	Reason  string   `json:"reason,omitempty"` // of an inconclusive page, in one word
	Blocks  []string `json:"blocks,omitempty"` // the Go tests that must be inconclusive, because of that page
	Blinds  []string `json:"blinds,omitempty"` // the Go tests that must be inconclusive as that page is, for the same reason

	Flavours []string `json:"flavours"` // of the stack that can suffer it; none: all

	settings []string // NAME=value, with which the pages must be run: thresholds that nobody wants to wait for
	apply    func(context.Context, *Stack) error
}

const (
	reachable   = "TestDatabaseIsReachable"
	speaksTLS   = "TestDatabaseSpeaksTLS"
	certificate = "TestDatabaseCertificateIsCurrent"
	credentials = "TestDatabaseAcceptsItsCredentials"
	queries     = "TestDatabaseAnswersQueries"
	connections = "TestDatabaseHasFreeConnections"
	sizes       = "TestDatabaseTellsItsSizes"
	wraparound  = "TestDatabaseIsFarFromWraparound"
	indexes     = "TestDatabaseIndexesAreValid"
	idle        = "TestDatabaseFinishesItsTransactions"
	longQueries = "TestDatabaseRunsNoLongQueries"
	locks       = "TestDatabaseWaitsForNoLocks"
	replication = "TestDatabaseReplicatesInTime"

	healthy        = "TestAPIAnswersItsHealthCheck"
	apiCertificate = "TestAPICertificateIsCurrent"
	quick          = "TestAPIAnswersQuickly"
	everywhere     = "TestAPIAnswersOnEveryAddress"
	admits         = "TestAPIAdmitsRequests"
	ownOrigin      = "TestAPIAllowsItsOwnOrigin"
	foreign        = "TestAPIRefusesForeignOrigins"

	failed       = "failed"
	inconclusive = "inconclusive"
)

// loggedIn are the pages that need a session of the app, besides that of its
// credentials, and monitored those that have one of the monitor instead.
var (
	loggedIn  = []string{queries, connections, sizes, wraparound, indexes}
	monitored = []string{idle, longQueries, locks, replication}
)

// all are the pages in the lists.
func all(lists ...[]string) []string { return slices.Concat(lists...) }

// but are the pages without one.
func but(page string, pages []string) []string {
	return slices.DeleteFunc(slices.Clone(pages), func(p string) bool { return p == page })
}

const day = 24 * time.Hour

// askers need what the health page asks for.
var askers = []string{quick, everywhere, admits, ownOrigin, foreign}

// Headers with which platforms answer in the place of the code behind them.
var (
	restGateway = map[string]string{
		"Content-Type": "application/json", "X-Amzn-Errortype": "InternalServerErrorException",
		"X-Amzn-Requestid": "3f1f7c5e-5a0e-4c5e-9b0d-2f6f3c1d7a90", "X-Amz-Apigw-Id": "OQyWbHZ5oAMFc9A=",
	}
	httpGateway = map[string]string{"Content-Type": "application/json", "Apigw-Requestid": "OQyWbiQdoAMEYPg=", "Retry-After": "1"}
	cloudRun    = map[string]string{
		"Content-Type": "text/plain", "Server": "Google Frontend",
		"X-Cloud-Trace-Context": "105445aa7843bc8bf206b12000100000;o=1",
	}
)

// Faults are all that the stack can suffer, in the order in which they are
// shown.
var Faults = slices.Concat(ownFaults, providerFaults)

// ownFaults are those that show to whoever uses the stack.
var ownFaults = []Fault{
	{
		Name:    "database-server-stopped",
		Summary: "The database server is stopped: its port refuses.",
		Page:    reachable, Verdict: failed, Blocks: all([]string{speaksTLS, certificate, credentials}, loggedIn, monitored),
		apply: func(_ context.Context, s *Stack) error { return s.database.Halt() },
	},
	{
		Name:    "database-port-filtered",
		Summary: "Packets to the database's port are dropped, as by a firewall.",
		Page:    reachable, Verdict: failed, Blocks: all([]string{speaksTLS, certificate, credentials}, loggedIn, monitored),
		apply: filterDatabasePort,
	},
	{
		Name:    "database-silent",
		Summary: "The database's port accepts connections and never answers.",
		Page:    speaksTLS, Verdict: failed, Blocks: all([]string{certificate, credentials}, loggedIn, monitored),
		apply: silenceDatabase,
	},
	{
		Name:    "database-password-rotated",
		Summary: "The app's password was changed and the stack's output was not.",
		Page:    credentials, Verdict: failed, Blocks: loggedIn,
		apply: rotatePassword,
	},
	{
		Name:    "database-dropped",
		Summary: "The app's database does not exist on the server.",
		Page:    credentials, Verdict: failed, Blocks: all(loggedIn, monitored),
		apply: func(ctx context.Context, s *Stack) error {
			return s.database.Exec(ctx, "postgres", "DROP DATABASE "+appDatabase+" WITH (FORCE)")
		},
	},
	{
		Name:    "database-tls-off",
		Summary: "The database server has TLS turned off.",
		Page:    speaksTLS, Verdict: failed, Blocks: all([]string{certificate, credentials}, loggedIn, monitored),
		apply: func(ctx context.Context, s *Stack) error { return s.database.Configure(ctx, "ssl", "off") },
	},
	{
		Name:    "database-certificate-expired",
		Summary: "The database's certificate expired yesterday.",
		Page:    certificate, Verdict: failed, Blocks: all([]string{credentials}, loggedIn, monitored),
		apply: databasePresents(address, -day),
	},
	{
		Name:    "database-certificate-other-host",
		Summary: "The database's certificate is for another host.",
		Page:    speaksTLS, Verdict: failed, Blocks: all([]string{credentials}, loggedIn, monitored),
		apply: databasePresents("db.example.org", 90*day),
	},
	{
		Name:    "database-unknown-ca",
		Summary: "The database's certificate is from an authority the client does not trust.",
		Page:    speaksTLS, Verdict: failed, Blocks: all([]string{credentials}, loggedIn, monitored),
		apply: changeDatabaseAuthority,
	},
	{
		Name:    "database-in-recovery",
		Summary: "The writer endpoint leads to a server in recovery, which takes no writes.",
		Page:    queries, Verdict: failed, Blocks: []string{replication},
		apply: func(ctx context.Context, s *Stack) error { return s.database.Standby(ctx) },
	},
	{
		Name:    "database-slots-exhausted",
		Summary: "The app's own sessions hold every connection slot.",
		Page:    connections, Verdict: failed, Blocks: all([]string{credentials}, but(connections, loggedIn), monitored),
		apply: takeSlots(0),
	},
	{
		Name:    "database-connections-nearly-exhausted",
		Summary: "The app's own sessions hold all but two of the connection slots.",
		Page:    connections, Verdict: failed,
		apply: takeSlots(2),
	},
	{
		Name:    "database-idle-in-transaction",
		Summary: "A session of the app locks a row and then does nothing more.",
		Page:    idle, Verdict: failed,
		settings: []string{"DATABASE_IDLE_IN_TRANSACTION=1s"}, apply: leaveTransactionOpen,
	},
	{
		Name:    "database-long-query",
		Summary: "A query of the app runs for hours.",
		Page:    longQueries, Verdict: failed,
		settings: []string{"DATABASE_LONG_QUERY=1s"}, apply: runForHours,
	},
	{
		Name:    "database-lock-chain",
		Summary: "A session holds up a second one, and that one a third.",
		Page:    locks, Verdict: failed,
		settings: []string{"DATABASE_LOCK_WAIT=1s"}, apply: chainLocks,
	},
	{
		Name:    "database-index-invalid",
		Summary: "A migration failed to build an index and left it behind.",
		Page:    indexes, Verdict: failed,
		apply: failToIndex,
	},
	{
		Name:    "database-slot-left-behind",
		Summary: "The replication slot of a replica that is gone keeps the server's log.",
		Page:    replication, Verdict: failed,
		settings: []string{"DATABASE_SLOT_HELD=1MiB"}, apply: leaveSlotBehind,
	},
	{
		Name:    "database-near-wraparound",
		Summary: "A database has not frozen its oldest transaction for too many others.",
		Page:    wraparound, Verdict: failed,
		settings: []string{"DATABASE_TRANSACTION_AGE=1000"}, apply: useTransactions,
	},
	{
		Name:    "database-monitor-unprivileged",
		Summary: "The monitor's role may not read the statistics of other roles.",
		Page:    longQueries, Verdict: inconclusive, Reason: noPermission, Blinds: []string{idle},
		apply: blindMonitor,
	},
	{
		Name:    "api-down",
		Summary: "The API is stopped: its port refuses.",
		Page:    healthy, Verdict: failed, Blocks: append([]string{apiCertificate}, askers...),
		apply: func(_ context.Context, s *Stack) error { return s.api.Close() },
	},
	{
		Name:    "api-answers-503",
		Summary: "The API answers 503 Service Unavailable.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Failing(http.StatusServiceUnavailable)),
	},
	{
		Name:    "api-function-malformed",
		Summary: "The gateway answers 502 because the function's answer is malformed.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Refusing(http.StatusBadGateway, restGateway, `{"message": "Internal server error"}`)),
	},
	{
		Name:    "api-function-forbidden",
		Summary: "The gateway answers 500 because it may not invoke the function.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Refusing(http.StatusInternalServerError, httpGateway, `{"message":"Internal Server Error"}`)),
	},
	{
		Name:    "api-function-timeout",
		Summary: "The gateway answers 504 because the function takes longer than it waits.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Refusing(http.StatusGatewayTimeout, restGateway, `{"message": "Endpoint request timed out"}`)),
	},
	{
		Name:    "api-container-crashed",
		Summary: "Google's front end answers 503 because the container does not start.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Refusing(http.StatusServiceUnavailable, cloudRun, "Service Unavailable")),
	},
	{
		Name:    "api-rate-limit-zero",
		Summary: "The gateway answers 429 to everyone: a limit of 0 was deployed.",
		Page:    admits, Verdict: failed, Blocks: []string{healthy, quick, everywhere, ownOrigin, foreign},
		apply: apiBehaves(fake.Refusing(http.StatusTooManyRequests, httpGateway, `{"message":"Too Many Requests"}`)),
	},
	{
		Name:    "api-slow",
		Summary: "The API answers rightly, after 6 seconds.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Delayed(6 * time.Second)),
	},
	{
		Name:    "api-latency-past-limit",
		Summary: "The API answers rightly, after 2.5 seconds.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Delayed(2500 * time.Millisecond)),
	},
	{
		Name:    "api-slow-tail",
		Summary: "One in five of the API's answers takes 4.5 seconds, the others none.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Every(5, fake.Delayed(4500*time.Millisecond))),
	},
	{
		Name:    "api-one-address-bad",
		Summary: "One of the three addresses of the API's name answers 503.",
		Page:    everywhere, Verdict: failed,
		apply: func(_ context.Context, s *Stack) error {
			addresses := s.api.Addresses()
			s.api.Behave(fake.At(addresses[len(addresses)-1].Addr().String(), fake.Failing(http.StatusServiceUnavailable)))
			return nil
		},
	},
	{
		Name:    "api-preflight-refused",
		Summary: "The API answers 403 to the preflights of browsers.",
		Page:    ownOrigin, Verdict: failed,
		apply: apiBehaves(fake.To(http.MethodOptions, fake.Failing(http.StatusForbidden))),
	},
	{
		Name:    "api-own-origin-unknown",
		Summary: "The API allows another origin than that of the stack's own pages.",
		Page:    ownOrigin, Verdict: failed,
		apply: apiShares(fake.AllowOrigin("https://old.example.org")),
	},
	{
		Name:    "api-any-origin-with-credentials",
		Summary: "The API allows every origin by a star, together with credentials.",
		Page:    foreign, Verdict: failed, Blocks: []string{ownOrigin},
		apply: apiShares(fake.AllowAny),
	},
	{
		Name:    "api-echoes-origins",
		Summary: "The API allows whatever origin asks, together with credentials.",
		Page:    foreign, Verdict: failed,
		apply: apiShares(fake.Echo),
	},
	{
		Name:    "api-closes-mid-body",
		Summary: "The API ends the connection in the middle of its answer.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.CutOff()),
	},
	{
		Name:    "api-redirects-for-ever",
		Summary: "The API redirects every client to where it already is.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Redirecting()),
	},
	{
		Name:    "api-body-unending",
		Summary: "The API answers 200 with a body that never ends.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Unending()),
	},
	{
		Name:    "api-body-drips",
		Summary: "The API answers 200 and sends a byte of the body each second.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Dripping()),
	},
	{
		Name:    "api-body-is-a-bomb",
		Summary: "The API answers 200 with a gigabyte of zeros that it packed unasked.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Bombing()),
	},
	{
		Name:    "api-header-of-a-megabyte",
		Summary: "The API answers 200 with a header of a megabyte.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Swelling(1 << 20)),
	},
	{
		Name:    "api-header-drips",
		Summary: "The API sends a byte of its headers each second.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.Drip("HTTP/1.1 200 OK\r\nX-Slow: ")),
	},
	{
		Name:    "api-interim-answers-unending",
		Summary: "The API sends interim answers and never a final one.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.SayForEver("", "HTTP/1.1 103 Early Hints\r\n\r\n")),
	},
	{
		Name:    "api-resets-after-headers",
		Summary: "The API resets the connection after its headers.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.SayAndReset("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")),
	},
	{
		Name:    "api-never-answers",
		Summary: "The API speaks TLS and never answers a request.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.Silence),
	},
	{
		Name:    "api-http2-goes-away",
		Summary: "The API tells HTTP/2 clients to go away.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("h2", fake.GoAway),
	},
	{
		Name:    "api-http2-settings-unending",
		Summary: "The API sends HTTP/2 settings and nothing else.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("h2", fake.Fidget),
	},
	{
		Name:    "api-speaks-plain-http",
		Summary: "The API speaks plain HTTP on its TLS port.",
		Page:    apiCertificate, Verdict: failed, Blocks: append([]string{healthy}, askers...),
		apply: apiSpeaks("", fake.Say("HTTP/1.1 400 Bad Request\r\n\r\n")),
	},
	{
		Name:    "api-speaks-garbage",
		Summary: "The API's port speaks another protocol than TLS.",
		Page:    apiCertificate, Verdict: failed, Blocks: append([]string{healthy}, askers...),
		apply: apiSpeaks("", fake.Say("SSH-2.0-OpenSSH_9.6\r\n")),
	},
	{
		Name:    "api-resets-handshake",
		Summary: "The API resets the connection within the TLS handshake.",
		Page:    apiCertificate, Verdict: failed, Blocks: append([]string{healthy}, askers...),
		apply: apiSpeaks("", fake.SayAndReset("\x16\x03\x03\x00\x30\x02")),
	},
	{
		Name:    "api-silent",
		Summary: "The API's port accepts connections and never answers.",
		Page:    apiCertificate, Verdict: failed, Blocks: append([]string{healthy}, askers...),
		apply: apiSpeaks("", fake.Silence),
	},
	{
		Name:    "api-certificate-expiring",
		Summary: "The API's certificate expires in 3 days.",
		Page:    apiCertificate, Verdict: failed,
		apply: apiPresents(3*day, apiHost, address),
	},
	{
		Name:    "api-certificate-expired",
		Summary: "The API's certificate expired yesterday.",
		Page:    apiCertificate, Verdict: failed, Blocks: append([]string{healthy}, askers...),
		apply: apiPresents(-day, apiHost, address),
	},
	{
		Name:    "api-certificate-other-host",
		Summary: "The API's certificate is for another host.",
		Page:    apiCertificate, Verdict: failed, Blocks: append([]string{healthy}, askers...),
		apply: apiPresents(90*day, "api.example.org"),
	},
}

// Suffered tells whether a stack of this flavour can suffer the fault.
func (f Fault) Suffered(flavour string) bool {
	return len(f.Flavours) == 0 || slices.Contains(f.Flavours, flavour)
}

// UnknownFaultError is a name that no fault of a flavour has.
type UnknownFaultError struct{ Name, Flavour string }

func (e UnknownFaultError) Error() string {
	var names []string
	for _, fault := range Faults {
		if fault.Suffered(e.Flavour) {
			names = append(names, fault.Name)
		}
	}
	return fmt.Sprintf("no fault is called %q in flavour %s; there are %s", e.Name, e.Flavour, strings.Join(names, ", "))
}

// find is the fault of that name; without a name, the one that breaks nothing.
func find(name, flavour string) (Fault, error) {
	if name == "" {
		return Fault{}, nil
	}
	i := slices.IndexFunc(Faults, func(f Fault) bool { return f.Name == name && f.Suffered(flavour) })
	if i < 0 {
		return Fault{}, UnknownFaultError{name, flavour}
	}
	return Faults[i], nil
}
