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

// Entry is a log entry that a Cloud SQL instance wrote.
type Entry struct {
	Project  string
	Instance string
	Log      string // "postgres.log" where empty
	Time     time.Time
	Severity string // "DEFAULT" where empty
	Text     string
	JSON     map[string]any // in place of Text
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
	case "timestamp", "severity", "logName", "textPayload", "resource.type":
		return true
	}
	return strings.HasPrefix(name, "resource.labels.")
}

func (e Entry) fields() record {
	return record{
		"timestamp":                   e.Time.UTC().Format(time.RFC3339Nano),
		"severity":                    e.severity(),
		"logName":                     e.name(),
		"textPayload":                 e.Text,
		"resource.type":               "cloudsql_database",
		"resource.labels.project_id":  e.Project,
		"resource.labels.database_id": e.Project + ":" + e.Instance,
	}
}

func (e Entry) name() string {
	return "projects/" + e.Project + "/logs/" + url.QueryEscape("cloudsql.googleapis.com/"+cmp.Or(e.Log, "postgres.log"))
}

func (e Entry) severity() string { return cmp.Or(e.Severity, "DEFAULT") }

func (e Entry) wire() map[string]any {
	at := e.Time.UTC().Format(time.RFC3339Nano)
	entry := map[string]any{
		"insertId": fmt.Sprintf("s=%x", e.Time.UnixNano()),
		"logName":  e.name(),
		"resource": map[string]any{
			"type": "cloudsql_database",
			"labels": map[string]string{
				"project_id":  e.Project,
				"database_id": e.Project + ":" + e.Instance,
				"region":      "europe-west1",
			},
		},
		"severity":         e.severity(),
		"timestamp":        at,
		"receiveTimestamp": at,
	}
	if e.JSON != nil {
		entry["jsonPayload"] = e.JSON
	} else {
		entry["textPayload"] = e.Text
	}
	return entry
}
