package gcpcloud

import "strings"

// splitName takes an instance's name apart: NAME, PROJECT:NAME (the label of
// metrics and logs), PROJECT:REGION:NAME (the connection name) or a link that
// ends in projects/PROJECT/instances/NAME. The project is "" where the name
// does not hold one; it may itself hold a colon ("example.com:shop").
func splitName(id string) (project, name string) {
	if _, path, ok := strings.Cut("/"+id, "/projects/"); ok {
		project, name, _ = strings.Cut(path, "/instances/")
		return project, name
	}
	parts := strings.Split(id, ":")
	name = parts[len(parts)-1]
	parts = parts[:len(parts)-1]
	if len(parts) > 0 && strings.Contains(parts[0], ".") {
		return strings.Join(parts[:min(2, len(parts))], ":"), name
	}
	if len(parts) > 0 {
		project = parts[0]
	}
	return project, name
}

// splitService takes a Cloud Run service's name apart, in any form that pairs a
// word with each part: projects/PROJECT/locations/REGION/services/NAME,
// locations/REGION/namespaces/PROJECT/services/NAME, a link that ends in one.
// What the name does not hold is "".
func splitService(id string) (project, region, name string) {
	parts := strings.Split(id, "/")
	if len(parts) == 1 {
		return "", "", id
	}
	for n, word := range parts[:len(parts)-1] {
		switch word {
		case "projects", "namespaces":
			project = parts[n+1]
		case "locations", "regions":
			region = parts[n+1]
		case "services":
			name = parts[n+1]
		}
	}
	return project, region, name
}
