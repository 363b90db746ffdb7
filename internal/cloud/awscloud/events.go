package awscloud

import (
	"context"
	"strings"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// entry is a line in a log group.
type entry struct {
	time time.Time
	text string
}

// events hands over the lines of a log group that hold any of the terms, newest
// first, until wanted says that it has enough. The service looks through a log
// bit by bit, so that a page may hold nothing and a busy function's day have
// thousands; each is as large as the service makes it, at most 1 MB.
func (c *Client) events(ctx context.Context, group string, since time.Time, terms []string, wanted func(entry) bool) error {
	ctx, cancel := cloud.Sparing(ctx)
	defer cancel()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(c.logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  aws.String(group),
		StartTime:     aws.Int64(since.UnixMilli()),
		FilterPattern: aws.String(anyOf(terms)),
		StartFromHead: aws.Bool(false),
	})
	for more := true; more && pages.HasMorePages(); {
		page, err := ask(ctx, c, filterLogEvents, group, func(ctx context.Context) (*cloudwatchlogs.FilterLogEventsOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return unwritten(err)
		}
		for _, e := range page.Events {
			line := entry{time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), aws.ToString(e.Message)}
			if !wanted(line) {
				more = false // the rest of the page is read: not every endpoint has the newest first
			}
		}
	}
	return nil
}

const filterLogEvents = "logs:FilterLogEvents"

// anyOf is a filter pattern. Terms are compared letter by letter, in JSON too.
func anyOf(terms []string) string {
	var pattern strings.Builder
	for _, term := range terms {
		pattern.WriteString(` ?"` + term + `"`)
	}
	return pattern.String()[1:]
}

// unwritten tells a log group that the first line has yet to make from a
// missing database or function.
func unwritten(err error) error {
	if failed, ok := err.(*cloud.Error); ok && failed.Kind == cloud.NotFound {
		failed.Kind = cloud.NoData
	}
	return err
}
