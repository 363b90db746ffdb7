package gcpfake

import (
	"net/http"
	"strings"
	"time"
)

// Service is a Cloud Run service in the words of the Admin API, version 2. The
// answers to gcloud, which asks version 1, are made from it.
type Service struct {
	Name                  string            `json:"name"`
	UID                   string            `json:"uid"`
	Generation            int64             `json:"generation,string"`
	ObservedGeneration    int64             `json:"observedGeneration,string"`
	CreateTime            string            `json:"createTime"`
	UpdateTime            string            `json:"updateTime"`
	Ingress               string            `json:"ingress"`
	LaunchStage           string            `json:"launchStage"`
	Scaling               *Scaling          `json:"scaling,omitempty"`
	Template              *RevisionTemplate `json:"template,omitempty"`
	Traffic               []TrafficTarget   `json:"traffic,omitempty"`
	TrafficStatuses       []TrafficTarget   `json:"trafficStatuses,omitempty"`
	TerminalCondition     *Condition        `json:"terminalCondition,omitempty"`
	Conditions            []Condition       `json:"conditions,omitempty"`
	LatestReadyRevision   string            `json:"latestReadyRevision,omitempty"`
	LatestCreatedRevision string            `json:"latestCreatedRevision,omitempty"`
	URI                   string            `json:"uri,omitempty"`
	URLs                  []string          `json:"urls,omitempty"`
	Reconciling           bool              `json:"reconciling,omitempty"`
}

// RevisionTemplate is what new revisions of a service are made of.
type RevisionTemplate struct {
	Scaling                       *Scaling    `json:"scaling,omitempty"`
	Timeout                       string      `json:"timeout,omitempty"`
	Containers                    []Container `json:"containers,omitempty"`
	MaxInstanceRequestConcurrency int64       `json:"maxInstanceRequestConcurrency,omitempty"`
}

// Scaling bounds the number of instances, of a revision or of a whole service.
type Scaling struct {
	MinInstanceCount    int64  `json:"minInstanceCount,omitempty"`
	MaxInstanceCount    int64  `json:"maxInstanceCount,omitempty"`
	ScalingMode         string `json:"scalingMode,omitempty"`
	ManualInstanceCount *int64 `json:"manualInstanceCount,omitempty"`
}

// Container is one container of an instance; the one with Ports is asked.
type Container struct {
	Name      string          `json:"name,omitempty"`
	Image     string          `json:"image"`
	Env       []EnvVar        `json:"env,omitempty"`
	Resources *Resources      `json:"resources,omitempty"`
	Ports     []ContainerPort `json:"ports,omitempty"`
}

// EnvVar is an environment variable, which may be a secret.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// Resources are the limits of a container: "cpu", "memory".
type Resources struct {
	Limits          map[string]string `json:"limits,omitempty"`
	CPUIdle         bool              `json:"cpuIdle,omitempty"`
	StartupCPUBoost bool              `json:"startupCpuBoost,omitempty"`
}

// ContainerPort is a port requests are sent to.
type ContainerPort struct {
	Name          string `json:"name,omitempty"`
	ContainerPort int    `json:"containerPort,omitempty"`
}

// TrafficTarget is a share of the requests. Revision is the short name, absent
// where the share follows the latest ready revision.
type TrafficTarget struct {
	Type     string `json:"type"`
	Revision string `json:"revision,omitempty"`
	Percent  int64  `json:"percent,omitempty"`
	Tag      string `json:"tag,omitempty"`
}

// Condition is how far something has come.
type Condition struct {
	Type               string `json:"type"`
	State              string `json:"state"`
	Message            string `json:"message,omitempty"`
	LastTransitionTime string `json:"lastTransitionTime,omitempty"`
	Severity           string `json:"severity,omitempty"`
	Reason             string `json:"reason,omitempty"`
	RevisionReason     string `json:"revisionReason,omitempty"`
}

const (
	latest = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
	pinned = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
)

// NewService returns a service whose one revision is ready and gets every
// request, with the settings a new one gets. It is in no State yet.
func NewService(project, region, name string) Service {
	now := time.Now().AddDate(0, -1, 0).UTC().Format(time.RFC3339Nano)
	full := "projects/" + project + "/locations/" + region + "/services/" + name
	revision := full + "/revisions/" + name + "-00001-abc"
	uri := "https://" + name + "-1234567890." + region + ".run.app"
	return Service{
		Name: full, UID: "5f0c9c5e-8a3b-4d39-9a48-0f2f6c1b7a11",
		Generation: 1, ObservedGeneration: 1, CreateTime: now, UpdateTime: now,
		Ingress: "INGRESS_TRAFFIC_ALL", LaunchStage: "GA",
		Template: &RevisionTemplate{
			Scaling: &Scaling{MaxInstanceCount: 100}, Timeout: "300s", MaxInstanceRequestConcurrency: 80,
			Containers: []Container{{
				Name: name + "-1", Image: "europe-docker.pkg.dev/" + project + "/app/" + name + ":1",
				Resources: &Resources{Limits: map[string]string{"cpu": "1000m", "memory": "512Mi"}, CPUIdle: true, StartupCPUBoost: true},
				Ports:     []ContainerPort{{Name: "http1", ContainerPort: 8080}},
			}},
		},
		Traffic:           []TrafficTarget{{Type: latest, Percent: 100}},
		TrafficStatuses:   []TrafficTarget{{Type: latest, Percent: 100}},
		TerminalCondition: &Condition{Type: "Ready", State: "CONDITION_SUCCEEDED", LastTransitionTime: now},
		Conditions: []Condition{
			{Type: "RoutesReady", State: "CONDITION_SUCCEEDED", LastTransitionTime: now},
			{Type: "ConfigurationsReady", State: "CONDITION_SUCCEEDED", LastTransitionTime: now},
		},
		LatestReadyRevision: revision, LatestCreatedRevision: revision,
		URI: uri, URLs: []string{uri},
	}
}

// Pin sends every request to a revision by its short name, whichever is the
// latest.
func (s *Service) Pin(revision string) {
	s.Traffic = []TrafficTarget{{Type: pinned, Revision: revision, Percent: 100}}
	s.TrafficStatuses = s.Traffic
}

// getService is projects.locations.services.get of version 2.
func (s *Server) getService(r *http.Request) (any, error) {
	return s.service(r.PathValue("project"), r.PathValue("region"), r.PathValue("service"))
}

// getKnativeService is namespaces.services.get of version 1, which only a
// regional endpoint answers: the host tells the region.
func (s *Server) getKnativeService(r *http.Request) (any, error) {
	region, ok := strings.CutSuffix(r.Host, "-run.googleapis.com")
	if !ok {
		return nil, methodNotFound()
	}
	service, err := s.service(r.PathValue("project"), region, r.PathValue("service"))
	if err != nil {
		return nil, err
	}
	return service.knative(), nil
}

// testServicePermissions answers which of the permissions asked about the
// caller has on a service.
func (s *Server) testServicePermissions(r *http.Request) (any, error) {
	name, action, _ := cutLast(r.PathValue("action"), ":")
	if action != "testIamPermissions" {
		return nil, methodNotFound()
	}
	if _, err := s.service(r.PathValue("project"), r.PathValue("region"), name); err != nil {
		return nil, err
	}
	return s.granting(r)
}

func (s *Server) service(project, region, name string) (Service, error) {
	for _, one := range s.state.Services {
		if one.Name == "projects/"+project+"/locations/"+region+"/services/"+name {
			return one, nil
		}
	}
	return Service{}, notFound("Resource '" + name + "' of kind 'SERVICE' in region '" + region +
		"' in project '" + project + "' does not exist.")
}
