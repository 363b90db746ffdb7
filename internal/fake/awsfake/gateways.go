package awsfake

import (
	"net/http"
	"slices"
	"strings"
)

// gatewayCall is what the calls about one gateway have in common.
type gatewayCall struct {
	APIID, StageName string
	NextToken        string `json:"nextToken"`
}

func (g *gatewayCall) of(s State, in input, rest bool) (Gateway, error) {
	if err := in.into(g); err != nil {
		return Gateway{}, err
	}
	n := slices.IndexFunc(s.Gateways, func(found Gateway) bool {
		return found.ID == g.APIID && (found.Protocol == "REST") == rest
	})
	if n < 0 {
		return Gateway{}, fault{http.StatusNotFound, "NotFoundException", "Invalid API identifier specified " + s.Account + ":" + g.APIID}
	}
	return s.Gateways[n], nil
}

func (g gatewayCall) stage(found Gateway) (Stage, error) {
	n := slices.IndexFunc(found.Stages, func(s Stage) bool { return s.Name == g.StageName })
	if n < 0 {
		return Stage{}, fault{http.StatusNotFound, "NotFoundException", "Invalid stage identifier specified"}
	}
	return found.Stages[n], nil
}

type accessLogSettings struct {
	DestinationArn string `json:"destinationArn"`
	Format         string `json:"format"`
}

func (s Stage) accessLog() *accessLogSettings {
	if s.AccessLogARN == "" {
		return nil
	}
	return &accessLogSettings{s.AccessLogARN, s.AccessLogFormat}
}

type api struct {
	ID       string `json:"apiId"`
	Name     string `json:"name"`
	Protocol string `json:"protocolType"`
	Endpoint string `json:"apiEndpoint"`
	Route    string `json:"routeSelectionExpression"`
	CORS     *CORS  `json:"corsConfiguration,omitempty"`
}

func getAPI(s State, in input) (any, error) {
	var asked gatewayCall
	g, err := asked.of(s, in, false)
	return api{
		g.ID, g.Name, g.Protocol, "https://" + g.ID + ".execute-api." + s.Region + ".amazonaws.com", "$request.method $request.path", g.CORS,
	}, err
}

type apiStage struct {
	Name       string               `json:"stageName"`
	AutoDeploy bool                 `json:"autoDeploy"`
	Message    string               `json:"lastDeploymentStatusMessage,omitempty"`
	Default    routeSettings        `json:"defaultRouteSettings"`
	Routes     map[string]*Throttle `json:"routeSettings"`
	AccessLog  *accessLogSettings   `json:"accessLogSettings,omitempty"`
}

type routeSettings struct {
	Metrics bool `json:"detailedMetricsEnabled"`
	Throttle
}

func (s Stage) api() apiStage {
	return apiStage{s.Name, true, s.DeploymentMessage, routeSettings{false, s.Throttle}, s.Routes, s.accessLog()}
}

func getAPIStage(s State, in input) (any, error) {
	var asked gatewayCall
	g, err := asked.of(s, in, false)
	if err != nil {
		return nil, err
	}
	stage, err := asked.stage(g)
	return stage.api(), err
}

func getAPIStages(s State, in input) (any, error) {
	var asked gatewayCall
	g, err := asked.of(s, in, false)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(g.Stages, asked.NextToken, s.pageSize(0))
	out := struct {
		Items     []apiStage `json:"items"`
		NextToken string     `json:"nextToken,omitempty"`
	}{[]apiStage{}, next}
	for _, stage := range page {
		out.Items = append(out.Items, stage.api())
	}
	return out, err
}

func getRestAPI(s State, in input) (any, error) {
	var asked gatewayCall
	g, err := asked.of(s, in, true)
	return struct {
		ID            string `json:"id"`
		Name          string `json:"name"`
		KeySource     string `json:"apiKeySource"`
		Configuration any    `json:"endpointConfiguration"`
	}{g.ID, g.Name, "HEADER", map[string][]string{"types": {"REGIONAL"}}}, err
}

type restAPIStage struct {
	Name       string                   `json:"stageName"`
	Deployment string                   `json:"deploymentId"`
	Methods    map[string]methodSetting `json:"methodSettings"`
	AccessLog  *accessLogSettings       `json:"accessLogSettings,omitempty"`
}

type methodSetting struct {
	Rate    float64 `json:"throttlingRateLimit"`
	Burst   int     `json:"throttlingBurstLimit"`
	Logging string  `json:"loggingLevel"`
	Metrics bool    `json:"metricsEnabled"`
}

// method names limits that are not set as off: REST APIs do so for every
// method that has settings.
func (s Stage) method(t Throttle) methodSetting {
	m := methodSetting{Rate: -1, Burst: -1, Logging: s.LoggingLevel}
	if m.Logging == "" {
		m.Logging = "OFF"
	}
	if t.Rate != nil {
		m.Rate = *t.Rate
	}
	if t.Burst != nil {
		m.Burst = *t.Burst
	}
	return m
}

func (s Stage) restAPI() restAPIStage {
	out := restAPIStage{s.Name, "d-1", map[string]methodSetting{}, s.accessLog()}
	if s.Throttle != (Throttle{}) || s.LoggingLevel != "" {
		out.Methods["*/*"] = s.method(s.Throttle)
	}
	for route, throttle := range s.Routes {
		method, path, _ := strings.Cut(route, " ")
		out.Methods[strings.NewReplacer("~", "~0", "/", "~1").Replace(path)+"/"+method] = s.method(*throttle)
	}
	return out
}

func getRestAPIStage(s State, in input) (any, error) {
	var asked gatewayCall
	g, err := asked.of(s, in, true)
	if err != nil {
		return nil, err
	}
	stage, err := asked.stage(g)
	return stage.restAPI(), err
}

func getRestAPIStages(s State, in input) (any, error) {
	var asked gatewayCall
	g, err := asked.of(s, in, true)
	stages := []restAPIStage{}
	for _, stage := range g.Stages {
		stages = append(stages, stage.restAPI())
	}
	return map[string]any{"item": stages}, err
}
