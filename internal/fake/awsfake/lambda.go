package awsfake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// latest is the version that changes with each deployment.
const latest = "$LATEST"

// lambdaCall is what the calls about one function have in common. The name may
// be an ARN, and may hold the qualifier.
type lambdaCall struct {
	FunctionName, Qualifier string
	InvocationType          string
	Payload                 []byte
}

// of reads the request and finds the function it is about, at the version that
// is meant.
func (l *lambdaCall) of(s State, in input) (Function, error) {
	if err := in.into(l); err != nil {
		return Function{}, err
	}
	name := l.FunctionName
	if _, after, ok := strings.Cut(name, ":function:"); ok {
		name = after
	}
	name, qualifier, _ := strings.Cut(name, ":")
	if qualifier == "" {
		qualifier = l.Qualifier
	}
	arn := s.functionARN(name)
	n := slices.IndexFunc(s.Functions, func(f Function) bool { return f.Name == name })
	if n < 0 {
		return Function{}, missing("Function not found: %s", arn)
	}
	f := s.Functions[n]
	f.arn, f.version = arn, latest
	if qualifier != "" && qualifier != latest {
		f.arn += ":" + qualifier
		f.version = f.Aliases[qualifier]
		if f.version == "" {
			return Function{}, missing("Function not found: %s", f.arn)
		}
	}
	return f, nil
}

func missing(format string, args ...any) fault {
	return fault{http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf(format, args...)}
}

func (s State) functionARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.Region, s.Account, name)
}

type functionConfiguration struct {
	FunctionName, FunctionArn, Version string
	Runtime                            string `json:",omitempty"`
	PackageType                        string
	Timeout, MemorySize                int
	LastModified                       string

	State, StateReason, StateReasonCode                                  string `json:",omitempty"`
	LastUpdateStatus, LastUpdateStatusReason, LastUpdateStatusReasonCode string `json:",omitempty"`

	SnapStart     snapStart
	VpcConfig     *vpcConfig `json:",omitempty"`
	LoggingConfig loggingConfig
	Environment   *environment `json:",omitempty"`
}

type snapStart struct{ ApplyOn, OptimizationStatus string }

type vpcConfig struct {
	VpcId            string
	SubnetIds        []string
	SecurityGroupIds []string
}

type loggingConfig struct {
	LogFormat, LogGroup                 string
	ApplicationLogLevel, SystemLogLevel string `json:",omitempty"`
}

type environment struct{ Variables map[string]string }

func getFunctionConfiguration(s State, in input) (any, error) {
	var asked lambdaCall
	f, err := asked.of(s, in)
	if err != nil {
		return nil, err
	}
	out := functionConfiguration{
		FunctionName: f.Name, FunctionArn: f.arn, Version: f.version, Runtime: f.Runtime, PackageType: "Zip",
		Timeout: f.Timeout, MemorySize: f.MemoryMiB, LastModified: f.modified(),
		State: f.State, StateReason: f.StateReason, StateReasonCode: f.StateReasonCode,
		LastUpdateStatus: f.LastUpdateStatus, LastUpdateStatusReason: f.LastUpdateStatusReason,
		LastUpdateStatusReasonCode: f.LastUpdateStatusReasonCode,
		SnapStart:                  f.snapStart(),
		LoggingConfig:              loggingConfig{"Text", "/aws/lambda/" + f.Name, "", ""},
	}
	if f.Runtime == "" {
		out.PackageType = "Image"
	}
	if f.LogGroup != "" {
		out.LoggingConfig.LogGroup = f.LogGroup
	}
	if f.SystemLogLevel != "" {
		out.LoggingConfig.LogFormat, out.LoggingConfig.SystemLogLevel, out.LoggingConfig.ApplicationLogLevel = "JSON", f.SystemLogLevel, "INFO"
	}
	if f.Subnets != nil {
		out.VpcConfig = &vpcConfig{"vpc-0a1b2c3d4e5f60718", f.Subnets, []string{"sg-0a1b2c3d4e5f60718"}}
	}
	if f.Environment != nil {
		out.Environment = &environment{f.Environment}
	}
	return out, nil
}

// snapStart takes effect on published versions.
func (f Function) snapStart() snapStart {
	switch {
	case f.SnapStart == "":
		return snapStart{"None", "Off"}
	case f.version == latest:
		return snapStart{f.SnapStart, "Off"}
	}
	return snapStart{f.SnapStart, "On"}
}

func (f Function) modified() string {
	at := f.Modified
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	return at.UTC().Format("2006-01-02T15:04:05.000+0000")
}

func getFunctionConcurrency(s State, in input) (any, error) {
	var asked lambdaCall
	f, err := asked.of(s, in)
	return struct {
		ReservedConcurrentExecutions *int `json:",omitempty"`
	}{f.Reserved}, err
}

func getAccountSettings(s State, _ input) (any, error) {
	type accountLimit struct {
		ConcurrentExecutions, UnreservedConcurrentExecutions int
		TotalCodeSize                                        int64
	}
	limit := accountLimit{s.Concurrency, s.Concurrency, 75 << 30}
	for _, f := range s.Functions {
		if f.Reserved != nil {
			limit.UnreservedConcurrentExecutions -= *f.Reserved
		}
	}
	return struct {
		AccountLimit accountLimit
		AccountUsage struct{ FunctionCount int }
	}{limit, struct{ FunctionCount int }{len(s.Functions)}}, nil
}

// invocation is an answer of a function in place of the service's own.
type invocation struct {
	status  int
	header  map[string]string
	payload []byte
}

func (i invocation) headers() (int, map[string]string) {
	if i.header == nil {
		return i.status, map[string]string{}
	}
	return i.status, i.header
}

// invoke runs nothing: a function answers what the State says.
func invoke(s State, in input) (any, error) {
	var asked lambdaCall
	f, err := asked.of(s, in)
	if err != nil {
		return nil, err
	}
	switch {
	case asked.InvocationType == "DryRun":
		return invocation{status: http.StatusNoContent}, nil
	case f.Reserved != nil && *f.Reserved == 0:
		return invocation{http.StatusTooManyRequests, map[string]string{errorType: "TooManyRequestsException"},
			[]byte(`{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`)}, nil
	case f.State != "Active":
		return nil, fault{http.StatusConflict, "ResourceConflictException",
			"The operation cannot be performed at this time. The function is currently in the following state: " + f.State}
	}
	header := map[string]string{"X-Amz-Executed-Version": f.version}
	if f.FunctionError != "" {
		header["X-Amz-Function-Error"] = f.FunctionError
	}
	return invocation{http.StatusOK, header, []byte(f.Answer)}, nil
}
