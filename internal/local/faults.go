package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is one way in which the stack really breaks, and what the pages must
// make of it. Where that differs from flavour to flavour there is one of the name
// for each.
type Fault struct {
	Name    string   `json:"name"`
	Summary string   `json:"summary"`          // one sentence
	Page    string   `json:"page"`             // the Go test that must notice
	Verdict string   `json:"verdict"`          // of that page: failed, inconclusive or degraded
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

	degraded     = "degraded"
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

// also is the fault on either flavour, for which other pages pay with its page on each.
func also(f Fault, aws, gcp []string) []Fault {
	onAWS, onGCP := f, f
	onAWS.Flavours, onGCP.Flavours = []string{AWS}, []string{GCP}
	if f.Verdict == failed {
		onAWS.Blocks, onGCP.Blocks = all(f.Blocks, aws), all(f.Blocks, gcp)
	} else {
		onAWS.Blinds, onGCP.Blinds = all(f.Blinds, aws), all(f.Blinds, gcp)
	}
	return []Fault{onAWS, onGCP}
}

const day = 24 * time.Hour

// Faults are all that the stack can suffer, in the order in which they are
// shown.
var Faults = slices.Concat(databaseFaults, apiFaults, gatewayFaults, trafficFaults, functionFaults, providerFaults)

// databaseFaults are those that show to whoever uses the database.
var databaseFaults = []Fault{
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
