package awscloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const mib = 1 << 20 // Lambda counts memory in MiB

// Function accepts a Lambda function's name or ARN, each also with an alias or
// a version behind it.
func (c *Client) Function(ctx context.Context, id string) (cloud.Function, error) {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(id)}
	out, err := ask(ctx, c, "lambda:GetFunctionConfiguration", id, func(ctx context.Context) (*lambda.GetFunctionConfigurationOutput, error) {
		return c.lambda.GetFunctionConfiguration(ctx, in)
	})
	if err != nil {
		return cloud.Function{}, err
	}
	return function(out, id), nil
}

func function(out *lambda.GetFunctionConfigurationOutput, id string) cloud.Function {
	f := cloud.Function{
		ID:         aws.ToString(out.FunctionName),
		Qualifier:  qualifier(id, aws.ToString(out.FunctionName)),
		Serving:    serving(out),
		Update:     updated(out),
		Changed:    modified(out),
		Version:    aws.ToString(out.Version),
		Timeout:    time.Duration(aws.ToInt32(out.Timeout)) * time.Second,
		Memory:     int64(aws.ToInt32(out.MemorySize)) * mib,
		Runtime:    string(out.Runtime),
		Deprecated: deprecated(out),
		Start:      starting(out),
		Log:        functionLog(out),
	}
	if f.Qualifier == "" { // else there may be newer ones than it names
		f.Newest = f.Version
	}
	if name, err := arn.Parse(aws.ToString(out.FunctionArn)); err == nil {
		f.Account, f.Region = name.AccountID, name.Region
	}
	return f
}

// qualifier is what id says beyond the function's name.
func qualifier(id, name string) string {
	parts := strings.Split(id, ":")
	if n := len(parts) - 1; n > 0 && parts[n-1] == name {
		return parts[n]
	}
	return ""
}

func serving(out *lambda.GetFunctionConfigurationOutput) cloud.Condition {
	c := cloud.Condition{Status: string(out.State), Reason: why(string(out.StateReasonCode), out.StateReason)}
	switch out.State {
	case types.StateActive:
		c.State = cloud.Up
	case types.StatePending:
		c.State = cloud.Changing
	case types.StateInactive:
		c.State = cloud.Idle
	case types.StateFailed, types.StateDeactivating, types.StateDeactivated, types.StateActiveNonInvocable, types.StateDeleting:
		c.State = cloud.Down
	}
	return c
}

func updated(out *lambda.GetFunctionConfigurationOutput) cloud.Condition {
	c := cloud.Condition{Status: string(out.LastUpdateStatus), Reason: why(string(out.LastUpdateStatusReasonCode), out.LastUpdateStatusReason)}
	switch out.LastUpdateStatus {
	case types.LastUpdateStatusSuccessful:
		c.State = cloud.Up
	case types.LastUpdateStatusInProgress:
		c.State = cloud.Changing
	case types.LastUpdateStatusFailed:
		c.State = cloud.Down
	}
	return c
}

// modified reads the time in Lambda's own form, without the colon that RFC 3339
// wants in its zone, or as emulators write it, in UTC.
func modified(out *lambda.GetFunctionConfigurationOutput) time.Time {
	t, _ := time.Parse("2006-01-02T15:04:05Z0700", aws.ToString(out.LastModified)) // zero where it is no such time
	return t.UTC()
}

func why(code string, text *string) string {
	return strings.Join(strings.Fields(code+" "+aws.ToString(text)), " ")
}

// gone are the runtimes whose deprecation date in the "Lambda runtimes" page of
// the Developer Guide lies before July 2026. No API tells them; later ones are
// Unknown here.
var gone = []types.Runtime{
	types.RuntimeNodejs, types.RuntimeNodejs43, types.RuntimeNodejs43edge, types.RuntimeNodejs610, types.RuntimeNodejs810,
	types.RuntimeNodejs10x, types.RuntimeNodejs12x, types.RuntimeNodejs14x, types.RuntimeNodejs16x, types.RuntimeNodejs18x, types.RuntimeNodejs20x,
	types.RuntimePython27, types.RuntimePython36, types.RuntimePython37, types.RuntimePython38, types.RuntimePython39,
	types.RuntimeRuby25, types.RuntimeRuby27, types.RuntimeRuby32,
	types.RuntimeDotnetcore10, types.RuntimeDotnetcore20, types.RuntimeDotnetcore21, types.RuntimeDotnetcore31, types.RuntimeDotnet6,
	types.RuntimeJava8, types.RuntimeGo1x, types.RuntimeProvided,
}

func deprecated(out *lambda.GetFunctionConfigurationOutput) cloud.Answer {
	switch {
	case out.PackageType == types.PackageTypeImage:
		return cloud.No // it brings its own
	case slices.Contains(gone, out.Runtime):
		return cloud.Yes
	}
	return cloud.Unknown
}

// starting leaves out what the API, or an emulator of it, does. A function that
// is in no VPC has no subnets.
func starting(out *lambda.GetFunctionConfigurationOutput) string {
	var settings []string
	if out.PackageType != "" {
		settings = append(settings, "PackageType "+string(out.PackageType))
	}
	if s := out.SnapStart; s != nil {
		settings = append(settings, strings.TrimSpace(fmt.Sprintf("SnapStart %s %s", s.ApplyOn, s.OptimizationStatus)))
	}
	if vpc := out.VpcConfig; vpc != nil && len(vpc.SubnetIds) > 0 {
		settings = append(settings, fmt.Sprintf("VpcConfig %d subnets", len(vpc.SubnetIds)))
	}
	return strings.Join(settings, ", ")
}

func functionLog(out *lambda.GetFunctionConfigurationOutput) cloud.FunctionLog {
	log := cloud.FunctionLog{Place: "/aws/lambda/" + aws.ToString(out.FunctionName), Format: string(types.LogFormatText)}
	set := out.LoggingConfig
	if set == nil {
		return log
	}
	if group := aws.ToString(set.LogGroup); group != "" {
		log.Place = group
	}
	if set.LogFormat != "" {
		log.Format, log.Level = string(set.LogFormat), string(set.SystemLogLevel)
	}
	return log
}

// Capacity reads the concurrency reserved for f and the account's. An instance
// of a Lambda function answers one request at a time; Min is not read.
func (c *Client) Capacity(ctx context.Context, f cloud.Function) (cloud.Capacity, error) {
	capacity := cloud.Capacity{PerInstance: cloud.AtMost(1)}
	own, failed := ask(ctx, c, "lambda:GetFunctionConcurrency", f.ID, func(ctx context.Context) (*lambda.GetFunctionConcurrencyOutput, error) {
		return c.lambda.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: aws.String(f.ID)})
	})
	if failed == nil {
		capacity.Max = limit(own.ReservedConcurrentExecutions)
	}
	account, err := ask(ctx, c, "lambda:GetAccountSettings", "", func(ctx context.Context) (*lambda.GetAccountSettingsOutput, error) {
		return c.lambda.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	})
	if err == nil && account.AccountLimit != nil {
		capacity.Account = cloud.AtMost(float64(account.AccountLimit.ConcurrentExecutions))
	}
	if failed == nil {
		failed = err
	}
	return capacity, failed
}

// limit is one that the API leaves out where it is not set.
func limit[T int32 | float64](set *T) cloud.Limit {
	if set == nil {
		return cloud.Unlimited
	}
	return cloud.AtMost(float64(*set))
}
