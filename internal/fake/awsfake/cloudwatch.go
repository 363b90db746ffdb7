package awsfake

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

type metricQuery struct {
	ID         string `json:"Id"`
	Expression string
	MetricStat struct {
		Metric metricName
		Period number
		Stat   string
	}
}

type metricName struct {
	Namespace, MetricName string
	Dimensions            []struct{ Name, Value string }
}

func (m metricName) metric() (Metric, bool) {
	named := Metric{Namespace: m.Namespace, Name: m.MetricName}
	for _, d := range m.Dimensions {
		switch {
		case d.Name == "Stage":
			named.Stage = d.Value
		case named.Dimension == "":
			named.Dimension, named.Value = d.Name, d.Value
		default:
			return Metric{}, false
		}
	}
	return named, named.Dimension != ""
}

type metricData struct {
	Results   []metricResult `json:"MetricDataResults" xml:"MetricDataResults>member"`
	NextToken string         `json:",omitempty" xml:",omitempty"`
}

type metricResult struct {
	ID         string      `json:"Id" xml:"Id"`
	Label      string      `json:"Label" xml:"Label"`
	StatusCode string      `json:"StatusCode" xml:"StatusCode"`
	Timestamps []timestamp `json:"Timestamps" xml:"Timestamps>member"`
	Values     []float64   `json:"Values" xml:"Values>member"`
}

// timestamp is text in XML and seconds in JSON.
type timestamp struct{ time.Time }

func (t timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, t.Unix(), 10), nil
}

func (m metricData) cbor() cbor.Value {
	results := cbor.List{}
	for _, r := range m.Results {
		times, values := cbor.List{}, cbor.List{}
		for n := range r.Values {
			times = append(times, cborTime(r.Timestamps[n].Time))
			values = append(values, cbor.Float64(r.Values[n]))
		}
		results = append(results, cbor.Map{
			"Id": cbor.String(r.ID), "Label": cbor.String(r.Label), "StatusCode": cbor.String(r.StatusCode),
			"Timestamps": times, "Values": values,
		})
	}
	out := cbor.Map{"MetricDataResults": results, "Messages": cbor.List{}}
	if m.NextToken != "" {
		out["NextToken"] = cbor.String(m.NextToken)
	}
	return out
}

func getMetricData(s State, in input) (any, error) {
	var asked struct {
		MetricDataQueries  []metricQuery
		StartTime, EndTime instant
		ScanBy, NextToken  string
		MaxDatapoints      number
	}
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	if !asked.StartTime.Before(asked.EndTime.Time) {
		return nil, fault{http.StatusBadRequest, "ValidationError", "The parameter StartTime must be less than the parameter EndTime."}
	}
	if err := distinct(asked.MetricDataQueries); err != nil {
		return nil, err
	}
	var out metricData
	for _, query := range asked.MetricDataQueries {
		points, err := s.statistic(query, asked.StartTime.Time, asked.EndTime.Time)
		if err != nil {
			return nil, err
		}
		if asked.ScanBy != "TimestampAscending" {
			slices.Reverse(points)
		}
		page, next, err := paged(points, asked.NextToken, s.pageSize(asked.MaxDatapoints))
		if err != nil {
			return nil, err
		}
		result := metricResult{ID: query.ID, Label: query.MetricStat.Metric.MetricName, StatusCode: "Complete"}
		if next != "" {
			result.StatusCode, out.NextToken = "PartialData", next
		}
		for _, p := range page {
			result.Timestamps = append(result.Timestamps, timestamp{p.Time.UTC()})
			result.Values = append(result.Values, p.Value)
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

var queryID = regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,254}$`)

// distinct fails unless each query has a name of its own.
func distinct(queries []metricQuery) error {
	known := map[string]bool{}
	for _, q := range queries {
		if !queryID.MatchString(q.ID) {
			return fault{http.StatusBadRequest, "ValidationError", "The value \"" + q.ID + "\" for parameter MetricDataQueries.member.Id is not matching the expected pattern."}
		}
		if known[q.ID] {
			return fault{http.StatusBadRequest, "ValidationError", "The values for parameter Id in MetricDataQueries are not unique."}
		}
		known[q.ID] = true
	}
	return nil
}

// statistic is one value a period, oldest first.
func (s State) statistic(query metricQuery, start, end time.Time) ([]Point, error) {
	stat := query.MetricStat
	metric, known := stat.Metric.metric()
	if query.Expression != "" || !known || stat.Period < 60 || stat.Period%60 != 0 {
		return nil, fault{http.StatusBadRequest, "ValidationError", "This stand-in takes a MetricStat with a Period in whole minutes, one dimension, and a Stage."}
	}
	reduce, ok := statistic(stat.Stat)
	if !ok {
		return nil, fault{http.StatusBadRequest, "ValidationError", "The value " + stat.Stat + " for parameter Stat is not supported."}
	}
	periods := map[time.Time][]float64{}
	for _, p := range s.Metrics[metric] {
		if !p.Time.Before(start) && p.Time.Before(end) {
			period := p.Time.UTC().Truncate(time.Duration(stat.Period) * time.Second)
			periods[period] = append(periods[period], slices.Repeat([]float64{p.Value}, max(p.Samples, 1))...)
		}
	}
	var points []Point
	for period, values := range periods {
		points = append(points, Point{Time: period, Value: reduce(values)})
	}
	slices.SortFunc(points, func(a, b Point) int { return a.Time.Compare(b.Time) })
	return points, nil
}

var statistics = map[string]func([]float64) float64{
	"Average":     func(v []float64) float64 { return sum(v) / float64(len(v)) },
	"Sum":         sum,
	"Maximum":     slices.Max[[]float64],
	"Minimum":     slices.Min[[]float64],
	"SampleCount": func(v []float64) float64 { return float64(len(v)) },
}

// statistic finds how to make one value of many: "Sum", "p95".
func statistic(name string) (reduce func([]float64) float64, ok bool) {
	if reduce, ok = statistics[name]; ok {
		return reduce, true
	}
	percent, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if err != nil || !strings.HasPrefix(name, "p") || percent <= 0 || percent > 100 {
		return nil, false
	}
	return func(values []float64) float64 {
		sorted := slices.Sorted(slices.Values(values))
		return sorted[int(math.Ceil(percent/100*float64(len(sorted))))-1]
	}, true
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
