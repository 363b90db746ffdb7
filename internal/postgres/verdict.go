package postgres

import (
	"errors"
	"slices"
	"strings"

	"runbook/internal/probe"

	"github.com/jackc/pgx/v5/pgconn"
)

// stageOf reads the server's verdict on a connection; at is where it stood
// otherwise. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
func stageOf(err error, at probe.Stage) probe.Stage {
	var verdict *pgconn.PgError
	if !errors.As(err, &verdict) {
		return at
	}
	switch verdict.Code {
	case "28P01", "28000", "3D000", "42501":
		return StageAuthentication
	case "53300":
		return StageSlots
	case "57P03":
		return StageStarting
	case "08P01":
		return poolerStage(verdict.Message)
	}
	return probe.StageAnswer
}

// poolerStage goes by the words of PgBouncer, which has one code, protocol
// violation, for whatever it refuses.
func poolerStage(message string) probe.Stage {
	says := func(words string) bool { return strings.Contains(message, words) }
	switch {
	case slices.ContainsFunc([]string{"authentication failed", "no such user", "no such database", "does not exist"}, says):
		return StageAuthentication
	case says("no more connections allowed"):
		return StageSlots
	}
	return probe.StageAnswer
}

// final tells whether another attempt with these credentials is out of place.
// Not so for 28000: pg_hba.conf may let in what comes with, or without, TLS.
func final(err *probe.Error) bool {
	var verdict *pgconn.PgError
	return err.Stage == StageAuthentication && errors.As(err, &verdict) && verdict.Code != "28000"
}
