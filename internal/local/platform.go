package local

import (
	"context"
	"fmt"
	"net/http"

	"runbook/internal/fake"
)

// Platforms answer in the place of the code behind them.

// restAPI is a REST API of API Gateway.
func restAPI(status int, message string) fake.Behaviour {
	return fake.Refusing(status, map[string]string{
		"Content-Type": "application/json", "X-Amzn-Errortype": "InternalServerErrorException",
		"X-Amzn-Requestid": "3f1f7c5e-5a0e-4c5e-9b0d-2f6f3c1d7a90", "X-Amz-Apigw-Id": "OQyWbHZ5oAMFc9A=",
	}, fmt.Sprintf(`{"message": %q}`, message))
}

// httpAPI is an HTTP API of API Gateway, which says its status in words.
func httpAPI(status int) fake.Behaviour {
	return fake.Refusing(status, map[string]string{
		"Content-Type": "application/json", "Apigw-Requestid": "OQyWbiQdoAMEYPg=", "Retry-After": "1",
	}, fmt.Sprintf(`{"message":%q}`, http.StatusText(status)))
}

// frontEnd is Google's, before Cloud Run.
func frontEnd(status int, text string) fake.Behaviour {
	return fake.Refusing(status, map[string]string{
		"Content-Type": "text/plain", "Server": "Google Frontend",
		"X-Cloud-Trace-Context": "105445aa7843bc8bf206b12000100000;o=1",
	}, text)
}

// instead has the platform of a flavour answer every request.
func instead(aws, gcp fake.Behaviour) func(context.Context, *Stack) error {
	return func(_ context.Context, s *Stack) error {
		if s.plane.gcp != nil {
			s.api.Behave(gcp)
		} else {
			s.api.Behave(aws)
		}
		return nil
	}
}
