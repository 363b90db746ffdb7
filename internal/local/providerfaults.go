package local

import (
	"context"
	"slices"
	"time"

	"runbook/internal/fake/awsfake"
	"runbook/internal/fake/gcpfake"
)

const (
	instanceUp = "TestDatabaseInstanceIsUp"
	cpu        = "TestDatabaseHasCPULeft"
	storage    = "TestDatabaseHasStorageLeft"
	memory     = "TestDatabaseHasMemoryLeft"
	firewall   = "TestDatabaseFirewallAdmitsOnlySome"
	cleanLog   = "TestDatabaseLogIsClean"
	ownCA      = "TestDatabaseAuthorityIsCurrent"
	replicas   = "TestDatabaseReplicasAreFresh"
	proxied    = "TestDatabaseProxyReachesItsTargets"

	noPermission = "no-permission"
	tooOften     = "throttled"
	tooEarly     = "too-early"
	noData       = "no-data"
	notEnabled   = "not-enabled"
)

// measured are the pages that ask for metrics, ofInstance all that ask about
// the instance, but for the page that answers for it.
var (
	measured   = []string{cpu, storage, memory}
	ofInstance = all([]string{firewall, cleanLog, ownCA, replicas}, measured)
)

// ofMetrics are the pages that ask for metrics, but for the one that answers for it; ofLogs
// likewise for logs. Google's tell of requests that no instance took.
var (
	ofMetrics = all(but(cpu, measured), []string{fewErrors, inTime, capacity})
	ofLogs    = []string{codeLog, starts}
)

// providerFaults are those of which only the provider can tell.
var providerFaults = slices.Concat(instanceFaults, refusals)

// instanceFaults are those of the database.
var instanceFaults = []Fault{
	{
		Name:    "instance-stopped",
		Summary: "The owner stopped the database instance.",
		Page:    instanceUp, Verdict: failed,
		Blocks: all([]string{reachable, speaksTLS, certificate, credentials}, loggedIn, monitored, measured),
		apply: both(
			func(_ context.Context, s *Stack) error { return s.database.Halt() },
			told(
				together(awsStatus("stopped"), awsUnmeasured("AWS/RDS")),
				together(func(state *gcpfake.State) { state.Instances[0].Settings.ActivationPolicy = "NEVER" }, gcpUnmeasured(ofADatabase))),
		),
	},
	{
		Name:    "instance-gone",
		Summary: "The provider has no instance of the name that the stack gives.",
		Page:    instanceUp, Verdict: failed, Blocks: ofInstance,
		apply: told(
			func(state *awsfake.State) { state.Instances = nil },
			func(state *gcpfake.State) { state.Instances = nil }),
	},
	{
		Name:    "instance-changing",
		Summary: "The instance is being changed, which no run can judge.",
		Page:    instanceUp, Verdict: inconclusive, Reason: tooEarly,
		apply: told(awsStatus("modifying"), func(state *gcpfake.State) { state.Instances[0].State = "MAINTENANCE" }),
	},
	{
		Name:    "database-cpu-saturated",
		Summary: "The database's processors are in use at 95 %.",
		Page:    cpu, Verdict: failed,
		apply: told(awsMeasures("CPUUtilization", 95), gcpMeasures("database/cpu/utilization", 0.95)),
	},
	{
		Name:    "database-storage-full",
		Summary: "The database's disk is in use at 98 %.",
		Page:    storage, Verdict: failed,
		apply: told(awsMeasures("FreeStorageSpace", 0.4*gib), gcpMeasures("database/disk/utilization", 0.98)),
	},
	{
		Name:    "database-memory-full",
		Summary: "The database has no memory left for another session.",
		Page:    memory, Verdict: failed,
		apply: told(awsMeasures("FreeableMemory", 0.015*gib), gcpMeasures("database/memory/utilization", 0.97)),
	},
	{
		Name:    "database-metrics-missing",
		Summary: "The provider has measured nothing of the database yet.",
		Page:    cpu, Verdict: inconclusive, Reason: noData, Blinds: []string{storage, memory},
		apply: told(awsUnmeasured("AWS/RDS"), gcpUnmeasured(ofADatabase)),
	},
	{
		Name:    "database-open-to-the-world",
		Summary: "The database has a public address, and every address is let in to it.",
		Page:    firewall, Verdict: failed,
		apply: told(awsAdmits("0.0.0.0/1", "128.0.0.0/1"), gcpAdmits("0.0.0.0/0")),
	},
	{
		Name:    "database-firewall-closed",
		Summary: "No rule lets anyone in to the database.",
		Page:    firewall, Verdict: failed,
		apply: told(awsAdmits(), gcpAdmits()),
	},
	{
		Name:    "database-log-fatal",
		Summary: "The database refuses sessions of the app, and only its log tells.",
		Page:    cleanLog, Verdict: failed,
		apply: told(awsLogFile(lockedOut...), gcpLogs(lockedOut...)),
	},
	{
		Name:    "database-authority-ending",
		Summary: "The instance's certificate is from an authority that has ended, or ends in 3 days.",
		Page:    ownCA, Verdict: failed,
		apply: told(
			func(state *awsfake.State) { state.Instances[0].CA = "rds-ca-2019" },
			func(state *gcpfake.State) {
				state.Instances[0].ServerCACert.ExpirationTime = time.Now().Add(3 * day).UTC().Format(time.RFC3339)
			}),
	},
	{
		Name:    "database-replica-behind",
		Summary: "A replica is five minutes behind.",
		Page:    replicas, Verdict: failed,
		apply: told(awsFollowed(5*time.Minute), gcpFollowed(5*time.Minute)),
	},
	{
		Name:    "database-proxy-without-target",
		Summary: "The RDS Proxy cannot log in to the database.",
		Page:    proxied, Verdict: failed, Flavours: []string{AWS},
		apply: told(func(state *awsfake.State) {
			state.Proxies[0].Targets[0] = awsfake.Target{
				ID: instanceID, State: "UNAVAILABLE", Reason: "AUTH_FAILURE", Description: "Proxy does not have any registered credentials",
			}
		}, nil),
	},
	{
		Name:    "instance-denied",
		Summary: "The runner may not ask about the instance.",
		Page:    instanceUp, Verdict: inconclusive, Reason: noPermission, Blinds: ofInstance,
		apply: denied("rds:DescribeDBInstances", gcpfake.InstancesGet),
	},
	{
		Name:    "database-firewall-denied",
		Summary: "The runner may not read security groups.",
		Page:    firewall, Verdict: inconclusive, Reason: noPermission, Flavours: []string{AWS},
		apply: denied("ec2:DescribeSecurityGroups", ""),
	},
	{
		Name:    "database-proxy-denied",
		Summary: "The runner may not ask about proxies.",
		Page:    proxied, Verdict: inconclusive, Reason: noPermission, Flavours: []string{AWS},
		apply: denied("rds:DescribeDBProxies", ""),
	},
	{
		Name:    "instance-throttled",
		Summary: "The provider never has time for a question about the instance.",
		Page:    instanceUp, Verdict: inconclusive, Reason: tooOften, Blinds: ofInstance,
		apply: throttled("rds:DescribeDBInstances", gcpfake.InstancesGet),
	},
	{
		Name:    "database-firewall-throttled",
		Summary: "The provider never has time for a question about security groups.",
		Page:    firewall, Verdict: inconclusive, Reason: tooOften, Flavours: []string{AWS},
		apply: throttled("ec2:DescribeSecurityGroups", ""),
	},
	{
		Name:    "database-proxy-throttled",
		Summary: "The provider never has time for a question about proxies.",
		Page:    proxied, Verdict: inconclusive, Reason: tooOften, Flavours: []string{AWS},
		apply: throttled("rds:DescribeDBProxies", ""),
	},
}

// refusals are of questions that pages about the database, the function and the gateway
// have in common.
var refusals = slices.Concat(
	also(Fault{
		Name:    "database-metrics-denied",
		Summary: "The runner may not ask for metrics.",
		Page:    cpu, Verdict: inconclusive, Reason: noPermission, Blinds: ofMetrics,
		apply: denied("cloudwatch:GetMetricData", gcpfake.TimeSeriesList),
	}, []string{endsWell}, nil),
	also(Fault{
		Name:    "database-metrics-throttled",
		Summary: "The provider never has time for a question about metrics.",
		Page:    cpu, Verdict: inconclusive, Reason: tooOften, Blinds: ofMetrics,
		apply: throttled("cloudwatch:GetMetricData", gcpfake.TimeSeriesList),
	}, []string{endsWell}, nil),
	also(Fault{
		Name:    "database-log-denied",
		Summary: "The runner may not read logs.",
		Page:    cleanLog, Verdict: inconclusive, Reason: noPermission, Blinds: ofLogs,
		apply: denied("logs:FilterLogEvents", gcpfake.EntriesList),
	}, []string{accessLog}, []string{fewErrors, capacity}),
	also(Fault{
		Name:    "database-log-throttled",
		Summary: "The provider never has time for a question about logs.",
		Page:    cleanLog, Verdict: inconclusive, Reason: tooOften, Blinds: ofLogs,
		apply: throttled("logs:FilterLogEvents", gcpfake.EntriesList),
	}, []string{accessLog}, []string{fewErrors, capacity}),
)
