package gcpfake

import (
	"cmp"
	"fmt"
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

// descriptors are the metrics of Cloud SQL for PostgreSQL that are known here,
// without their prefix, and their value types. All of them are gauges.
var descriptors = map[string]string{
	"database/cpu/utilization":                       "DOUBLE",
	"database/disk/utilization":                      "DOUBLE",
	"database/memory/utilization":                    "DOUBLE",
	"database/postgresql/num_backends":               "INT64",
	"database/postgresql/transaction_id_utilization": "DOUBLE",
	"database/replication/replica_lag":               "DOUBLE",
}

const cloudSQL = "cloudsql.googleapis.com/"

// Series is one time series of a Cloud SQL instance.
type Series struct {
	Project  string
	Instance string
	Metric   string            // type without "cloudsql.googleapis.com/"
	Labels   map[string]string // of the metric: the database of num_backends
	Points   []Point           // in any order
}

// Point is one sample.
type Point struct {
	Time  time.Time
	Value float64
}

// listTimeSeries is projects.timeSeries.list.
func (s *Server) listTimeSeries(r *http.Request) (any, error) {
	q := r.URL.Query()
	found, err := s.selected(r.PathValue("project"), q.Get("filter"))
	if err != nil {
		return nil, err
	}
	start, end, err := interval(q)
	if err != nil {
		return nil, err
	}
	for n := range found {
		found[n].Points = within(found[n].Points, start, end)
	}
	valueType := "DOUBLE"
	if q.Get("aggregation.perSeriesAligner") == "" && len(found) > 0 {
		valueType = descriptors[found[0].Metric]
	}
	if found, err = aggregate(q, found, end); err != nil {
		return nil, err
	}
	return s.seriesPage(q, found, valueType)
}

// metricType finds the metric a filter names.
var metricType = regexp.MustCompile(`metric\.type\s*=\s*"([^"]*)"`)

// selected returns the series of a project that pass a filter, which has to
// name one metric.
func (s *Server) selected(project, filter string) ([]Series, error) {
	matches, err := parseFilter(filter, seriesField)
	if err != nil {
		return nil, invalidArgument("Field filter had an invalid value: " + err.Error())
	}
	named := metricType.FindAllStringSubmatch(filter, -1)
	if len(named) != 1 {
		return nil, invalidArgument("Field filter had an invalid value: The filter must specify a single metric.type.")
	}
	if metric, ok := strings.CutPrefix(named[0][1], cloudSQL); !ok || descriptors[metric] == "" {
		return nil, notFound(`Cannot find metric(s) that match type = "` + named[0][1] +
			`". If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.`)
	}
	return slices.DeleteFunc(slices.Clone(s.state.Series), func(one Series) bool {
		return one.Project != project || !matches(one.fields())
	}), nil
}

func seriesField(name string) bool {
	switch name {
	case "metric.type", "resource.type", "resource.labels.database_id", "resource.labels.project_id":
		return true
	}
	return strings.HasPrefix(name, "metric.labels.")
}

func (s Series) fields() record {
	r := record{
		"metric.type":                 cloudSQL + s.Metric,
		"resource.type":               "cloudsql_database",
		"resource.labels.database_id": s.Project + ":" + s.Instance,
		"resource.labels.project_id":  s.Project,
	}
	for name, value := range s.Labels {
		r["metric.labels."+name] = value
	}
	return r
}

// seriesPage answers with the points of a page; a series that is cut goes on
// on the next.
func (s *Server) seriesPage(q url.Values, series []Series, valueType string) (any, error) {
	total := 0
	for _, one := range series {
		total += len(one.Points)
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
		low, high := max(from, 0), min(to, len(one.Points))
		if low < high {
			parts = append(parts, one.wire(one.Points[low:high], valueType))
		}
		from, to = from-len(one.Points), to-len(one.Points)
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

func (s Series) wire(points []Point, valueType string) map[string]any {
	var list []map[string]any
	for _, p := range points {
		at := p.Time.UTC().Format(time.RFC3339Nano)
		value := map[string]any{"doubleValue": p.Value}
		if valueType == "INT64" {
			value = map[string]any{"int64Value": fmt.Sprint(int64(p.Value))}
		}
		list = append(list, map[string]any{
			"interval": map[string]string{"startTime": at, "endTime": at},
			"value":    value,
		})
	}
	return map[string]any{
		"metric": map[string]any{"type": cloudSQL + s.Metric, "labels": s.Labels},
		"resource": map[string]any{"type": "cloudsql_database", "labels": map[string]string{
			"project_id": s.Project, "database_id": s.Project + ":" + s.Instance, "region": "europe-west1",
		}},
		"metricKind": "GAUGE",
		"valueType":  valueType,
		"points":     list,
	}
}
