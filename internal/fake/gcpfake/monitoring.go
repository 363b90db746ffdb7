package gcpfake

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPoints is how many points a page of timeSeries.list holds at most.
const maxPoints = 100_000

// descriptor is what a metric measures.
type descriptor struct {
	kind      string // "GAUGE", or "DELTA": of the time since the point before
	valueType string // "INT64", "DOUBLE", "DISTRIBUTION"
	unit      string // "10^2.%": a share, 0 to 1
}

// descriptors are the metrics of Cloud SQL for PostgreSQL and of Cloud Run that
// are known here.
var descriptors = map[string]descriptor{
	"cloudsql.googleapis.com/database/cpu/utilization":                       {"GAUGE", "DOUBLE", "10^2.%"},
	"cloudsql.googleapis.com/database/disk/utilization":                      {"GAUGE", "DOUBLE", "10^2.%"},
	"cloudsql.googleapis.com/database/memory/utilization":                    {"GAUGE", "DOUBLE", "10^2.%"},
	"cloudsql.googleapis.com/database/postgresql/num_backends":               {"GAUGE", "INT64", "1"},
	"cloudsql.googleapis.com/database/postgresql/transaction_id_utilization": {"GAUGE", "DOUBLE", "10^2.%"},
	"cloudsql.googleapis.com/database/replication/replica_lag":               {"GAUGE", "DOUBLE", "s"},
	"run.googleapis.com/container/cpu/utilizations":                          {"DELTA", "DISTRIBUTION", "10^2.%"},
	"run.googleapis.com/container/instance_count":                            {"GAUGE", "INT64", "1"},
	"run.googleapis.com/container/max_request_concurrencies":                 {"DELTA", "DISTRIBUTION", "1"},
	"run.googleapis.com/container/memory/utilizations":                       {"DELTA", "DISTRIBUTION", "10^2.%"},
	"run.googleapis.com/container/startup_latencies":                         {"DELTA", "DISTRIBUTION", "ms"},
	"run.googleapis.com/request_count":                                       {"DELTA", "INT64", "1"},
	"run.googleapis.com/request_latencies":                                   {"DELTA", "DISTRIBUTION", "ms"},
}

// Series is one time series of a Cloud SQL instance or a Cloud Run revision.
type Series struct {
	Project  string
	Instance string            // of Cloud SQL, or
	Revision Revision          // of Cloud Run
	Metric   string            // type without "cloudsql.googleapis.com/" or "run.googleapis.com/"
	Labels   map[string]string // of the metric: "database", "response_code_class", "state"
	Points   []Point           // in any order
}

// Point is one sample: a level, a number of things in the minute that ends
// then, or one of the values that a distribution of that minute is made of.
type Point struct {
	Time    time.Time
	Value   float64
	Samples int // of a distribution that have this value; 0 = one
}

// listTimeSeries is projects.timeSeries.list.
func (s *Server) listTimeSeries(r *http.Request) (any, error) {
	q := r.URL.Query()
	found, of, err := s.selected(r.PathValue("project"), q.Get("filter"))
	if err != nil {
		return nil, err
	}
	start, end, err := interval(q)
	if err != nil {
		return nil, err
	}
	var measured []measurement
	for _, one := range found {
		measured = append(measured, one.measure(start, end))
	}
	if measured, err = aggregate(q, of, measured, end); err != nil {
		return nil, err
	}
	return s.seriesPage(q, measured)
}

// metricType finds the metric a filter names.
var metricType = regexp.MustCompile(`metric\.type\s*=\s*"([^"]*)"`)

// selected returns the series of a project that pass a filter, which has to
// name one metric, and what that metric measures.
func (s *Server) selected(project, filter string) ([]Series, descriptor, error) {
	matches, err := parseFilter(filter, seriesField)
	if err != nil {
		return nil, descriptor{}, invalidArgument("Field filter had an invalid value: " + err.Error())
	}
	named := metricType.FindAllStringSubmatch(filter, -1)
	if len(named) != 1 {
		return nil, descriptor{}, invalidArgument("Field filter had an invalid value: The filter must specify a single metric.type.")
	}
	of, known := descriptors[named[0][1]]
	if !known {
		return nil, of, notFound(`Cannot find metric(s) that match type = "` + named[0][1] +
			`". If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.`)
	}
	return slices.DeleteFunc(slices.Clone(s.state.Series), func(one Series) bool {
		return one.Project != project || !matches(one.fields())
	}), of, nil
}

func seriesField(name string) bool {
	if label, ok := strings.CutPrefix(name, "resource.labels."); ok {
		return slices.Contains(resourceLabels, label)
	}
	return name == "metric.type" || name == "resource.type" || strings.HasPrefix(name, "metric.labels.")
}

func (s Series) resource() resource { return resourceOf(s.Project, s.Instance, s.Revision) }

// metric is the full type.
func (s Series) metric() string { return s.resource().service() + s.Metric }

func (s Series) fields() record {
	r := s.resource().addTo(record{"metric.type": s.metric()})
	for name, value := range s.Labels {
		r["metric.labels."+name] = value
	}
	return r
}

// seriesPage answers with the points of a page; a series that is cut goes on
// on the next.
func (s *Server) seriesPage(q url.Values, series []measurement) (any, error) {
	total := 0
	for _, one := range series {
		total += len(one.values)
	}
	size, err := strconv.Atoi(cmp.Or(q.Get("pageSize"), strconv.Itoa(maxPoints)))
	if err != nil || size < 1 {
		return nil, invalidArgument("Field pageSize had an invalid value.")
	}
	from, to, next, err := s.state.slice(q.Get("pageToken"), min(size, maxPoints), total)
	if err != nil {
		return nil, err
	}
	var parts []map[string]any
	for _, one := range series {
		low, high := max(from, 0), min(to, len(one.values))
		if low < high {
			parts = append(parts, one.wire(one.values[low:high]))
		}
		from, to = from-len(one.values), to-len(one.values)
	}
	answer := map[string]any{"unit": "1"}
	if parts != nil {
		answer["timeSeries"] = parts
	}
	if next != "" {
		answer["nextPageToken"] = next
	}
	return answer, nil
}
