package gcpfake

import (
	"maps"
	"slices"
)

// Revision is the Cloud Run revision that metrics are taken of and that writes
// to a log.
type Revision struct {
	Service string
	Name    string
	Region  string
}

// resource is a monitored resource: what metrics and log entries are about.
type resource struct {
	kind   string
	labels map[string]string
}

// resourceOf is a revision, or where it names no service a Cloud SQL instance.
func resourceOf(project, instance string, r Revision) resource {
	if r.Service == "" {
		return resource{"cloudsql_database", map[string]string{
			"project_id": project, "database_id": project + ":" + instance, "region": "europe-west1",
		}}
	}
	return resource{"cloud_run_revision", map[string]string{
		"project_id": project, "location": r.Region, "service_name": r.Service,
		"configuration_name": r.Service, "revision_name": r.Name,
	}}
}

// resourceLabels are those a filter may name.
var resourceLabels = slices.Sorted(maps.Keys(union(resourceOf("", "", Revision{}).labels, resourceOf("", "", Revision{Service: "any"}).labels)))

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// service is whose metrics and logs the resource's are.
func (r resource) service() string {
	if r.kind == "cloud_run_revision" {
		return "run.googleapis.com/"
	}
	return "cloudsql.googleapis.com/"
}

// addTo puts the fields a filter may name into a record.
func (r resource) addTo(all record) record {
	all["resource.type"] = r.kind
	for name, value := range r.labels {
		all["resource.labels."+name] = value
	}
	return all
}

func (r resource) wire() map[string]any {
	return map[string]any{"type": r.kind, "labels": r.labels}
}
