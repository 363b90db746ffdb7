package cloud

import (
	"context"
	"time"
)

// Gateways knows what a provider puts before functions to take requests.
type Gateways interface {
	// Gateway finds a gateway of any kind by its id, with one of its stages: the
	// one named, or, for "", the one that answers without a stage in its path,
	// or the only one. It fails with NotFound where there is no such gateway or
	// stage, with NotConfigured where stage is "" and there are several.
	Gateway(ctx context.Context, id, stage string) (Gateway, error)
}

// Gateway is what a provider knows of an API gateway and one stage of it.
type Gateway struct {
	ID    string
	Name  string // metrics of a RESTGateway use it in place of the ID
	Kind  GatewayKind
	Stage Stage
	CORS  CORS
}

// GatewayKind is a make of gateway.
type GatewayKind string

const (
	HTTPGateway      GatewayKind = "HTTP"      // API Gateway v2
	WebSocketGateway GatewayKind = "WEBSOCKET" // API Gateway v2
	RESTGateway      GatewayKind = "REST"      // API Gateway v1
)

// Stage is a deployment of a gateway that takes requests.
type Stage struct {
	Name   string
	Update Condition  // did its last deployment take effect
	Rate   Limit      // requests a second, on each route that sets no other
	Burst  Limit      // requests at once, likewise
	Routes []Throttle // routes with limits of their own, sorted by Route

	AccessLog       string // log group of the access log; "" = there is none
	AccessLogFormat string // how a line is made of the gateway's variables
	ExecutionLog    string // log group of the gateway's own messages; "" = there is none
}

// Throttle limits one route.
type Throttle struct {
	Route       string // "GET /orders"
	Rate, Burst Limit  // as in Stage
}

// Closed names the routes that refuse every request; none where all let some
// through.
func (s Stage) Closed() []string {
	var closed []string
	for _, r := range s.Routes {
		if r.Rate.Closed() || r.Burst.Closed() {
			closed = append(closed, r.Route)
		}
	}
	if s.Rate.Closed() || s.Burst.Closed() {
		closed = append(closed, "every route without limits of its own")
	}
	return closed
}

// CORS is what a gateway itself answers to browsers from elsewhere. Where it is
// Configured, such headers of the function behind are dropped.
type CORS struct {
	Configured  Answer // Unknown where settings of this kind do not tell
	Origins     []string
	Methods     []string
	Headers     []string
	Credentials bool
	MaxAge      time.Duration // 0 = not set
}
