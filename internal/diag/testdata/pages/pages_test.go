package pages

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/internal/diag"
)

// The claim holds.
//
// When this is false, nobody notices.
//
// If it fails:
//
//	echo fine
func TestDatabasePasses(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P0)
	d.Saw("took", 1234567*time.Nanosecond)
	assert.True(d, true)
}

func TestDatabaseDegrades(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	d.Degraded("%d%% of the limit", 83)
}

// The claim does not hold.
//
// When this is false, customers see an error.
//
// If it fails:
//
//	aws: aws rds describe-db-instances --db-instance-identifier {databaseInstanceId} {missing}
//	gcp: gcloud sql instances describe {databaseInstanceName}
//	psql -h {databaseUrl.host} -p {databaseUrl.port} -U {databaseUrl.user} {databaseUrl.name} # {apiToken} {odd} {connection}
func TestAPIFails(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1)
	d.Saw("status", 503)
	databaseURL, err := d.Stack().Text("databaseUrl")
	d.NoError(err)
	d.Saw("url", databaseURL)
	d.Attach("txt", "GET "+databaseURL)
	assert.Equal(d, 200, 503, "the health check answers 503")
	assert.Equal(d, 1, 2)
}

type refused struct{}

func (refused) Error() string        { return "asking rds:DescribeDBInstances: access denied" }
func (refused) Inconclusive() string { return "no-permission" }

func TestFunctionCannotTell(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P2)
	d.NoError(fmt.Errorf("the instance: %w", refused{}))
}

func TestFunctionIsWrong(t *testing.T) {
	d := diag.Begin(t, diag.Function, diag.P2)
	d.NoError(errors.New("state Failed, want Active"))
}

func TestStorageIsAbsent(t *testing.T) {
	d := diag.Begin(t, diag.Storage, diag.P0)
	_, err := d.Stack().Text("uploadsBucketName")
	d.NoError(d.Absent(err))
}

func TestStateIsSkipped(t *testing.T) {
	d := diag.Begin(t, diag.State, diag.P3)
	d.Skip("this stack has no state")
}

func TestCDNSpendsItsBudget(t *testing.T) {
	d := diag.Begin(t, diag.CDN, diag.P1, diag.Within(50*time.Millisecond))
	<-d.Context().Done()
	d.NoError(fmt.Errorf("asking: %w", context.Cause(d.Context())))
}

func TestCDNStaysWrong(t *testing.T) {
	d := diag.Begin(t, diag.CDN, diag.P1, diag.Within(50*time.Millisecond))
	d.NoError(d.Until(func(context.Context) error { return errors.New("status 503") }))
}

func TestCDNSettles(t *testing.T) {
	d := diag.Begin(t, diag.CDN, diag.P1)
	var asked atomic.Int32
	d.NoError(d.Until(func(context.Context) error {
		if asked.Add(1) == 1 {
			return errors.New("status 503")
		}
		return nil
	}))
	assert.EqualValues(d, 3, asked.Load(), "a recovery is asked for twice")
}

// What follows misbehaves only when asked to.
func misbehaves(t *testing.T, how string) {
	if os.Getenv("MISBEHAVE") != how {
		t.Skip("only on demand")
	}
}

func TestStatePanics(t *testing.T) {
	misbehaves(t, "panic")
	d := diag.Begin(t, diag.State, diag.P0)
	token, _ := d.Stack().Text("apiToken")
	panic("token " + token + " " + url.QueryEscape(token))
}

func TestStatePanicsElsewhere(t *testing.T) {
	misbehaves(t, "panic elsewhere")
	d := diag.Begin(t, diag.State, diag.P0)
	token, _ := d.Stack().Text("apiToken")
	go func() { panic("token " + token) }()
	<-d.Context().Done()
}

func TestStateHangs(t *testing.T) {
	misbehaves(t, "hang")
	diag.Begin(t, diag.State, diag.P0)
	select {}
}

func TestStateWaits(t *testing.T) {
	misbehaves(t, "wait")
	d := diag.Begin(t, diag.State, diag.P0)
	<-d.Context().Done()
	d.NoError(context.Cause(d.Context()))
}

func TestStateExits(t *testing.T) {
	misbehaves(t, "exit")
	diag.Begin(t, diag.State, diag.P0)
	os.Exit(0)
}
