package gcpfake

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// apiError is an error in the shape every Google API gives it: the older
// "errors" list and the newer "status" and "details" side by side.
type apiError struct {
	code     int
	status   string // canonical code; Cloud SQL leaves it out
	message  string
	domain   string // of the older list
	reason   string // of the older list
	info     string // reason of the ErrorInfo detail
	infoFrom string // domain of the ErrorInfo detail
	metadata map[string]string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.code, e.message) }

func asAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	return invalidArgument(err.Error())
}

func (e *apiError) write(w http.ResponseWriter) {
	if e.message == "" {
		http.Error(w, "<!DOCTYPE html>\n<title>Error "+fmt.Sprint(e.code)+"!!1</title>", e.code)
		return
	}
	body := map[string]any{"code": e.code, "message": e.message}
	if e.status != "" {
		body["status"] = e.status
	}
	if e.reason != "" {
		body["errors"] = []map[string]string{{"message": e.message, "domain": e.domain, "reason": e.reason}}
	}
	if e.info != "" {
		body["details"] = []map[string]any{{
			"@type":    "type.googleapis.com/google.rpc.ErrorInfo",
			"reason":   e.info,
			"domain":   e.infoFrom,
			"metadata": e.metadata,
		}}
	}
	writeJSON(w, e.code, map[string]any{"error": body})
}

func unauthenticated(info string) *apiError {
	return &apiError{
		code:   http.StatusUnauthorized,
		status: "UNAUTHENTICATED",
		message: "Request had invalid authentication credentials. Expected OAuth 2 access token, " +
			"login cookie or other valid authentication credential. " +
			"See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		domain: "global", reason: "authError",
		info: info, infoFrom: "googleapis.com",
	}
}

func serviceDisabled(action string, project string) *apiError {
	console := "https://console.developers.google.com/apis/api/" + service(action) + "/overview?project=" + project
	return &apiError{
		code:   http.StatusForbidden,
		status: "PERMISSION_DENIED",
		message: fmt.Sprintf("%s has not been used in project %s before or it is disabled. Enable it by visiting %s then retry. "+
			"If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.", titles[service(action)], project, console),
		domain: "usageLimits", reason: "accessNotConfigured",
		info: "SERVICE_DISABLED", infoFrom: "googleapis.com",
		metadata: map[string]string{"service": service(action), "consumer": "projects/" + project, "activationUrl": console},
	}
}

func rateLimitExceeded(action string) *apiError {
	return &apiError{
		code:   http.StatusTooManyRequests,
		status: "RESOURCE_EXHAUSTED",
		message: fmt.Sprintf("Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' "+
			"of service '%s' for consumer 'project_number:123456789012'.", service(action)),
		domain: "global", reason: "rateLimitExceeded",
		info: "RATE_LIMIT_EXCEEDED", infoFrom: "googleapis.com",
		metadata: map[string]string{"service": service(action), "quota_limit": "ReadRequestsPerMinutePerProject"},
	}
}

// permissionDenied words the refusal as the API in question does: Cloud SQL in
// its own way, the others in that of the common front end.
func permissionDenied(action string, resource string) *apiError {
	if strings.HasPrefix(action, "cloudsql.") {
		return &apiError{
			code: http.StatusForbidden,
			message: fmt.Sprintf("boss::NOT_AUTHORIZED: Not authorized to access resource. "+
				"Possibly missing permission %s on resource instances/%s.", action, resource),
			domain: "global", reason: "forbidden",
		}
	}
	return &apiError{
		code:    http.StatusForbidden,
		status:  "PERMISSION_DENIED",
		message: fmt.Sprintf("Permission '%s' denied on resource (or it may not exist).", action),
		domain:  "global", reason: "forbidden",
		info: "IAM_PERMISSION_DENIED", infoFrom: "iam.googleapis.com",
		metadata: map[string]string{"permission": action},
	}
}

func invalidArgument(message string) *apiError {
	return &apiError{
		code: http.StatusBadRequest, status: "INVALID_ARGUMENT", message: message,
		domain: "global", reason: "badRequest",
	}
}

func notFound(message string) *apiError {
	return &apiError{
		code: http.StatusNotFound, status: "NOT_FOUND", message: message,
		domain: "global", reason: "notFound",
	}
}

func instanceDoesNotExist() *apiError {
	return &apiError{
		code: http.StatusNotFound, message: "The Cloud SQL instance does not exist.",
		domain: "global", reason: "instanceDoesNotExist",
	}
}

func methodNotFound() *apiError { return notFound("Method not found.") }
