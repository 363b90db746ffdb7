package gcpcloud_test

import (
	"fmt"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/cloud/cloudtest"
	"runbook/internal/fake/gcpfake"
)

// showFunction puts a World's function into s, as a Cloud Run service.
func showFunction(s *gcpfake.State, f cloudtest.Function) {
	s.Services = []gcpfake.Service{serviceOf(f)}
	revision := gcpfake.Revision{Service: f.ID, Name: f.ID + "-00001-abc", Region: region}
	for n, line := range f.Log {
		s.Entries = append(s.Entries, functionEntry(revision, line, n%2 == 0))
	}
	now := time.Now().UTC().Truncate(time.Minute)
	for n, took := range f.Starts {
		start := gcpfake.InstanceStart{Reason: gcpfake.Autoscaling, At: now.Add(-time.Duration(n+4) * time.Minute), Took: took}
		s.Start(project, revision, start)
	}
	showTraffic(s, revision, f.Traffic, now.Add(-5*time.Minute))
}

func serviceOf(f cloudtest.Function) gcpfake.Service {
	s := gcpfake.NewService(project, region, f.ID)
	s.UpdateTime = f.Changed.Format(time.RFC3339Nano)
	s.Template.Timeout = fmt.Sprintf("%.0fs", f.Timeout.Seconds())
	s.Template.Containers[0].Resources.Limits["memory"] = fmt.Sprintf("%dMi", f.Memory>>20)
	s.Template.Scaling.MaxInstanceCount = int64(f.Max.Value)
	if f.Update == cloud.Up {
		return s
	}
	s.LatestCreatedRevision = s.Name + "/revisions/" + f.ID + "-00002-xyz"
	s.Generation++
	if f.Serving != cloud.Up {
		s.LatestReadyRevision, s.ObservedGeneration, s.TrafficStatuses = "", 0, nil
	}
	s.TerminalCondition.State = "CONDITION_RECONCILING"
	s.Reconciling = f.Update == cloud.Changing
	if f.Update == cloud.Down {
		s.TerminalCondition.State = "CONDITION_FAILED"
		s.TerminalCondition.RevisionReason = "HEALTH_CHECK_CONTAINER_ERROR"
		s.TerminalCondition.Message = "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable."
	}
	return s
}

// functionEntry writes errors both ways a program can: as plain text, without
// a severity, and structured.
func functionEntry(r gcpfake.Revision, line cloud.Line, structured bool) gcpfake.Entry {
	e := gcpfake.Entry{Project: project, Revision: r, Time: line.Time, Text: line.Text}
	switch {
	case line.Cause == cloud.OutOfMemory:
		e.Log, e.Severity, e.Text = "varlog/system", "ERROR", "Memory limit of 512 MiB exceeded with 602 MiB used. Consider increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits"
	case line.Cause == cloud.Exited:
		e.Log, e.Severity, e.Text = "varlog/system", "WARNING", "Container called exit(1)."
	case line.Level == cloud.LevelError && structured:
		e.Severity, e.Text, e.JSON = "ERROR", "", map[string]any{"message": line.Text, "user": "42"}
	case line.Level == cloud.LevelError:
		e.Text = "2026/11/23 12:00:00 ERROR " + line.Text
	}
	return e
}

// showTraffic puts all of it into one minute.
func showTraffic(s *gcpfake.State, r gcpfake.Revision, t cloud.Traffic, at time.Time) {
	if t.Requests.N == 0 {
		return
	}
	measure := func(metric, label, word string, values ...float64) {
		one := gcpfake.Series{Project: project, Revision: r, Metric: metric, Labels: map[string]string{label: word}}
		for _, value := range values {
			one.Points = append(one.Points, gcpfake.Point{Time: at, Value: value})
		}
		s.Series = append(s.Series, one)
	}
	measure("request_count", "response_code_class", "2xx", float64(t.Requests.N-t.ClientErrors.N-t.ServerErrors.N))
	measure("request_count", "response_code_class", "4xx", float64(t.ClientErrors.N))
	measure("request_count", "response_code_class", "5xx", float64(t.ServerErrors.N))
	measure("container/instance_count", "state", "active", float64(t.Instances.N-1))
	measure("container/instance_count", "state", "idle", 1)
	latencies := make([]float64, t.Requests.N)
	for n := range latencies {
		latencies[n] = t.Latency.Seconds() * 1000
	}
	measure("request_latencies", "response_code_class", "2xx", latencies...)
	for range t.Throttled.N {
		s.Entries = append(s.Entries, gcpfake.Entry{
			Project: project, Revision: r, Log: "requests", Time: at, Severity: "WARNING", Text: "The request was aborted because there was no available instance.",
			Request: &gcpfake.HTTPRequest{Method: "GET", URL: "https://api.example/orders", Status: 429},
		})
	}
}
