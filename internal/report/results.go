package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

const schemaVersion = 1

type resultsFile struct {
	SchemaVersion int `json:"schema_version"`
	Run
	TookSeconds float64        `json:"took_seconds"`
	Counts      map[string]int `json:"counts"`
	Pages       []resultsPage  `json:"pages"`
}

type resultsPage struct {
	Page
	TookSeconds float64 `json:"took_seconds"`
}

func results(r Run) ([]byte, error) {
	f := resultsFile{
		SchemaVersion: schemaVersion,
		Run:           r,
		TookSeconds:   inSeconds(r.Took),
		Counts:        map[string]int{didNotFinish: 0},
		Pages:         []resultsPage{},
	}
	for _, v := range verdicts {
		f.Counts[string(v)] = 0
	}
	for _, p := range r.Pages {
		f.Counts[cmp.Or(string(p.Verdict), didNotFinish)]++
		f.Pages = append(f.Pages, resultsPage{p, inSeconds(p.Took)})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // for people who grep it
	e.SetIndent("", "  ")
	err := e.Encode(f)
	return b.Bytes(), err
}

// Read returns the run that the results.json at path tells of, for whoever
// must judge it after its process died. Durations are rounded to milliseconds.
func Read(path string) (Run, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Run{}, fmt.Errorf("reading results: %w", err)
	}
	var f resultsFile
	if err := json.Unmarshal(content, &f); err != nil {
		return Run{}, fmt.Errorf("reading results: %s: %w", path, err)
	}
	if f.SchemaVersion != schemaVersion {
		return Run{}, fmt.Errorf("reading results: %s: got schema version %d, want %d", path, f.SchemaVersion, schemaVersion)
	}
	r := f.Run
	r.Took = fromSeconds(f.TookSeconds)
	for _, p := range f.Pages {
		p.Page.Took = fromSeconds(p.TookSeconds)
		r.Pages = append(r.Pages, p.Page)
	}
	return r, nil
}

func inSeconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

func fromSeconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}
