package gcpfake

import (
	"cmp"
	"net/url"
	"slices"
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

// within returns the points in (start, end], newest first.
func within(points []Point, start, end time.Time) []Point {
	points = slices.DeleteFunc(slices.Clone(points), func(p Point) bool {
		return !p.Time.After(start) || p.Time.After(end)
	})
	slices.SortFunc(points, func(a, b Point) int { return b.Time.Compare(a.Time) })
	return points
}

// aggregate aligns each series to periods that end at end, then sums them into
// one, as far as the request says so.
func aggregate(q url.Values, series []Series, end time.Time) ([]Series, error) {
	aligner := cmp.Or(q.Get("aggregation.perSeriesAligner"), "ALIGN_NONE")
	reducer := cmp.Or(q.Get("aggregation.crossSeriesReducer"), "REDUCE_NONE")
	if aligner == "ALIGN_NONE" && reducer == "REDUCE_NONE" {
		return series, nil
	}
	period, err := time.ParseDuration(q.Get("aggregation.alignmentPeriod"))
	switch {
	case aligner != "ALIGN_MEAN":
		return nil, invalidArgument("Field aggregation.perSeriesAligner had an invalid value of \"" + aligner + "\": not supported for this metric.")
	case err != nil || period < time.Minute:
		return nil, invalidArgument("Field aggregation.alignmentPeriod had an invalid value: must be at least 60 seconds.")
	case len(q["aggregation.groupByFields"]) > 0:
		return nil, invalidArgument("Field aggregation.groupByFields had an invalid value.")
	}
	for n := range series {
		series[n].Points = align(series[n].Points, period, end)
	}
	switch reducer {
	case "REDUCE_NONE":
		return series, nil
	case "REDUCE_SUM":
		return sum(series), nil
	}
	return nil, invalidArgument("Field aggregation.crossSeriesReducer had an invalid value of \"" + reducer + "\".")
}

// align returns the mean of each period, newest first. A period ends at end or
// a whole number of periods before it.
func align(points []Point, period time.Duration, end time.Time) []Point {
	var aligned []Point
	for len(points) > 0 {
		at := end.Add(-end.Sub(points[0].Time).Truncate(period))
		n, total := 0, 0.0
		for n < len(points) && points[n].Time.After(at.Add(-period)) {
			total += points[n].Value
			n++
		}
		aligned = append(aligned, Point{Time: at, Value: total / float64(n)})
		points = points[n:]
	}
	return aligned
}

// sum adds aligned series of one instance up into one without metric labels.
func sum(series []Series) []Series {
	if len(series) == 0 {
		return nil
	}
	total := series[0]
	total.Labels, total.Points = nil, nil
	at := map[time.Time]float64{}
	for _, s := range series {
		for _, p := range s.Points {
			at[p.Time] += p.Value
		}
	}
	for when, value := range at {
		total.Points = append(total.Points, Point{Time: when, Value: value})
	}
	slices.SortFunc(total.Points, func(a, b Point) int { return b.Time.Compare(a.Time) })
	return []Series{total}
}
