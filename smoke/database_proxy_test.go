package smoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The RDS Proxy between the stack's code and the database is up, and so is each database
// behind it as the proxy sees it.
//
// When this is false, sessions wait at the proxy and time out, while the database itself
// is well: most often the proxy's secret is outdated, or its security group is not let in.
//
// If it fails:
//
//	aws: aws rds describe-db-proxies --db-proxy-name {databaseProxyName} --query 'DBProxies[].[Status,Endpoint,VpcSecurityGroupIds,Auth]'
//	aws: aws rds describe-db-proxy-targets --db-proxy-name {databaseProxyName} --query 'Targets[].[RdsResourceId,TargetHealth]'
//	aws: aws logs tail /aws/rds/proxy/{databaseProxyName} --since 1h
func TestDatabaseProxyReachesItsTargets(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P2)
	const span = 15 * time.Minute
	proxy := fixtures.DatabaseProxy(d)

	known, err := proxy.Describe(d.Context())

	d.NoError(err)
	d.Saw("status", known.Status)
	d.NoError(proxy.Settled(known))
	assert.Equal(d, "up", known.State.String(), "the proxy %s is %s", known.ID, known.Status)
	assert.NotEmpty(d, known.Targets, "the proxy %s has no database behind it", known.ID)
	for _, target := range known.Targets {
		d.Saw("target "+target.ID, target.Status)
		assert.Equal(d, "up", target.State.String(), "%s behind the proxy %s is %s: %s", target.ID, known.ID, target.Status, target.Reason)
	}
	// What pinning costs is the app's to judge: a proxy that pins every session works.
	switch pinned, err := proxy.PinnedSessions(d.Context(), known, span); {
	case err != nil:
		d.Saw("pinned sessions", err)
	case len(pinned) > 0:
		d.Saw("pinned sessions", pinned.Mean())
	}
}
