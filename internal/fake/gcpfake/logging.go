package gcpfake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	defaultEntries = 50   // entries.list without a page size
	maxEntries     = 1000 // and whatever page size is asked
)

// Entry is a log entry of a Cloud SQL instance or a Cloud Run revision.
type Entry struct {
	Project  string
	Instance string   // of Cloud SQL, or
	Revision Revision // of Cloud Run
	Log      string   // "postgres.log" or "stderr" where empty; others of Cloud Run: "stdout", "requests", "varlog/system"
	Time     time.Time
	Severity string            // "DEFAULT" where empty
	Labels   map[string]string // "instanceId"
	Text     string
	JSON     map[string]any // in place of Text
	Request  *HTTPRequest   // of the log "requests"
}

// HTTPRequest is a request as the front end saw it answered.
type HTTPRequest struct {
	Method  string `json:"requestMethod"`
	URL     string `json:"requestUrl"`
	Status  int    `json:"status"`
	Latency string `json:"latency,omitempty"` // "0.1s"
}

type listEntriesRequest struct {
	ResourceNames []string `json:"resourceNames"`
	Filter        string   `json:"filter"`
	OrderBy       string   `json:"orderBy"`
	PageSize      int      `json:"pageSize"`
	PageToken     string   `json:"pageToken"`
}

// listEntries is entries.list.
func (s *Server) listEntries(r *http.Request) (any, error) {
	var ask listEntriesRequest
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		return nil, invalidArgument("Invalid JSON payload received. " + err.Error())
	}
	projects, err := s.readable(ask.ResourceNames)
	if err != nil {
		return nil, err
	}
	filter, err := parseFilter(ask.Filter, logField)
	if err != nil {
		return nil, invalidArgument(err.Error())
	}
	order, ok := map[string]int{"": 1, "timestamp asc": 1, "timestamp desc": -1}[ask.OrderBy]
	if !ok {
		return nil, invalidArgument(fmt.Sprintf("Invalid order_by: %q", ask.OrderBy))
	}
	found := slices.DeleteFunc(slices.Clone(s.state.Entries), func(e Entry) bool {
		return !slices.Contains(projects, e.Project) || !filter(e.fields())
	})
	slices.SortStableFunc(found, func(a, b Entry) int { return order * a.Time.Compare(b.Time) })
	return s.entriesPage(ask, found)
}

func (s *Server) entriesPage(ask listEntriesRequest, found []Entry) (any, error) {
	size := min(cmp.Or(ask.PageSize, defaultEntries), maxEntries)
	from, to, next, err := s.state.slice(ask.PageToken, size, len(found))
	if err != nil {
		return nil, err
	}
	answer := map[string]any{}
	if from < to {
		entries := make([]map[string]any, 0, to-from)
		for _, e := range found[from:to] {
			entries = append(entries, e.wire())
		}
		answer["entries"] = entries
	}
	if next != "" {
		answer["nextPageToken"] = next
	}
	return answer, nil
}

// readable returns the projects behind resource names, of which the caller
// must be able to read all.
func (s *Server) readable(resources []string) ([]string, error) {
	if len(resources) == 0 {
		return nil, invalidArgument("At least one resource must be specified.")
	}
	var projects []string
	for _, name := range resources {
		project, ok := strings.CutPrefix(name, "projects/")
		if !ok || strings.Contains(project, "/") {
			return nil, invalidArgument(fmt.Sprintf("Invalid resource name: %q", name))
		}
		if !slices.Contains(s.state.Projects, project) {
			return nil, permissionDenied(EntriesList, project)
		}
		projects = append(projects, project)
	}
	return projects, nil
}

func logField(name string) bool {
	switch name {
	case "timestamp", "severity", "logName", "textPayload", "jsonPayload.message", "resource.type", "httpRequest.status":
		return true
	}
	label, ok := strings.CutPrefix(name, "resource.labels.")
	return ok && slices.Contains(resourceLabels, label) || strings.HasPrefix(name, "labels.")
}

func (e Entry) resource() resource { return resourceOf(e.Project, e.Instance, e.Revision) }

func (e Entry) fields() record {
	r := e.resource().addTo(record{
		"timestamp": rfc3339(e.Time),
		"severity":  e.severity(),
		"logName":   e.name(),
	})
	for name, value := range e.Labels {
		r["labels."+name] = value
	}
	if e.JSON["message"] != nil {
		r["jsonPayload.message"] = fmt.Sprint(e.JSON["message"])
	}
	if e.JSON == nil && e.Text != "" {
		r["textPayload"] = e.Text
	}
	if e.Request != nil {
		r["httpRequest.status"] = fmt.Sprint(e.Request.Status)
	}
	return r
}

func (e Entry) name() string {
	r := e.resource()
	log := cmp.Or(e.Log, map[string]string{"cloudsql_database": "postgres.log", "cloud_run_revision": "stderr"}[r.kind])
	return "projects/" + e.Project + "/logs/" + url.QueryEscape(r.service()+log)
}

func (e Entry) severity() string { return cmp.Or(e.Severity, "DEFAULT") }

func (e Entry) wire() map[string]any {
	at := rfc3339(e.Time)
	entry := map[string]any{
		"insertId":         fmt.Sprintf("s=%x", e.Time.UnixNano()),
		"logName":          e.name(),
		"resource":         e.resource().wire(),
		"severity":         e.severity(),
		"timestamp":        at,
		"receiveTimestamp": at,
	}
	if e.Labels != nil {
		entry["labels"] = e.Labels
	}
	if e.Request != nil {
		entry["httpRequest"] = e.Request
	}
	if e.JSON != nil {
		entry["jsonPayload"] = e.JSON
	} else if e.Text != "" {
		entry["textPayload"] = e.Text
	}
	return entry
}
