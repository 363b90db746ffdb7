package local

import (
	"fmt"
	"time"

	"runbook/internal/fake/gcpfake"
)

const (
	gcpProject = "local-project"
	gcpRegion  = "europe-west1"
)

// gcpState describes the running database as Cloud SQL would, and the service of an API,
// on a good day.
func (s *Stack) gcpState() gcpfake.State {
	instance := gcpfake.NewInstance(gcpProject, instanceID)
	instance.IPAddresses = []gcpfake.IPMapping{{Address: address, Type: "PRIVATE"}}
	instance.ServerCACert.ExpirationTime = s.databaseCA.Ends().UTC().Format(time.RFC3339)
	state := gcpfake.State{Projects: []string{gcpProject}, Instances: []gcpfake.Instance{instance}}
	for name, value := range map[string]float64{
		"database/cpu/utilization": 0.12, "database/disk/utilization": 0.3, "database/memory/utilization": 0.4,
	} {
		gcpMeasures(name, value)(&state)
	}
	together(gcpLogs(goodDay...), gcpService())(&state)
	return state
}

func gcpMeasures(name string, value float64) func(*gcpfake.State) {
	return gcpMeasuresOf(instanceID, name, value)
}

func gcpMeasuresOf(id, name string, value float64) func(*gcpfake.State) {
	return shows(gcpfake.Series{Project: gcpProject, Instance: id, Metric: name}, []sample{{value, 1}})
}

func ofADatabase(s gcpfake.Series) bool { return s.Instance != "" }

// severities are Google's words for PostgreSQL's.
var severities = map[string]string{"LOG": "INFO", "ERROR": "ERROR", "FATAL": "CRITICAL", "PANIC": "EMERGENCY"}

func gcpLogs(lines ...entry) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		for _, line := range lines {
			state.Entries = append(state.Entries, gcpfake.Entry{
				Project: gcpProject, Instance: instanceID, Time: line.at(), Severity: severities[line.level],
				Text: fmt.Sprintf("%s [812]: [1-1] db=app,user=app %s:  %s", line.at().UTC().Format("2006-01-02 15:04:05.000 MST"), line.level, line.text),
			})
		}
	}
}

// gcpAdmits gives the instance a public address, alone, and these authorized
// networks.
func gcpAdmits(cidrs ...string) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		network := gcpfake.IPConfiguration{IPv4Enabled: true, SSLMode: "ENCRYPTED_ONLY"}
		for _, cidr := range cidrs {
			network.AuthorizedNetworks = append(network.AuthorizedNetworks, gcpfake.ACLEntry{Kind: "sql#aclEntry", Value: cidr})
		}
		state.Instances[0].Settings.IPConfiguration = &network
	}
}

func gcpFollowed(lag time.Duration) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		replica := gcpfake.NewInstance(gcpProject, replicaID)
		replica.InstanceType, replica.MasterInstanceName = "READ_REPLICA_INSTANCE", gcpProject+":"+instanceID
		state.Instances[0].ReplicaNames = []string{replicaID}
		state.Instances = append(state.Instances, replica)
		gcpMeasuresOf(replicaID, "database/replication/replica_lag", lag.Seconds())(state)
	}
}
