package awscloud

import (
	"context"
	"errors"
	"slices"
	"time"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const invokeFunction = "lambda:InvokeFunction"

// Validate has Lambda check the request and the permission to make it.
func (c *Client) Validate(ctx context.Context, f cloud.Function) error {
	_, err := ask(ctx, c, invokeFunction, f.ID, func(ctx context.Context) (*lambda.InvokeOutput, error) {
		return c.lambda.Invoke(ctx, invocation(f, types.InvocationTypeDryRun, nil))
	})
	return err
}

// Invoke waits for the function's answer. That it has no capacity for the
// request is its failure, not one to ask about.
func (c *Client) Invoke(ctx context.Context, f cloud.Function, payload []byte) (cloud.Invocation, error) {
	began := time.Now()
	out, err := once(ctx, c, invokeFunction, f.ID, func(ctx context.Context) (*lambda.InvokeOutput, error) {
		return c.lambda.Invoke(ctx, invocation(f, types.InvocationTypeRequestResponse, payload))
	})
	answer := cloud.Invocation{Took: time.Since(began)}
	if reason := refused(err); reason != "" {
		answer.Failed = reason
		return answer, nil
	}
	if err != nil {
		return cloud.Invocation{}, err
	}
	answer.Version = aws.ToString(out.ExecutedVersion)
	answer.Failed = aws.ToString(out.FunctionError)
	answer.Payload = out.Payload[:min(len(out.Payload), cloud.MaxPayload)]
	return answer, nil
}

func invocation(f cloud.Function, kind types.InvocationType, payload []byte) *lambda.InvokeInput {
	in := &lambda.InvokeInput{FunctionName: aws.String(f.ID), InvocationType: kind, Payload: payload}
	if f.Qualifier != "" {
		in.Qualifier = aws.String(f.Qualifier)
	}
	return in
}

// refused is why Lambda turned a request away for want of capacity, and not the
// caller for asking too often.
func refused(err error) string {
	var throttled *types.TooManyRequestsException
	want := []types.ThrottleReason{
		types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded,
		types.ThrottleReasonConcurrentInvocationLimitExceeded,
	}
	if errors.As(err, &throttled) && slices.Contains(want, throttled.Reason) {
		return string(throttled.Reason)
	}
	return ""
}
