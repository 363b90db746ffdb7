package local

import (
	"maps"
	"slices"
	"time"

	"runbook/internal/fake/gcpfake"
)

const serviceName = "local-api"

var revision = gcpfake.Revision{Service: serviceName, Name: serviceName + "-00001-abc", Region: gcpRegion}

// gcpService is a Cloud Run service on a good day. Its instances start quickly where a
// request waits for them.
func gcpService() func(*gcpfake.State) {
	return together(
		func(state *gcpfake.State) {
			service := gcpfake.NewService(gcpProject, gcpRegion, serviceName)
			service.UpdateTime = timeAgo(time.Hour)
			state.Services = []gcpfake.Service{service}
		},
		answersOf("2xx", perMinute-1), answersOf("4xx", 1),
		latenciesOf(latencies(60, 110)),
		instancesOf("active", 1), instancesOf("idle", 1),
		inUse("memory", 0.4), inUse("cpu", 0.1),
		runs("container/max_request_concurrencies", "state", "active", []sample{{3, 1}}),
		startOf(gcpfake.Autoscaling, 3*time.Hour, 400*time.Millisecond),
		startOf(gcpfake.Rollout, time.Hour, 12*time.Second),
		startOf(gcpfake.MinInstances, time.Hour, 12*time.Second),
		gcpEntries("stdout", "", "no error so far", 8*time.Minute),
		requested(200, "", "", recently(20)...),
	)
}

// ofTheService changes what the provider tells of the service.
func ofTheService(change func(*gcpfake.Service)) func(*gcpfake.State) {
	return func(state *gcpfake.State) { change(&state.Services[0]) }
}

// timeAgo is as Google writes times.
func timeAgo(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339Nano) }

// answersOf are so many answers of a class each minute.
func answersOf(class string, count float64) func(*gcpfake.State) {
	return runs("request_count", "response_code_class", class, []sample{{count, 1}})
}

func latenciesOf(samples []sample) func(*gcpfake.State) {
	return runs("request_latencies", "response_code_class", "2xx", samples)
}

func instancesOf(state string, count float64) func(*gcpfake.State) {
	return runs("container/instance_count", "state", state, []sample{{count, 1}})
}

// inUse is the share of what the instances have of "memory" or "cpu" that they use.
func inUse(what string, share float64) func(*gcpfake.State) {
	return runs("container/"+what+"/utilizations", "", "", []sample{{share, 1}})
}

// runs measures the same of the service each minute, with a label or, for "", without.
func runs(metric, label, value string, samples []sample) func(*gcpfake.State) {
	series := gcpfake.Series{Project: gcpProject, Revision: revision, Metric: metric}
	if label != "" {
		series.Labels = map[string]string{label: value}
	}
	return shows(series, samples)
}

// shows measures the same each minute, in the place of the series that was alike.
func shows(series gcpfake.Series, samples []sample) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		series.Points = nil
		for _, at := range minutes() {
			for _, s := range samples {
				series.Points = append(series.Points, gcpfake.Point{Time: at, Value: s.value, Samples: s.requests})
			}
		}
		gcpUnmeasured(func(known gcpfake.Series) bool {
			return known.Metric == series.Metric && known.Instance == series.Instance &&
				known.Revision == series.Revision && maps.Equal(known.Labels, series.Labels)
		})(state)
		state.Series = append(state.Series, series)
	}
}

// gcpUnmeasured takes series away.
func gcpUnmeasured(these func(gcpfake.Series) bool) func(*gcpfake.State) {
	return func(state *gcpfake.State) { state.Series = slices.DeleteFunc(state.Series, these) }
}

func ofTheRevision(s gcpfake.Series) bool { return s.Revision == revision }

// startOf is the start of an instance, for one of the reasons of gcpfake.
func startOf(reason string, ago, took time.Duration) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		state.Start(gcpProject, revision, gcpfake.InstanceStart{Reason: reason, At: time.Now().Add(-ago), Took: took})
	}
}

// gcpEntries are lines of one of the service's logs.
func gcpEntries(log, severity, text string, ago ...time.Duration) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		for _, a := range ago {
			state.Entries = append(state.Entries, gcpfake.Entry{
				Project: gcpProject, Revision: revision, Log: log, Severity: severity, Text: text, Time: time.Now().Add(-a),
			})
		}
	}
}

// requested are requests in the log of Google's front end; where it answered them
// itself, text says why.
func requested(status int, severity, text string, ago ...time.Duration) func(*gcpfake.State) {
	return func(state *gcpfake.State) {
		for _, a := range ago {
			state.Entries = append(state.Entries, gcpfake.Entry{
				Project: gcpProject, Revision: revision, Log: "requests", Severity: severity, Text: text, Time: time.Now().Add(-a),
				Request: &gcpfake.HTTPRequest{Method: "GET", URL: "https://" + apiHost + "/health", Status: status},
			})
		}
	}
}
