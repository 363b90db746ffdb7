// Package gcpfake is a stand-in for the control plane of Google Cloud, over REST
// and JSON as Google publishes it: Cloud SQL Admin, Cloud Run Admin, Cloud
// Monitoring, Cloud Logging, Resource Manager and the OAuth 2.0 token endpoint,
// as far as they tell about a managed PostgreSQL database and a service that
// answers requests. The client libraries and gcloud cannot tell its answers
// from the real ones.
//
// One URL serves all of them. It changes nothing of what it holds: the state is
// set from Go. What it does not understand, a filter, an aggregation, a path,
// it refuses: it never answers a question it was not asked.
package gcpfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// Forever as a number of times has no end.
const Forever = -1

// Server is the stand-in. It is safe for concurrent use, also while its state
// is changed.
type Server struct {
	mux     *http.ServeMux
	account *serviceAccount

	mu       sync.Mutex
	state    State
	refusals map[string]*refusal
	actions  []string
	billed   []string
}

// State is what the stand-in holds.
type State struct {
	Projects []string // those that exist, by id

	Instances []Instance
	Services  []Service
	Series    []Series
	Entries   []Entry

	// Most items on a page of any listing, for a client to be seen turning
	// pages; 0 = as many as are asked for.
	PageSize int
	// Every page has an empty one with a token before it, as Google is free to
	// answer while it is still looking.
	EmptyPages bool
	// The token endpoint no longer accepts the service account's key.
	KeyRevoked bool
}

// New returns a Server that shows state. The one caller it knows is a service
// account of the first project.
func New(state State) *Server {
	s := &Server{
		mux:      http.NewServeMux(),
		account:  newServiceAccount(state.Projects[0]),
		state:    state,
		refusals: map[string]*refusal{},
	}
	s.mux.HandleFunc("POST /token", s.issueToken)
	for _, version := range []string{"/v1", "/sql/v1beta4"} {
		instance := "GET " + version + "/projects/{project}/instances/{instance}"
		s.handle(instance, InstancesGet, s.getInstance)
		s.handle(instance+"/listServerCas", ListServerCas, s.listServerCas)
		s.handle(instance+"/listServerCertificates", ListServerCertificates, s.listServerCertificates)
	}
	s.handle("GET /v2/projects/{project}/locations/{region}/services/{service}", ServicesGet, s.getService)
	s.handle("POST /v2/projects/{project}/locations/{region}/services/{action}", TestServicePermissions, s.testServicePermissions)
	s.handle("GET /apis/serving.knative.dev/v1/namespaces/{project}/services/{service}", ServicesGet, s.getKnativeService)
	s.handle("GET /v3/projects/{project}/timeSeries", TimeSeriesList, s.listTimeSeries)
	s.handle("POST /v2/entries:list", EntriesList, s.listEntries)
	s.handle("POST /v1/projects/{action}", TestIamPermissions, s.testIamPermissions)
	s.handle("POST /v3/projects/{action}", TestIamPermissions, s.testIamPermissions)
	return s
}

// Update changes what the server shows.
func (s *Server) Update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// Actions returns the permission that each authorised call so far needed, in
// order, as IAM names it. Calls that need none are not among them.
func (s *Server) Actions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.actions)
}

// QuotaProjects returns the projects that calls so far asked to be counted
// against (X-Goog-User-Project), each once, sorted.
func (s *Server) QuotaProjects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.billed)))
}

// ServeHTTP answers as Google does; a path it does not serve is a 404.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern == "" {
		methodNotFound().write(w)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// handle serves a method once the caller, the API and the permission are in
// order. The answer is the value to encode.
func (s *Server) handle(pattern, action string, answer func(*http.Request) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := s.admit(action, r, answer)
		if err != nil {
			asAPIError(err).write(w)
			return
		}
		writeJSON(w, http.StatusOK, v)
	})
}

func (s *Server) admit(action string, r *http.Request, answer func(*http.Request) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.account.check(r); err != nil {
		return nil, err
	}
	if billed := r.Header.Get("X-Goog-User-Project"); billed != "" {
		s.billed = append(s.billed, billed)
	}
	if action != TestIamPermissions && action != TestServicePermissions {
		s.actions = append(s.actions, action)
	}
	if err := s.refused(action, r.PathValue("instance")); err != nil {
		return nil, err
	}
	if project := r.PathValue("project"); project != "" && !slices.Contains(s.state.Projects, project) {
		return nil, permissionDenied(action, project)
	}
	return answer(r)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}
