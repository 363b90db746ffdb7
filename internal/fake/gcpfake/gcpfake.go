// Package gcpfake stands in for the control plane of Google Cloud: Cloud SQL
// Admin, Cloud Monitoring, Cloud Logging, Resource Manager and the OAuth 2.0
// token endpoint, as far as a troubleshooting runbook reads them, over REST and
// JSON as Google publishes them. The real client libraries and gcloud read it
// without knowing.
//
// What it holds and which questions it refuses is set by Go code. What it does
// not understand, a filter, an aggregation, a path, it refuses: it never
// answers a question it was not asked.
package gcpfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// Cloud is the control plane of a few projects. It is an http.Handler and safe
// for concurrent use.
type Cloud struct {
	mux     *http.ServeMux
	account *serviceAccount

	mu        sync.Mutex
	projects  []string
	instances map[string]Instance // by PROJECT:NAME
	series    []Series
	entries   []Entry
	faults    map[Method]*fault
	used      []string
	page      paging
}

// New returns a control plane that knows these projects, with nothing in them.
// The first is the one its service account belongs to.
func New(project string, others ...string) *Cloud {
	c := &Cloud{
		mux:       http.NewServeMux(),
		account:   newServiceAccount(project),
		projects:  append([]string{project}, others...),
		instances: map[string]Instance{},
		faults:    map[Method]*fault{},
	}
	c.mux.HandleFunc("POST /token", c.issueToken)
	for _, version := range []string{"/v1", "/sql/v1beta4"} {
		instance := "GET " + version + "/projects/{project}/instances/{instance}"
		c.handle(instance, InstancesGet, c.getInstance)
		c.handle(instance+"/listServerCas", ListServerCas, c.listServerCas)
		c.handle(instance+"/listServerCertificates", ListServerCertificates, c.listServerCertificates)
	}
	c.handle("GET /v3/projects/{project}/timeSeries", TimeSeriesList, c.listTimeSeries)
	c.handle("POST /v2/entries:list", EntriesList, c.listEntries)
	c.handle("POST /v1/projects/{action}", TestIamPermissions, c.testIamPermissions)
	c.handle("POST /v3/projects/{action}", TestIamPermissions, c.testIamPermissions)
	return c
}

// ServeHTTP answers as Google does; a path it does not serve is a 404.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := c.mux.Handler(r); pattern == "" {
		methodNotFound().write(w)
		return
	}
	c.mux.ServeHTTP(w, r)
}

// Used returns the IAM permission that each call so far needed, granted or
// not, in the order of the calls.
func (c *Cloud) Used() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.used)
}

// handle serves a method once the caller, the service and its permission are
// in order. The answer is the value to encode, or an *apiError.
func (c *Cloud) handle(pattern string, m Method, answer func(*http.Request) (any, error)) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := c.admitted(m, r, answer)
		if err != nil {
			asAPIError(err).write(w)
			return
		}
		writeJSON(w, http.StatusOK, v)
	})
}

func (c *Cloud) admitted(m Method, r *http.Request, answer func(*http.Request) (any, error)) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.account.check(r); err != nil {
		return nil, err
	}
	if err := c.refusal(m, r.PathValue("instance")); err != nil {
		return nil, err
	}
	if project := r.PathValue("project"); project != "" && !slices.Contains(c.projects, project) {
		return nil, permissionDenied(m, project)
	}
	return answer(r)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // fails when the client has gone: nobody to tell
}
