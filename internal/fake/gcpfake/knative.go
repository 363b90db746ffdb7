package gcpfake

import (
	"path"
	"strconv"
	"strings"
	"time"
)

// knative is the service as version 1 of the API shows it, which is Knative's.
func (s Service) knative() map[string]any {
	project, _, _ := strings.Cut(strings.TrimPrefix(s.Name, "projects/"), "/")
	conditions := []map[string]any{}
	for _, c := range append([]Condition{*s.TerminalCondition}, s.Conditions...) {
		conditions = append(conditions, c.knative())
	}
	return map[string]any{
		"apiVersion": "serving.knative.dev/v1",
		"kind":       "Service",
		"metadata": map[string]any{
			"name": path.Base(s.Name), "namespace": project, "uid": s.UID, "generation": s.Generation,
			"creationTimestamp": s.CreateTime, "selfLink": "/apis/serving.knative.dev/v1/namespaces/" + project + "/services/" + path.Base(s.Name),
			"labels":      map[string]string{"cloud.googleapis.com/location": strings.Split(s.Name, "/")[3]},
			"annotations": map[string]string{"run.googleapis.com/ingress": strings.ToLower(strings.TrimPrefix(s.Ingress, "INGRESS_TRAFFIC_"))},
		},
		"spec": map[string]any{"template": s.Template.knative(), "traffic": s.shares(s.Traffic, false)},
		"status": map[string]any{
			"observedGeneration": s.ObservedGeneration, "conditions": conditions,
			"latestReadyRevisionName": path.Base(s.LatestReadyRevision), "latestCreatedRevisionName": path.Base(s.LatestCreatedRevision),
			"traffic": s.shares(s.TrafficStatuses, true), "url": s.URI, "address": map[string]string{"url": s.URI},
		},
	}
}

func (t RevisionTemplate) knative() map[string]any {
	timeout, _ := time.ParseDuration(t.Timeout)
	annotations := map[string]string{}
	if t.Scaling != nil {
		annotations["autoscaling.knative.dev/maxScale"] = strconv.FormatInt(t.Scaling.MaxInstanceCount, 10)
		annotations["autoscaling.knative.dev/minScale"] = strconv.FormatInt(t.Scaling.MinInstanceCount, 10)
	}
	var containers []map[string]any
	for _, c := range t.Containers {
		containers = append(containers, map[string]any{
			"name": c.Name, "image": c.Image, "env": c.Env, "ports": c.Ports,
			"resources": map[string]any{"limits": c.Resources.Limits},
		})
	}
	return map[string]any{
		"metadata": map[string]any{"annotations": annotations},
		"spec": map[string]any{
			"containerConcurrency": t.MaxInstanceRequestConcurrency,
			"timeoutSeconds":       int(timeout.Seconds()),
			"containers":           containers,
		},
	}
}

// shares resolves, in a status, what follows the latest ready revision.
func (s Service) shares(targets []TrafficTarget, status bool) []map[string]any {
	var all []map[string]any
	for _, t := range targets {
		share := map[string]any{"percent": t.Percent}
		if t.Type == latest {
			share["latestRevision"] = true
		} else {
			share["revisionName"] = t.Revision
		}
		if status && t.Type == latest {
			share["revisionName"] = path.Base(s.LatestReadyRevision)
		}
		all = append(all, share)
	}
	return all
}

func (c Condition) knative() map[string]any {
	status := map[string]string{"CONDITION_SUCCEEDED": "True", "CONDITION_FAILED": "False"}[c.State]
	if status == "" {
		status = "Unknown"
	}
	condition := map[string]any{"type": c.Type, "status": status, "lastTransitionTime": c.LastTransitionTime}
	if c.Message != "" {
		condition["message"] = c.Message
	}
	if reason := camel(c.RevisionReason + c.Reason); reason != "" {
		condition["reason"] = reason
	}
	return condition
}

// camel turns HEALTH_CHECK_CONTAINER_ERROR into HealthCheckContainerError.
func camel(word string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(word, "_") {
		if part != "" {
			b.WriteString(part[:1] + strings.ToLower(part[1:]))
		}
	}
	return b.String()
}
