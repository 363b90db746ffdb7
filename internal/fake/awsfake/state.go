package awsfake

import "time"

// State is what the stand-in holds. The zero State is an account without
// anything in it.
type State struct {
	Account   string // 12 digits
	Principal string // ARN of the caller
	Region    string // appears in ARNs only

	AccessKey, SecretKey string // the only credentials accepted; "" = any, unchecked

	Instances      []Instance
	Proxies        []Proxy
	SecurityGroups []SecurityGroup
	PrefixLists    map[string][]string // CIDRs by prefix list id
	LogGroups      map[string][]LogEvent
	Metrics        map[Metric][]Point

	// Most records on a page of any listing, for a client to be seen turning
	// pages; 0 = each service's own default.
	PageSize int
	// Every page of log events has an empty one with a token before it, as
	// FilterLogEvents is free to answer.
	EmptyPages bool
}

// Instance is a DB instance of RDS.
type Instance struct {
	ID, ResourceID, Cluster string
	Class, Engine, Version  string
	Status                  string
	StatusInfos             []StatusInfo
	Address                 string // "" = not yet known, as while it is created
	Port                    int
	Public                  bool
	AllocatedGiB            int
	MaxAllocatedGiB         int // 0 = no autoscaling
	SecurityGroups          []string
	CA                      string
	CertificateExpires      time.Time
	LogExports              []string // "postgresql", "upgrade"
	ReplicaOf               string
	Replicas                []string
	PendingClass            string // "" = none
	PendingPassword         bool
	LogFiles                []LogFile
}

// StatusInfo is what RDS adds to an instance's status.
type StatusInfo struct {
	StatusType string
	Normal     bool
	Status     string
	Message    string
}

// LogFile is a log file on an instance.
type LogFile struct {
	Name        string
	LastWritten time.Time
	Text        string
}

// Proxy is an RDS Proxy.
type Proxy struct {
	Name, Status, Endpoint string
	Endpoints              map[string]string // host by name, of the endpoints added to it
	Targets                []Target
}

// Target is a database behind a Proxy.
type Target struct {
	ID, Type                   string // Type "" = RDS_INSTANCE
	State, Reason, Description string // State "" = no health is told
}

// SecurityGroup is a firewall group of EC2.
type SecurityGroup struct {
	ID      string
	Ingress []Rule
}

// Rule lets sources in. Protocol "-1" is all of them, on every port.
type Rule struct {
	Protocol    string
	From, To    int
	CIDRs       []string
	IPv6CIDRs   []string
	Groups      []string
	PrefixLists []string
}

// LogEvent is a line in a log group.
type LogEvent struct {
	Time    time.Time
	Stream  string
	Message string
}

// Metric names a series of CloudWatch by its one dimension.
type Metric struct {
	Namespace, Name, Dimension, Value string
}

// Point is a data point of a Metric.
type Point struct {
	Time  time.Time
	Value float64
}
