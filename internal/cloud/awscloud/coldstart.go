package awscloud

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Enough for a percentile; a function with more has them all the time.
const maxStarts = 1000

// ColdStarts reads the reports of requests that waited for an instance: for its
// code to begin, or for its snapshot to be restored. Lambda gives a start 10
// seconds before it begins again, and reports such a one by itself.
func (c *Client) ColdStarts(ctx context.Context, f cloud.Function, since time.Time) (cloud.Starts, error) {
	if f.Log.Level == string(types.SystemLogLevelWarn) {
		err := errors.New("got system log level WARN, which keeps no reports, want INFO")
		return cloud.Starts{}, &cloud.Error{Action: filterLogEvents, Subject: f.Log.Place, Kind: cloud.NotEnabled, Err: err}
	}
	var found []time.Duration
	err := c.events(ctx, f.Log.Place, since, starts, func(e entry) bool {
		if took := start(e.text); took > 0 {
			found = append(found, took)
		}
		return len(found) <= maxStarts
	})
	cut := cloud.RanOut(err) && len(found) > 0
	if err != nil && !cut {
		return cloud.Starts{}, err
	}
	summed := cloud.StartsOf(found[:min(len(found), maxStarts)])
	summed.Source, summed.Truncated = f.Log.Place, cut || len(found) > maxStarts
	return summed, nil
}

// starts are what a line has one of that start finds a duration in.
var starts = []string{"Init Duration", "Restore Duration", "initDurationMs", "restoreDurationMs", "platform.initReport"}

var (
	started = regexp.MustCompile(`^REPORT .*\t(?:Init|Restore) Duration: ([\d.]+) ms`)
	cutOff  = regexp.MustCompile(`^INIT_REPORT Init Duration: ([\d.]+) ms\t.*Status: timeout`)
)

// start is how long a line says that a request waited for an instance; 0 when
// it says nothing of it.
func start(text string) time.Duration {
	if e, ok := readJSON(text); ok {
		switch metrics := e.Record.Metrics; {
		case e.Type == "platform.report":
			return milliseconds(max(metrics.InitDurationMs, metrics.RestoreDurationMs))
		case e.Type == "platform.initReport" && e.Record.Status == "timeout":
			return milliseconds(metrics.DurationMs)
		}
		return 0
	}
	for _, pattern := range []*regexp.Regexp{started, cutOff} {
		if found := pattern.FindStringSubmatch(text); found != nil {
			ms, _ := strconv.ParseFloat(found[1], 64) // 0 of what is no number
			return milliseconds(ms)
		}
	}
	return 0
}
