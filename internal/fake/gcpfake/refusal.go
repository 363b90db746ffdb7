package gcpfake

import (
	"net/http"
	"strings"
)

// The actions that can be asked, by the IAM permission each needs.
const (
	InstancesGet           = "cloudsql.instances.get"
	ListServerCas          = "cloudsql.instances.listServerCas"
	ListServerCertificates = "cloudsql.instances.listServerCertificates"
	ServicesGet            = "run.services.get"
	TimeSeriesList         = "monitoring.timeSeries.list"
	EntriesList            = "logging.logEntries.list"
	// RoutesInvoke is never called for here, only asked about.
	RoutesInvoke = "run.routes.invoke"
	// To ask about permissions needs none; it goes by the methods' own ids.
	TestIamPermissions     = "cloudresourcemanager.projects.testIamPermissions"
	TestServicePermissions = "run.projects.locations.services.testIamPermissions"
)

// Refusal is why Google turns a call away before it looks at what is asked.
type Refusal string

const (
	Denied    Refusal = "denied"    // the caller lacks the permission
	Throttled Refusal = "throttled" // the quota is used up
	Disabled  Refusal = "disabled"  // the API is switched off in the project
	Broken    Refusal = "broken"    // the front end gets no answer from what is behind it
)

type refusal struct {
	why   Refusal
	times int
}

// Refuse lets the next calls of an action fail, that many times or Forever;
// 0 times ends it.
func (s *Server) Refuse(action string, why Refusal, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[action] = &refusal{why, times}
}

// refused returns the error that a call of action about an instance ends in
// before it is looked at, nil when it does not.
func (s *Server) refused(action, instance string) error {
	r := s.refusals[action]
	if r == nil || r.times == 0 {
		return nil
	}
	r.times = max(r.times-1, Forever)
	switch r.why {
	case Denied:
		return permissionDenied(action, instance)
	case Throttled:
		return rateLimitExceeded(action)
	case Disabled:
		return serviceDisabled(action, s.state.Projects[0])
	}
	return &apiError{code: http.StatusBadGateway}
}

// granted reports whether the caller has a permission.
func (s *Server) granted(permission string) bool {
	r := s.refusals[permission]
	return r == nil || r.times == 0 || r.why != Denied
}

// service is the name under which an action's API is switched on and metered.
func service(action string) string {
	api, _, _ := strings.Cut(action, ".")
	if api == "cloudsql" {
		api = "sqladmin"
	}
	return api + ".googleapis.com"
}

// titles are the names of the APIs.
var titles = map[string]string{
	"sqladmin.googleapis.com":             "Cloud SQL Admin API",
	"run.googleapis.com":                  "Cloud Run Admin API",
	"monitoring.googleapis.com":           "Cloud Monitoring API",
	"logging.googleapis.com":              "Cloud Logging API",
	"cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
}
