package gcpfake

import (
	"fmt"
	"slices"
	"time"
)

// measurement is a series on its way to the answer.
type measurement struct {
	metric   string
	resource resource
	labels   map[string]string // of the metric
	descriptor
	period time.Duration // between points
	values []value       // newest first
}

// value is what was measured until end: one number, or those that a
// distribution holds.
type value struct {
	end     time.Time
	numbers []float64
}

// unseen is how long after a minute what Cloud Run measured in it may not be
// seen yet.
const unseen = 3 * time.Minute

// measure returns what was measured in (start, end], as far as it can be seen.
func (s Series) measure(start, end time.Time) measurement {
	m := measurement{
		metric: s.metric(), resource: s.resource(), labels: s.Labels,
		descriptor: descriptors[s.metric()], period: time.Minute,
	}
	if newest := time.Now().Add(-unseen); m.resource.kind == "cloud_run_revision" && end.After(newest) {
		end = newest
	}
	minutes := map[time.Time]int{}
	for _, p := range s.Points {
		at := p.Time
		if m.valueType == "DISTRIBUTION" {
			at = at.Add(time.Minute - 1).Truncate(time.Minute)
		}
		if !at.After(start) || at.After(end) {
			continue
		}
		n, again := minutes[at]
		if !again || m.valueType != "DISTRIBUTION" {
			n = len(m.values)
			m.values = append(m.values, value{end: at})
		}
		minutes[at] = n
		m.values[n].numbers = append(m.values[n].numbers, slices.Repeat([]float64{p.Value}, max(p.Samples, 1))...)
	}
	m.sort()
	return m
}

func (m *measurement) sort() {
	slices.SortFunc(m.values, func(a, b value) int { return b.end.Compare(a.end) })
}

// fields are those that series may be grouped by.
func (m measurement) fields() record {
	all := m.resource.addTo(record{})
	for name, value := range m.labels {
		all["metric.labels."+name] = value
	}
	return all
}

func (m measurement) wire(values []value) map[string]any {
	var points []map[string]any
	for _, v := range values {
		start := v.end
		if m.kind == "DELTA" {
			start = start.Add(-m.period)
		}
		points = append(points, map[string]any{
			"interval": map[string]string{"startTime": rfc3339(start), "endTime": rfc3339(v.end)},
			"value":    m.wireValue(v),
		})
	}
	return map[string]any{
		"metric":     map[string]any{"type": m.metric, "labels": m.labels},
		"resource":   m.resource.wire(),
		"metricKind": m.kind,
		"valueType":  m.valueType,
		"unit":       m.unit,
		"points":     points,
	}
}

func (m measurement) wireValue(v value) map[string]any {
	switch m.valueType {
	case "INT64":
		return map[string]any{"int64Value": fmt.Sprint(int64(v.numbers[0]))}
	case "DISTRIBUTION":
		return map[string]any{"distributionValue": m.buckets().distribution(v.numbers).wire()}
	}
	return map[string]any{"doubleValue": v.numbers[0]}
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
