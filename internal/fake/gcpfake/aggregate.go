package gcpfake

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func interval(q url.Values) (start, end time.Time, err error) {
	end, err = time.Parse(time.RFC3339Nano, q.Get("interval.endTime"))
	if err != nil {
		return start, end, invalidArgument("Field interval.end_time had an invalid value: The end time is required.")
	}
	start = end
	if text := q.Get("interval.startTime"); text != "" {
		start, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil || start.After(end) {
		return start, end, invalidArgument("Field interval.start_time had an invalid value: The start time must be before the end time.")
	}
	return start, end, nil
}

// aggregation is what a request makes of the series it finds. Without a
// function they stay as they are.
type aggregation struct {
	align  func([]float64) []float64 // the numbers of a period become its value
	reduce func([]float64) float64   // the numbers of a group become one
	period time.Duration
	groups []string // fields by which series are told apart while they are reduced
}

// aggregationOf reads what a request makes of a metric; what Monitoring cannot
// make of a metric of that kind is an error, found or not.
func aggregationOf(q url.Values, of descriptor) (a aggregation, _ descriptor, err error) {
	aligner := cmp.Or(q.Get("aggregation.perSeriesAligner"), "ALIGN_NONE")
	reducer := cmp.Or(q.Get("aggregation.crossSeriesReducer"), "REDUCE_NONE")
	if aligner == "ALIGN_NONE" && reducer == "REDUCE_NONE" {
		return a, of, nil
	}
	if a.align = aligners[aligner+" "+of.kind+" "+of.valueType]; a.align == nil {
		return a, of, invalidArgument("Field aggregation.perSeriesAligner had an invalid value of \"" + aligner + "\": not supported for this metric.")
	}
	if aligner == "ALIGN_MEAN" {
		of.valueType = "DOUBLE"
	}
	if a.period, err = time.ParseDuration(q.Get("aggregation.alignmentPeriod")); err != nil || a.period < time.Minute {
		return a, of, invalidArgument("Field aggregation.alignmentPeriod had an invalid value: must be at least 60 seconds.")
	}
	if reducer == "REDUCE_NONE" {
		return a, of, nil
	}
	if a.reduce = of.reducer(reducer); a.reduce == nil {
		return a, of, invalidArgument("Field aggregation.crossSeriesReducer had an invalid value of \"" + reducer + "\": not supported for this metric.")
	}
	if of.valueType == "DISTRIBUTION" {
		of.kind, of.valueType = "GAUGE", "DOUBLE"
	}
	for _, field := range q["aggregation.groupByFields"] {
		if !seriesField(field) {
			return a, of, invalidArgument("Field aggregation.groupByFields had an invalid value of \"" + field + "\".")
		}
		a.groups = append(a.groups, field)
	}
	return a, of, nil
}

// aggregate aligns each series to periods that end at end, then makes one of
// those in a group, as far as the request says so.
func aggregate(q url.Values, of descriptor, series []measurement, end time.Time) ([]measurement, error) {
	a, of, err := aggregationOf(q, of)
	if err != nil || a.align == nil {
		return series, err
	}
	for n := range series {
		series[n].align(a, end)
	}
	if a.reduce != nil {
		series = a.reduced(series)
	}
	for n := range series {
		series[n].descriptor = of
	}
	return series, nil
}

// align makes one value of each period. A period ends at end or a whole number
// of periods before it.
func (m *measurement) align(a aggregation, end time.Time) {
	left := m.values
	m.values, m.period = nil, a.period
	for len(left) > 0 {
		at := end.Add(-end.Sub(left[0].end).Truncate(a.period))
		var numbers []float64
		for len(left) > 0 && left[0].end.After(at.Add(-a.period)) {
			numbers = append(numbers, left[0].numbers...)
			left = left[1:]
		}
		m.values = append(m.values, value{at, a.align(numbers)})
	}
}

// aligners are those supported, by the kind of metric and the type of value.
var aligners = map[string]func([]float64) []float64{
	"ALIGN_MEAN GAUGE DOUBLE":        one(mean),
	"ALIGN_MEAN GAUGE INT64":         one(mean),
	"ALIGN_MAX GAUGE DOUBLE":         one(slices.Max[[]float64]),
	"ALIGN_MAX GAUGE INT64":          one(slices.Max[[]float64]),
	"ALIGN_DELTA DELTA INT64":        one(sum),
	"ALIGN_DELTA DELTA DISTRIBUTION": func(all []float64) []float64 { return all },
}

// reducers are those of single numbers that are supported, by the type of value.
var reducers = map[string]func([]float64) float64{
	"REDUCE_SUM INT64":  sum,
	"REDUCE_SUM DOUBLE": sum,
	"REDUCE_MAX INT64":  slices.Max[[]float64],
	"REDUCE_MAX DOUBLE": slices.Max[[]float64],
}

// reducer is nil where values of the metric cannot be made one that way.
func (d descriptor) reducer(name string) func([]float64) float64 {
	if d.valueType == "DISTRIBUTION" && name == "REDUCE_PERCENTILE_95" {
		return func(all []float64) float64 { return d.buckets().distribution(all).percentile(0.95) }
	}
	return reducers[name+" "+d.valueType]
}

func one(merge func([]float64) float64) func([]float64) []float64 {
	return func(all []float64) []float64 { return []float64{merge(all)} }
}

func mean(all []float64) float64 { return sum(all) / float64(len(all)) }

func sum(all []float64) (total float64) {
	for _, n := range all {
		total += n
	}
	return total
}

// reduced makes one series of each group, with the labels it is grouped by and
// no others.
func (a aggregation) reduced(series []measurement) []measurement {
	var all []measurement
	places := map[string]int{}
	for _, m := range series {
		key, labels := a.group(m)
		place, again := places[key]
		if !again {
			place = len(all)
			places[key] = place
			all = append(all, measurement{metric: m.metric, resource: m.resource, labels: labels, period: m.period})
		}
		all[place].values = append(all[place].values, m.values...)
	}
	for n := range all {
		all[n].merge(a.reduce)
	}
	return all
}

// group returns what tells a series's group from others, and the labels of the
// metric that are the same in all of it.
func (a aggregation) group(m measurement) (key string, labels map[string]string) {
	fields := m.fields()
	labels = map[string]string{}
	for _, field := range a.groups {
		key += strconv.Quote(fields[field])
		if label, ok := strings.CutPrefix(field, "metric.labels."); ok {
			labels[label] = fields[field]
		}
	}
	return key, labels
}

// merge makes one value of those that end together.
func (m *measurement) merge(merge func([]float64) float64) {
	together := map[time.Time][]float64{}
	for _, v := range m.values {
		together[v.end] = append(together[v.end], v.numbers...)
	}
	m.values = nil
	for end, numbers := range together {
		m.values = append(m.values, value{end, []float64{merge(numbers)}})
	}
	m.sort()
}
