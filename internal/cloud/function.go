package cloud

import (
	"context"
	"time"
)

// Functions knows the code a provider runs on request: a Lambda function, a
// Cloud Run service.
type Functions interface {
	// Function accepts every form in which deployment tools hand out a
	// function's name, and fails with NotFound where there is no such function.
	Function(ctx context.Context, id string) (Function, error)
}

// Function is what a provider knows of a function. It holds all that the other
// questions about it need, and nothing of its environment variables.
type Function struct {
	ID        string // the name that metrics, logs and the provider's CLI use
	Qualifier string // the alias or version that was asked for; "" = none
	Account   string // AWS account or Google Cloud project it is in; "" = the caller's own
	Region    string // "" = the caller's own

	Serving Condition // does it answer requests
	Update  Condition // did its last deployment take effect; Down = the one before goes on serving
	Version string    // version or revision that answers; "" = the provider does not say, or several do
	Newest  string    // version or revision made last, which differs from Version while it is not ready; "" likewise
	Changed time.Time // when it was last deployed or its settings changed; zero = the provider does not tell

	Hosts []string // under which the provider itself serves it; none = it does not say

	Timeout    time.Duration // of one request; 0 = unknown
	Memory     int64         // bytes; 0 = unknown
	Runtime    string        // the provider's word: "nodejs20.x"; "" = a container image
	Deprecated Answer        // does the provider no longer maintain the runtime
	Start      string        // settings that make its starts slower or quicker, in the provider's words; "" = none are known
	Log        FunctionLog
}

// FunctionLog is where and how a function's log is written.
type FunctionLog struct {
	Place  string // a log group, a log's name
	Format string // the provider's word: "Text", "JSON"; "" = it has one only
	Level  string // the least severity kept of the platform's own lines: "INFO", "WARN"; "" = all are
}

// Capacities knows how much of a function may run at the same time.
type Capacities interface {
	// Capacity returns, beside an error, what could be read.
	Capacity(ctx context.Context, f Function) (Capacity, error)
}

// Capacity counts instances: the processes that answer requests.
type Capacity struct {
	Max         Limit // reserved concurrency, maximum instances; Closed = every request is refused
	Min         Limit // kept ready while there are no requests: minimum instances
	Account     Limit // for all functions of the account and region together
	PerInstance Limit // requests one instance answers at a time
}

// Validators checks requests to functions without making them.
type Validators interface {
	// Validate fails with NoPermission where the caller may not invoke f. It
	// runs no code of it.
	Validate(ctx context.Context, f Function) error
}

// Invokers runs functions, with all that they do.
type Invokers interface {
	// Invoke sends one request to f, once. The error is about the provider;
	// whether f did its work is in the Invocation.
	Invoke(ctx context.Context, f Function, payload []byte) (Invocation, error)
}

// Invocation is how one request to a function ended.
type Invocation struct {
	Version string        // version or revision that answered; "" = not told
	Failed  string        // the provider's word for how f failed: "Unhandled", "503 Service Unavailable"; "" = it did not
	Payload []byte        // what f answered, at most MaxPayload bytes; may hold anything
	Took    time.Duration // from here: with the way there and back
}

// MaxPayload bounds the bytes of an answer that are kept: enough for an error
// with its stack trace.
const MaxPayload = 64 << 10
