package local

import "time"

// perMinute is how many requests the API gets, also while nobody else looks: three
// hundred in a quarter of an hour.
const perMinute = 20

// sample is a value that so many of a minute's requests have.
type sample struct {
	value    float64
	requests int
}

// counted has so many of a minute's requests count.
func counted(requests int) []sample {
	return []sample{{1, requests}, {0, perMinute - requests}}
}

// latencies has one in ten of the requests take p95 milliseconds, and the others the usual
// ones.
func latencies(usual, p95 float64) []sample {
	return []sample{{usual, perMinute - 2}, {p95, 2}}
}

// recently are so many moments of the last minutes, by how long ago they are.
func recently(n int) []time.Duration {
	const since, until = 10 * time.Minute, 20 * time.Second
	var all []time.Duration
	for i := range n {
		all = append(all, since-(since-until)*time.Duration(i)/time.Duration(n))
	}
	return all
}

// together makes one change of several.
func together[State any](changes ...func(*State)) func(*State) {
	return func(state *State) {
		for _, change := range changes {
			change(state)
		}
	}
}
