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
	Functions      []Function
	Concurrency    int // executions at once that the account may have
	Gateways       []Gateway
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

// Function is a function of Lambda.
type Function struct {
	Name               string
	Runtime            string            // "" = a container image
	Timeout, MemoryMiB int               // seconds
	Aliases            map[string]string // version by alias
	Environment        map[string]string
	Modified           time.Time // zero = the Unix epoch

	State, StateReason, StateReasonCode                                  string
	LastUpdateStatus, LastUpdateStatusReason, LastUpdateStatusReasonCode string

	SnapStart string   // "PublishedVersions"; "" = none
	Subnets   []string // of the VPC that its code reaches; none = it is in no VPC

	Reserved       *int   // concurrency; nil = none is reserved
	LogGroup       string // "" = the one Lambda makes
	SystemLogLevel string // of the JSON format; "" = the text format

	Answer        string // what an invocation returns
	FunctionError string // "Unhandled"; "" = none

	arn, version string // as asked for
}

// Gateway is an API of API Gateway.
type Gateway struct {
	ID, Name string
	Protocol string // HTTP or WEBSOCKET of version 2, REST of version 1
	CORS     *CORS
	Stages   []Stage
}

// CORS is how an HTTP API answers browsers.
type CORS struct {
	Credentials bool     `json:"allowCredentials,omitempty"`
	Origins     []string `json:"allowOrigins,omitempty"`
	Methods     []string `json:"allowMethods,omitempty"`
	Headers     []string `json:"allowHeaders,omitempty"`
	MaxAge      int      `json:"maxAge,omitempty"` // seconds
}

// Stage is a stage of a Gateway.
type Stage struct {
	Name              string
	Throttle                               // of every route
	Routes            map[string]*Throttle // by "GET /orders"
	AccessLogARN      string               // "" = none
	AccessLogFormat   string
	LoggingLevel      string // of a REST API's own log; "" = OFF
	DeploymentMessage string
}

// Throttle limits a route; nil = not set.
type Throttle struct {
	Rate  *float64 `json:"throttlingRateLimit,omitempty"`
	Burst *int     `json:"throttlingBurstLimit,omitempty"`
}

// LogEvent is a line in a log group.
type LogEvent struct {
	Time    time.Time
	Stream  string
	Message string
}

// Metric names a series of CloudWatch by its dimensions: one, and the Stage of
// a gateway where it has that too.
type Metric struct {
	Namespace, Name, Dimension, Value string
	Stage                             string
}

// Point is a data point of a Metric.
type Point struct {
	Time    time.Time
	Value   float64
	Samples int // that had this value; 0 = one
}
