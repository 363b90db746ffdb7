package local

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"runbook/internal/ca"
	"runbook/internal/pgserver"
)

const (
	appRole     = "app"
	appDatabase = "app"
	// monitorRole reads statistics and no data; its limit keeps a monitor from
	// taking the slots of the app.
	monitorRole = "smoke_reader"
)

// schema is what the app finds in its database.
const schema = `
SET ROLE app;
CREATE TABLE customer (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE purchase (
	id       bigint PRIMARY KEY,
	customer bigint NOT NULL REFERENCES customer,
	cents    bigint NOT NULL CHECK (cents > 0),
	made     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON purchase (customer);
INSERT INTO customer SELECT n, 'customer' || n || '@example.org' FROM generate_series(1, 100) n;
INSERT INTO purchase SELECT n, 1 + n % 100, 100 + n FROM generate_series(1, 1000) n;`

// startDatabase starts the server and gives it the roles, the database and the
// tables of the app.
func (s *Stack) startDatabase(ctx context.Context) error {
	pair, err := s.databaseCA.Issue(ca.Request{Hosts: []string{address, "localhost"}})
	if err != nil {
		return err
	}
	presented, err := pair.TLS()
	if err != nil {
		return err
	}
	s.certificateEnds = presented.Leaf.NotAfter
	if s.database, err = pgserver.Start(ctx, pgserver.Options{TLS: pair}); err != nil {
		return err
	}
	s.PostgreSQL = s.database.Version
	for _, step := range []struct{ database, sql string }{
		{"postgres", role(appRole, s.appPassword)},
		{"postgres", role(monitorRole, s.monitorPassword) + " CONNECTION LIMIT 3; GRANT pg_read_all_stats TO " + monitorRole},
		{"postgres", "CREATE DATABASE " + appDatabase + " OWNER " + appRole},
		{appDatabase, schema},
	} {
		if err := s.database.Exec(ctx, step.database, step.sql); err != nil {
			return fmt.Errorf("preparing the database: %w", err)
		}
	}
	return nil
}

func role(name, password string) string {
	return "CREATE ROLE " + name + " LOGIN PASSWORD '" + strings.ReplaceAll(password, "'", "''") + "'"
}

// databaseURL is what the app is given: its credentials, and the authority that
// the server's certificate is held to.
func (s *Stack) databaseURL() string { return s.connection(appRole, s.appPassword) }

// monitorURL is the same for the monitor.
func (s *Stack) monitorURL() string { return s.connection(monitorRole, s.monitorPassword) }

func (s *Stack) connection(role, password string) string {
	u := s.database.URL(role, password, appDatabase)
	u.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {s.databaseCAFile}}.Encode()
	return u.String()
}
