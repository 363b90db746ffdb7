package gcpfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// testIamPermissions answers which of the permissions asked about the caller
// has in a project.
func (s *Server) testIamPermissions(r *http.Request) (any, error) {
	project, action, _ := cutLast(r.PathValue("action"), ":")
	if action != "testIamPermissions" {
		return nil, methodNotFound()
	}
	if !slices.Contains(s.state.Projects, project) {
		return nil, permissionDenied("resourcemanager.projects.get", project)
	}
	return s.granting(r)
}

// granting answers which of the permissions in a request the caller has.
func (s *Server) granting(r *http.Request) (any, error) {
	var asked struct{ Permissions []string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, invalidArgument("Invalid JSON payload received. " + err.Error())
	}
	for _, p := range asked.Permissions {
		if strings.Count(p, ".") < 2 {
			return nil, invalidArgument("Permission " + p + " is not valid for this resource.")
		}
	}
	granted := slices.DeleteFunc(asked.Permissions, func(p string) bool { return !s.granted(p) })
	if len(granted) == 0 {
		return struct{}{}, nil
	}
	return map[string]any{"permissions": granted}, nil
}
