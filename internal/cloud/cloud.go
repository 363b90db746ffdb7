// Package cloud holds the questions the runbook puts to a provider about what
// it runs, and the shapes of the answers. Each provider has an adapter that
// implements the interfaces here; package cloudtest holds all of them to the
// same behaviour.
//
// It judges nothing: thresholds belong to those who ask. It reads only, and
// no answer or error it describes carries a secret.
package cloud

import (
	"context"
	"maps"
	"slices"
)

// Question names one of the things a provider is asked. It groups the
// permissions an adapter needs.
type Question string

const (
	AskCaller   Question = "caller"   // Identities
	AskInstance Question = "instance" // Databases
	AskFirewall Question = "firewall" // Firewalls
	AskLogs     Question = "logs"     // Logs
	AskMetrics  Question = "metrics"  // Metrics
	AskPooler   Question = "pooler"   // Poolers

	AskFunction     Question = "function"      // Functions
	AskCapacity     Question = "capacity"      // Capacities
	AskFunctionLogs Question = "function-logs" // FunctionLogs
	AskColdStarts   Question = "cold-starts"   // ColdStarts
	AskTraffic      Question = "traffic"       // FunctionTraffic and GatewayTraffic
	AskGateway      Question = "gateway"       // Gateways
	AskGatewayLogs  Question = "gateway-logs"  // GatewayLogs
	AskInvoke       Question = "invoke"        // Validators and Invokers
)

// Permissions lists, for each question, the permissions an adapter may use to
// answer it, spelled as the provider's IAM spells them.
type Permissions map[Question][]string

// All returns every permission once, sorted.
func (p Permissions) All() []string {
	var all []string
	for _, actions := range p {
		all = append(all, actions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Questions returns the questions p has permissions for, sorted.
func (p Permissions) Questions() []Question {
	return slices.Sorted(maps.Keys(p))
}

// Identities tells whose credentials the questions are asked with.
type Identities interface {
	// Caller fails with NoCredentials where there are none, or none the
	// provider accepts.
	Caller(ctx context.Context) (Caller, error)
}

// Caller is who the provider takes us for.
type Caller struct {
	Account   string // AWS account number, Google Cloud project id
	Principal string // ARN or e-mail address; "" where the provider does not tell
}

// Answer is yes, no, or not known. The zero Answer is Unknown.
type Answer uint8

const (
	Unknown Answer = iota
	Yes
	No
)

// YesNo is the Answer of a provider that did say.
func YesNo(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "unknown"
}

// MarshalText writes what String returns.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
