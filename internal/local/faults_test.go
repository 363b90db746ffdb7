package local

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deadline is for questions that nothing answers: whatever the machine's load,
// they end by it and not before.
const deadline = time.Second

// databaseEffects is what someone who asks the broken database is told.
var databaseEffects = map[string]func(*testing.T, *Stack){
	"database-server-stopped": func(t *testing.T, s *Stack) {
		assert.ErrorIs(t, dial(t, s), syscall.ECONNREFUSED)
	},
	"database-port-filtered": func(t *testing.T, s *Stack) {
		var timeout net.Error
		require.ErrorAs(t, dial(t, s), &timeout)
		assert.True(t, timeout.Timeout(), "%v", timeout)
	},
	"database-silent": func(t *testing.T, s *Stack) {
		assert.NoError(t, dial(t, s))
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		assert.ErrorIs(t, login(ctx, t, s.databaseURL()), context.DeadlineExceeded)
	},
	"database-password-rotated":       refusedWith("28P01"),
	"database-dropped":                refusedWith("3D000"),
	"database-tls-off":                refusedSaying("server refused TLS connection"),
	"database-certificate-other-host": refusedAs[x509.HostnameError],
	"database-unknown-ca":             refusedAs[x509.UnknownAuthorityError],
	"database-certificate-expired": func(t *testing.T, s *Stack) {
		var invalid x509.CertificateInvalidError
		require.ErrorAs(t, login(t.Context(), t, s.databaseURL()), &invalid)
		assert.Equal(t, x509.Expired, invalid.Reason)
	},
	"database-in-recovery": func(t *testing.T, s *Stack) {
		conn, err := pgx.Connect(t.Context(), s.databaseURL())
		require.NoError(t, err)
		defer conn.Close(context.Background())
		var recovering bool
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&recovering))
		assert.True(t, recovering)
		_, err = conn.Exec(t.Context(), "DELETE FROM purchase")
		assert.Equal(t, "25006", sqlState(err), "%v", err)
	},
	"database-slots-exhausted": func(t *testing.T, s *Stack) {
		refusedWith("53300")(t, s)
		var apps int
		conn, err := s.database.Connect(t.Context(), "postgres")
		require.NoError(t, err)
		defer conn.Close(context.Background())
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", appRole).Scan(&apps))
		assert.Greater(t, apps, 10, "the app's own sessions hold the slots")
	},
	"database-connections-nearly-exhausted": func(t *testing.T, s *Stack) {
		for range 2 {
			conn, err := pgx.Connect(t.Context(), s.databaseURL())
			require.NoError(t, err)
			defer conn.Close(context.Background())
		}
		refusedWith("53300")(t, s)
	},
	"database-idle-in-transaction": func(t *testing.T, s *Stack) {
		conn, err := pgx.Connect(t.Context(), s.databaseURL())
		require.NoError(t, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(t.Context(), "SELECT FROM customer WHERE id = 1 FOR UPDATE NOWAIT")
		assert.Equal(t, "55P03", sqlState(err), "%v", err)
	},
	"database-long-query":      found("FROM pg_stat_activity WHERE state = 'active' AND application_name = 'reports' AND query_start < now() - interval '1s'"),
	"database-lock-chain":      found("FROM pg_stat_activity a JOIN pg_stat_activity b ON b.pid = ANY(pg_blocking_pids(a.pid)) WHERE cardinality(pg_blocking_pids(b.pid)) = 1"),
	"database-index-invalid":   found("FROM pg_index WHERE NOT indisvalid AND indexrelid = 'purchase_once'::regclass"),
	"database-near-wraparound": found("FROM pg_database WHERE age(datfrozenxid) > 1000"),
	"database-slot-left-behind": found(`FROM pg_replication_slots
		WHERE NOT active AND pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > 1024 * 1024`),
	"database-monitor-unprivileged": func(t *testing.T, s *Stack) {
		require.NoError(t, login(t.Context(), t, s.monitorURL()))
		found("FROM pg_roles WHERE rolname = 'smoke_reader' AND NOT pg_has_role(oid, 'pg_read_all_stats', 'USAGE')")(t, s)
	},
}

func TestDatabaseFaultsAreReal(t *testing.T) {
	for name, effect := range databaseEffects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Start(t.Context(), Options{Fault: name})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, s.Stop()) })

			effect(t, s)

			_, _, err = health(t.Context(), t, s)
			assert.NoError(t, err, "the API is not what broke")
		})
	}
}

func TestFaultsAreWhole(t *testing.T) {
	pages := all([]string{reachable, speaksTLS, certificate, credentials, healthy, apiCertificate, instanceUp, proxied, gatewayUp, deployed, endsWell},
		askers, loggedIn, monitored, ofInstance, ofFunction, ofGateway)
	seen := map[string]bool{}
	for _, fault := range Faults {
		for _, flavour := range Flavours {
			if fault.Suffered(flavour) {
				assert.False(t, seen[fault.Name+flavour], "%s is there twice in %s", fault.Name, flavour)
				seen[fault.Name+flavour] = true
			}
		}
		told := slices.ContainsFunc(providerFaults, func(f Fault) bool { return f.Name == fault.Name })
		asked := databaseEffects[fault.Name] != nil || apiEffects[fault.Name] != nil || functionEffects[fault.Name] != nil
		assert.True(t, told || asked, "no test asks what %s does", fault.Name)
		assert.Equal(t, fault.Verdict == inconclusive, fault.Reason != "", "%s: why is the page inconclusive?", fault.Name)
		assert.Subset(t, Flavours, fault.Flavours, fault.Name)
		assert.Contains(t, []string{"failed", "inconclusive", "degraded"}, fault.Verdict, fault.Name)
		assert.Subset(t, pages, all(fault.Blocks, fault.Blinds, []string{fault.Page}), fault.Name)
		assert.NotContains(t, all(fault.Blocks, fault.Blinds), fault.Page, fault.Name)
		for _, page := range []string{gatewayUp, letsIn, accessLog, endsWell, proxied} {
			assert.False(t, fault.Suffered(GCP) && slices.Contains(all(fault.Blocks, fault.Blinds, []string{fault.Page}), page),
				"%s: Google Cloud has no %s", fault.Name, page)
		}
		assert.True(t, strings.HasSuffix(fault.Summary, ".") && strings.Count(fault.Summary, ". ") == 0, "one sentence: %s", fault.Summary)
	}
}

func TestAnUnknownFaultIsAnErrorBeforeAnythingStarts(t *testing.T) {
	t.Setenv("TMPDIR", "/nonexistent")

	_, err := Start(t.Context(), Options{Fault: "database-on-fire"})

	assert.ErrorAs(t, err, new(UnknownFaultError))
	assert.ErrorContains(t, err, "database-on-fire")
	assert.ErrorContains(t, err, "database-silent")

	_, err = Start(t.Context(), Options{Fault: "database-proxy-denied", Flavour: GCP})
	assert.ErrorContains(t, err, "in flavour gcp", "Google Cloud has no RDS Proxy")
}

func TestAFaultMayTakeOtherPagesWithItOnEachFlavour(t *testing.T) {
	onAWS, err := find("function-gone", AWS)
	require.NoError(t, err)
	onGCP, err := find("function-gone", GCP)
	require.NoError(t, err)

	assert.Contains(t, onAWS.Blocks, endsWell)
	assert.NotContains(t, onAWS.Blocks, fewErrors)
	assert.Contains(t, onGCP.Blocks, fewErrors)
	assert.NotContains(t, onGCP.Blocks, endsWell)
	assert.Subset(t, onAWS.Blocks, overHTTP)
}

// found looks for rows as the superuser.
func found(from string) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		conn, err := s.database.Connect(t.Context(), appDatabase)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		var rows int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) "+from).Scan(&rows))
		assert.Positive(t, rows)
	}
}

func refusedWith(state string) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		err := login(t.Context(), t, s.databaseURL())
		assert.Equal(t, state, sqlState(err), "%v", err)
	}
}

func refusedSaying(text string) func(*testing.T, *Stack) {
	return func(t *testing.T, s *Stack) {
		assert.ErrorContains(t, login(t.Context(), t, s.databaseURL()), text)
	}
}

func refusedAs[E error](t *testing.T, s *Stack) {
	assert.ErrorAs(t, login(t.Context(), t, s.databaseURL()), new(E))
}

func dial(t *testing.T, s *Stack) error {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.database.URL("", "", "").Host, deadline)
	if err == nil {
		conn.Close()
	}
	return err
}

func login(ctx context.Context, t *testing.T, url string) error {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err == nil {
		require.NoError(t, conn.Close(ctx))
	}
	return err
}

func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
