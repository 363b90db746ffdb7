package awscloud

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

const (
	// RDS starts a file an hour: this reaches back further than any page asks,
	// and each file costs the instance work.
	maxLogFiles = 6
	// The most lines RDS hands out at a time.
	linesPerPortion = 10_000
	// Bytes by which a download may fall short of the listed size although it is
	// complete: RDS trims and re-encodes.
	trimmed = 1 << 10
)

// DatabaseErrors reads CloudWatch Logs when the instance's log is exported
// there, else the log files on the instance.
func (c *Client) DatabaseErrors(ctx context.Context, i cloud.Instance, since time.Time) (cloud.Lines, error) {
	var lines cloud.Lines
	var err error
	if i.LogExport == cloud.Yes {
		lines, err = c.exportedErrors(ctx, logGroup(i), since)
	} else {
		lines, err = c.filedErrors(ctx, i.ID, since)
	}
	return bounded(lines), err
}

// bounded puts the newest lines first, also those of an endpoint that does not
// know how to be asked for that, and cuts off what is too much.
func bounded(lines cloud.Lines) cloud.Lines {
	slices.SortStableFunc(lines.Lines, func(a, b cloud.Line) int { return b.Time.Compare(a.Time) })
	if len(lines.Lines) > cloud.MaxLines {
		lines.Lines, lines.Truncated = lines.Lines[:cloud.MaxLines], true
	}
	return lines
}

func logGroup(i cloud.Instance) string {
	if i.Cluster != "" {
		return "/aws/rds/cluster/" + i.Cluster + "/postgresql"
	}
	return "/aws/rds/instance/" + i.ID + "/postgresql"
}

func (c *Client) exportedErrors(ctx context.Context, group string, since time.Time) (cloud.Lines, error) {
	lines := cloud.Lines{Source: group}
	err := c.events(ctx, group, since, []string{"ERROR", "FATAL", "PANIC"}, func(e entry) bool {
		if level := cloud.LevelOf(e.text); level != "" {
			lines.Lines = append(lines.Lines, cloud.Line{Time: e.time, Level: level, Text: e.text})
		}
		return len(lines.Lines) <= cloud.MaxLines
	})
	return lines, err
}

func (c *Client) filedErrors(ctx context.Context, id string, since time.Time) (cloud.Lines, error) {
	files, err := c.logFiles(ctx, id, since)
	if err != nil {
		return cloud.Lines{}, err
	}
	lines := cloud.Lines{Source: "log files of " + id, Truncated: len(files) > maxLogFiles}
	for _, file := range files[:min(len(files), maxLogFiles)] {
		if len(lines.Lines) > cloud.MaxLines {
			break
		}
		text, err := c.tail(ctx, id, aws.ToString(file.LogFileName))
		if err != nil {
			return lines, err
		}
		found, oldest := parse(text)
		lines.Lines = append(lines.Lines, slices.DeleteFunc(found, func(l cloud.Line) bool { return l.Time.Before(since) })...)
		if int64(len(text))+trimmed < aws.ToInt64(file.Size) && oldest.After(since) {
			lines.Truncated = true
		}
	}
	return lines, nil
}

// logFiles lists the files written to since then, newest first. RDS may keep
// each twice, as text and as CSV.
func (c *Client) logFiles(ctx context.Context, id string, since time.Time) ([]types.DescribeDBLogFilesDetails, error) {
	var files []types.DescribeDBLogFilesDetails
	pages := rds.NewDescribeDBLogFilesPaginator(c.rds, &rds.DescribeDBLogFilesInput{
		DBInstanceIdentifier: aws.String(id),
		FilenameContains:     aws.String("postgresql"),
		FileLastWritten:      aws.Int64(since.UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := ask(ctx, c, "rds:DescribeDBLogFiles", id, func(ctx context.Context) (*rds.DescribeDBLogFilesOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, err
		}
		files = append(files, page.DescribeDBLogFiles...)
	}
	files = slices.DeleteFunc(files, func(f types.DescribeDBLogFilesDetails) bool {
		return strings.HasSuffix(aws.ToString(f.LogFileName), ".csv")
	})
	slices.SortFunc(files, func(a, b types.DescribeDBLogFilesDetails) int {
		return cmp.Compare(aws.ToInt64(b.LastWritten), aws.ToInt64(a.LastWritten))
	})
	return files, nil
}

// tail downloads the last lines of a file: those are what RDS hands out to a
// request that names no marker. The SDK's own paginator does not end here, for
// every answer names a marker, the last one too.
func (c *Client) tail(ctx context.Context, id, file string) (string, error) {
	var text strings.Builder
	in := &rds.DownloadDBLogFilePortionInput{
		DBInstanceIdentifier: aws.String(id),
		LogFileName:          aws.String(file),
		NumberOfLines:        aws.Int32(linesPerPortion),
	}
	for {
		portion, err := ask(ctx, c, "rds:DownloadDBLogFilePortion", id+" "+file, func(ctx context.Context) (*rds.DownloadDBLogFilePortionOutput, error) {
			return c.rds.DownloadDBLogFilePortion(ctx, in)
		})
		if err != nil {
			return "", err
		}
		text.WriteString(aws.ToString(portion.LogFileData))
		if !aws.ToBool(portion.AdditionalDataPending) {
			return text.String(), nil
		}
		in.Marker = portion.Marker
	}
}

// RDS fixes the line prefix to begin with the time and its zone.
var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]{3,5}`)

// parse returns the lines at ERROR or worse, and the time of the first line.
func parse(text string) (lines []cloud.Line, oldest time.Time) {
	for line := range strings.Lines(text) {
		at, err := time.Parse("2006-01-02 15:04:05 MST", stamp.FindString(line))
		if err != nil {
			continue // goes on with the line before
		}
		if oldest.IsZero() {
			oldest = at
		}
		if level := cloud.LevelOf(line); level != "" {
			lines = append(lines, cloud.Line{Time: at, Level: level, Text: strings.TrimRight(line, "\n")})
		}
	}
	return lines, oldest
}
