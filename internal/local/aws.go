package local

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"runbook/internal/fake/awsfake"
)

const (
	awsRegion    = "eu-west-1"
	awsAccessKey = "AKIALOCALSTACK000000"
	awsSecretKey = "local-stack-secret-access-key"

	securityGroup = "sg-0123456789abcdef0"
	appGroup      = "sg-0fedcba9876543210"
	prefixList    = "pl-0123456789abcdef0"
	proxyName     = "local-proxy"
	awsLogGroup   = "/aws/rds/instance/" + instanceID + "/postgresql"

	gib = 1 << 30
)

// awsState describes the running database as RDS would, and the function and the gateway
// of an API, on a good day.
func (s *Stack) awsState() awsfake.State {
	state := awsfake.State{
		Account: "000000000000", Principal: "arn:aws:iam::000000000000:user/smoke", Region: awsRegion,
		AccessKey: awsAccessKey, SecretKey: awsSecretKey,
		Instances: []awsfake.Instance{{
			ID: instanceID, ResourceID: "db-LOCAL0123456789ABCDEFGHIJ",
			Class: "db.t4g.medium", Engine: "postgres", Version: s.PostgreSQL,
			Status: "available", Address: address, Port: s.database.Port,
			AllocatedGiB: 20, MaxAllocatedGiB: 100,
			SecurityGroups: []string{securityGroup},
			CA:             "rds-ca-rsa2048-g1", CertificateExpires: s.certificateEnds,
			LogExports: []string{"postgresql"},
		}},
		SecurityGroups: []awsfake.SecurityGroup{{ID: securityGroup, Ingress: []awsfake.Rule{{
			Protocol: "tcp", From: s.database.Port, To: s.database.Port,
			CIDRs: []string{"10.0.0.0/8"}, Groups: []string{appGroup}, PrefixLists: []string{prefixList},
		}}}},
		PrefixLists: map[string][]string{prefixList: {"192.0.2.0/24"}},
		Proxies: []awsfake.Proxy{{
			Name: proxyName, Status: "available", Endpoint: proxyName + ".proxy-local.eu-west-1.rds.amazonaws.com",
			Targets: []awsfake.Target{{ID: instanceID, State: "AVAILABLE"}},
		}},
		Metrics:   map[awsfake.Metric][]awsfake.Point{},
		LogGroups: map[string][]awsfake.LogEvent{},
	}
	for name, value := range map[string]float64{
		"CPUUtilization": 12, "CPUCreditBalance": 288, "FreeStorageSpace": 14 * gib,
		"FreeableMemory": 2 * gib, "DiskQueueDepth": 0.1, "DatabaseConnections": 5,
	} {
		awsMeasures(name, value)(&state)
	}
	together(awsLogs(goodDay...), awsFunction(), awsGateway())(&state)
	return state
}

func awsMeasures(name string, value float64) func(*awsfake.State) {
	return awsMeasuresOf(instanceID, name, value)
}

func awsMeasuresOf(id, name string, value float64) func(*awsfake.State) {
	return func(state *awsfake.State) {
		var points []awsfake.Point
		for _, at := range minutes() {
			if name == "CPUCreditBalance" && at.Minute()%5 != 0 { // as RDS measures it
				continue
			}
			points = append(points, awsfake.Point{Time: at, Value: value})
		}
		state.Metrics[awsfake.Metric{Namespace: "AWS/RDS", Name: name, Dimension: "DBInstanceIdentifier", Value: id}] = points
	}
}

// awsLine is a line with the prefix that RDS has by default.
func (e entry) awsLine() string {
	return fmt.Sprintf("%s:10.1.2.3(51234):app@app:[812]:%s:  %s", e.at().UTC().Format("2006-01-02 15:04:05 MST"), e.level, e.text)
}

func awsLogs(lines ...entry) func(*awsfake.State) {
	return func(state *awsfake.State) {
		for _, line := range lines {
			event := awsfake.LogEvent{Time: line.at(), Stream: instanceID + ".0", Message: line.awsLine()}
			state.LogGroups[awsLogGroup] = append(state.LogGroups[awsLogGroup], event)
		}
	}
}

// awsLogFile keeps the log on the instance, as RDS does when it is told to export
// none.
func awsLogFile(lines ...entry) func(*awsfake.State) {
	return func(state *awsfake.State) {
		var text strings.Builder
		for _, line := range lines {
			fmt.Fprintln(&text, line.awsLine())
		}
		file := awsfake.LogFile{Name: "error/postgresql.log", LastWritten: time.Now(), Text: text.String()}
		state.Instances[0].LogExports, state.Instances[0].LogFiles = nil, []awsfake.LogFile{file}
	}
}

// awsUnmeasured takes away all metrics of these namespaces.
func awsUnmeasured(namespaces ...string) func(*awsfake.State) {
	return func(state *awsfake.State) {
		maps.DeleteFunc(state.Metrics, func(m awsfake.Metric, _ []awsfake.Point) bool { return slices.Contains(namespaces, m.Namespace) })
	}
}

func awsStatus(status string) func(*awsfake.State) {
	return func(state *awsfake.State) { state.Instances[0].Status = status }
}

// awsAdmits makes the security group admit these ranges alone; none: nobody.
func awsAdmits(cidrs ...string) func(*awsfake.State) {
	return func(state *awsfake.State) {
		rule := awsfake.Rule{Protocol: "-1", CIDRs: cidrs}
		state.SecurityGroups[0].Ingress = nil
		if len(cidrs) > 0 {
			state.Instances[0].Public = true
			state.SecurityGroups[0].Ingress = []awsfake.Rule{rule}
		}
	}
}

func awsFollowed(lag time.Duration) func(*awsfake.State) {
	return func(state *awsfake.State) {
		replica := state.Instances[0]
		replica.ID, replica.ResourceID, replica.ReplicaOf = replicaID, "db-REPLICA0123456789ABCDEFGH", instanceID
		state.Instances[0].Replicas = []string{replicaID}
		state.Instances = append(state.Instances, replica)
		awsMeasuresOf(replicaID, "ReplicaLag", lag.Seconds())(state)
	}
}
