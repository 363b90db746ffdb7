package smoke

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// The database's firewall lets somebody in, and not the whole world.
//
// When this is false, either anyone may try passwords on the database, or nobody reaches
// it, the stack's own code included.
//
// If it fails:
//
//	aws: aws ec2 describe-security-groups --group-ids {databaseSecurityGroupId} --query 'SecurityGroups[].IpPermissions'
//	aws: aws ec2 revoke-security-group-ingress --group-id {databaseSecurityGroupId} --protocol tcp --port {databaseUrl.port} --cidr 0.0.0.0/0
//	aws: aws ec2 authorize-security-group-ingress --group-id {databaseSecurityGroupId} --protocol tcp --port {databaseUrl.port} --source-group <appSecurityGroupId>
//	gcp: gcloud sql instances describe {databaseInstanceName} --format='yaml(settings.ipConfiguration,ipAddresses)'
//	gcp: gcloud sql instances patch {databaseInstanceName} --authorized-networks=<cidr,...> # replaces the whole list
//	gcp: gcloud sql instances patch {databaseInstanceName} --no-assign-ip
//
//runbook:resolution Network Issues
func TestDatabaseFirewallAdmitsOnlySome(t *testing.T) {
	d := diag.Begin(t, diag.Database, diag.P1)
	instance := fixtures.Instance(d)

	exposure, err := instance.Exposure(d.Context())

	// What was read before an error is true.
	world := list(exposure.World)
	if world != "" && exposure.Public.String() == "yes" {
		assert.Fail(d, fmt.Sprintf("%s may connect to port %d, which has a public address", world, exposure.Port))
	}
	d.NoError(err)
	d.Saw("public address", exposure.Public)
	d.Saw("admitted", list(exposure.Admitted))
	if world != "" {
		d.Degraded("%s may connect to port %d: only the missing public address is in the way", world, exposure.Port)
	}
	if exposure.Detached != "" {
		d.Degraded("the stack's security group %s does not guard the instance", exposure.Detached)
	}
	if len(exposure.Admitted) == 0 {
		nobody := fmt.Sprintf("nobody may connect to port %d", exposure.Port)
		assert.False(d, exposure.Direct, nobody)
		d.Degraded("%s: databaseUrl takes another way, such as a Cloud SQL connector", nobody)
	}
}

// list puts items into a line.
func list[T fmt.Stringer](items []T) string {
	var all []string
	for _, item := range items {
		all = append(all, item.String())
	}
	return strings.Join(all, ", ")
}
