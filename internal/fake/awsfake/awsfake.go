// Package awsfake is a stand-in for the control plane of AWS, at wire level:
// the AWS SDKs and the AWS CLI cannot tell its answers from the real ones. It
// knows the calls that ask about a managed PostgreSQL database, a function and
// the gateway before it: of STS, RDS, EC2, Lambda, API Gateway, CloudWatch and
// CloudWatch Logs.
//
// One URL serves all services, as AWS_ENDPOINT_URL wants it. It answers in the
// protocol it is asked in, with that protocol's own errors, and only to who
// signs. It changes nothing of what it holds: the state is set from Go.
package awsfake

import (
	"io"
	"net/http"
	"slices"
	"sync"
)

// Forever as a number of times has no end.
const Forever = -1

// Server is the stand-in. It is safe for concurrent use, also while its state
// is changed.
type Server struct {
	mu       sync.Mutex
	state    State
	refusals map[string]*refusal
	actions  []string
}

type refusal struct {
	why   Refusal
	times int
}

// New returns a Server that shows state.
func New(state State) *Server {
	return &Server{state: state, refusals: map[string]*refusal{}}
}

// Update changes what the server shows.
func (s *Server) Update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// Refuse lets the next calls of an action ("rds:DescribeDBInstances") fail,
// that many times or Forever; 0 times ends it.
func (s *Server) Refuse(action string, why Refusal, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[action] = &refusal{why, times}
}

// Actions returns every signed call so far, in order, as IAM names the action.
func (s *Server) Actions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.actions)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c, err := read(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := s.answer(c, r, body)
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a client that is gone needs no answer
}

func (s *Server) answer(c call, r *http.Request, body []byte) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := s.state.authenticate(r, body); why != "" {
		return c.refuse(why, s.state)
	}
	operation, known := operations[c.operation]
	if !known {
		return c.refuse(unknownOperation, s.state)
	}
	action := c.action()
	s.actions = append(s.actions, action)
	if refused := s.refusals[action]; refused != nil && refused.times != 0 {
		refused.times = max(refused.times-1, Forever)
		return c.refuse(refused.why, s.state)
	}
	out, err := operation.answer(s.state, c.input)
	if err != nil {
		return c.fail(err)
	}
	return c.reply(out)
}

// operations are the calls the stand-in knows, by the name AWS gives them where
// no two have the same.
var operations = map[string]struct {
	service string // as IAM spells it
	answer  func(State, input) (any, error)
}{
	"GetCallerIdentity":           {"sts", callerIdentity},
	"DescribeDBInstances":         {"rds", describeDBInstances},
	"DescribeDBLogFiles":          {"rds", describeDBLogFiles},
	"DownloadDBLogFilePortion":    {"rds", downloadDBLogFilePortion},
	"DescribeDBProxies":           {"rds", describeDBProxies},
	"DescribeDBProxyEndpoints":    {"rds", describeDBProxyEndpoints},
	"DescribeDBProxyTargets":      {"rds", describeDBProxyTargets},
	"DescribeSecurityGroups":      {"ec2", describeSecurityGroups},
	"GetManagedPrefixListEntries": {"ec2", getManagedPrefixListEntries},
	"GetMetricData":               {"cloudwatch", getMetricData},
	"FilterLogEvents":             {"logs", filterLogEvents},
	"GetFunctionConfiguration":    {"lambda", getFunctionConfiguration},
	"GetFunctionConcurrency":      {"lambda", getFunctionConcurrency},
	"GetAccountSettings":          {"lambda", getAccountSettings},
	"Invoke":                      {"lambda", invoke},
	"GetApi":                      {"apigateway", getAPI},
	"GetApiStages":                {"apigateway", getAPIStages}, // GetStages of version 2
	"GetApiStage":                 {"apigateway", getAPIStage},
	"GetRestApi":                  {"apigateway", getRestAPI},
	"GetRestApiStages":            {"apigateway", getRestAPIStages}, // GetStages of version 1
	"GetRestApiStage":             {"apigateway", getRestAPIStage},
}

// action is the call as IAM names it: by what is done, not by how it is asked.
func (c call) action() string {
	service := operations[c.operation].service
	switch {
	case service == "apigateway":
		return "apigateway:GET"
	case c.operation == "Invoke":
		return "lambda:InvokeFunction"
	}
	return service + ":" + c.operation
}
