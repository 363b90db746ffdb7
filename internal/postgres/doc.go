// Package postgres puts one question to a PostgreSQL server: what a connection
// string says, whether TLS is spoken and by whom, whether the stack's own
// credentials are taken, and what a session then sees.
//
// It asks as the stack would: with the stack's sslmode, and with nothing that
// libpq would add from the machine it runs on (PG* variables, .pgpass, files
// in ~/.postgresql). It writes nothing: every query runs in a transaction that
// is read only and rolled back. It refuses to judge, and no error of it quotes
// a connection string.
//
// Errors of questions are [*probe.Error]; to the stages of package probe this
// one adds its own.
package postgres

import "runbook/internal/probe"

// The stages that follow once a server is reached.
const (
	StageStarting       probe.Stage = "starting"       // accepts no sessions yet, or any more (57P03)
	StageSlots          probe.Stage = "slots"          // out of connections: the server, the database or the role (53300)
	StageAuthentication probe.Stage = "authentication" // credentials, database name, pg_hba.conf (28P01, 28000, 3D000, 42501)
	StageQuery          probe.Stage = "query"          // the session is there, the question failed
)
