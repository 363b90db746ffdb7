package smoke

import (
	"context"
	"testing"
	"time"

	"runbook/fixtures"
	"runbook/internal/diag"
)

// Every address that the API's name has answers its health check.
//
// When this is false, one in so many users gets errors while everyone else, and the
// health check among them, is served: a node of a load balancer is broken, or an old
// address is left in DNS.
//
// If it fails:
//
//	curl -sv --resolve {apiUrl.host}:{apiUrl.port}:ADDRESS {healthUrl} # with the address named above
//	dig +short {apiUrl.host} A {apiUrl.host} AAAA
//	aws: aws elbv2 describe-load-balancers --query 'LoadBalancers[].[DNSName,State.Code,AvailabilityZones[].ZoneName]'
//	aws: aws route53 list-hosted-zones --query 'HostedZones[].[Id,Name]'
//	gcp: gcloud compute forwarding-rules list --format='table(name,IPAddress,portRange,target)'
//	gcp: gcloud dns record-sets list --zone=ZONE --name={apiUrl.host}.
func TestAPIAnswersOnEveryAddress(t *testing.T) {
	// One question may take 10 s, and a wrong answer is asked about again.
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(15*time.Second))
	api := fixtures.API(d)

	var addresses fixtures.Addresses
	err := d.Until(func(ctx context.Context) (err error) {
		addresses, err = api.Everywhere(ctx)
		if err == nil {
			err = addresses.Err()
		}
		return err
	})

	d.Saw("answered", addresses.Answered)
	if len(addresses.NoRoute) > 0 {
		d.Saw("no route from here", addresses.NoRoute)
	}
	d.NoError(err)
}
