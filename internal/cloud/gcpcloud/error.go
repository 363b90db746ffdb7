package gcpcloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"runbook/internal/cloud"

	"cloud.google.com/go/auth"
	"google.golang.org/api/googleapi"
)

var errNoProject = errors.New("no project, want GOOGLE_CLOUD_PROJECT, or a name that holds one")

// credentialsError is credentials that are not there or not accepted.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// failed says why a question has no answer. What it quotes of an answer is
// Google's message alone: bodies and URLs stay out.
func failed(ctx context.Context, action, subject string, err error) *cloud.Error {
	kind := kindOf(ctx, err)
	var answer *googleapi.Error
	var refused *auth.Error
	var sent *url.Error
	switch {
	case errors.As(err, &answer):
		err = fmt.Errorf("%d %s", answer.Code, cmp.Or(answer.Message, http.StatusText(answer.Code)))
	case errors.As(err, &refused):
		err = fmt.Errorf("the token endpoint refuses: %s", refusal(refused.Body))
	case errors.As(err, &sent):
		err = sent.Err
	}
	return &cloud.Error{Action: action, Subject: subject, Kind: kind, Err: err}
}

// refusal returns the error of a token endpoint's answer (RFC 6749, 5.2).
func refusal(body []byte) string {
	var answer struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "no reason given"
	}
	return strings.TrimSpace(answer.Code + " " + answer.Description)
}

func kindOf(ctx context.Context, err error) cloud.Kind {
	var answer *googleapi.Error
	var credentials *credentialsError
	var refused *auth.Error
	var sent *url.Error
	switch {
	case errors.Is(err, errNoProject), errors.Is(err, errNoRegion):
		return cloud.NotConfigured
	case errors.As(err, &answer):
		return kindOfAnswer(answer)
	case errors.As(err, &refused) && refused.Temporary():
		return cloud.Other
	case errors.As(err, &credentials), errors.As(err, &refused):
		return cloud.NoCredentials
	case ctx.Err() != nil:
		return cloud.OutOfTime
	case errors.As(err, &sent):
		return cloud.Unreachable
	}
	return cloud.Other
}

// kindOfAnswer tells Google's refusals apart. A 403 is a missing permission
// only when no better reason stands in it.
func kindOfAnswer(e *googleapi.Error) cloud.Kind {
	for _, reason := range reasons(e) {
		switch reason {
		case "SERVICE_DISABLED", "accessNotConfigured", "BILLING_DISABLED":
			return cloud.NotEnabled
		case "RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded":
			return cloud.Throttled
		}
	}
	switch e.Code {
	case http.StatusUnauthorized:
		return cloud.NoCredentials
	case http.StatusForbidden:
		return cloud.NoPermission
	case http.StatusNotFound:
		return cloud.NotFound
	case http.StatusTooManyRequests:
		return cloud.Throttled
	}
	return cloud.Other
}

// reasons collects the machine-readable reasons of an error, of the newer form
// (ErrorInfo) and of the older.
func reasons(e *googleapi.Error) []string {
	var all []string
	for _, detail := range e.Details {
		info, ok := detail.(map[string]any)
		if !ok || !strings.HasSuffix(fmt.Sprint(info["@type"]), "google.rpc.ErrorInfo") {
			continue
		}
		all = append(all, fmt.Sprint(info["reason"]))
	}
	for _, item := range e.Errors {
		all = append(all, item.Reason)
	}
	return all
}
