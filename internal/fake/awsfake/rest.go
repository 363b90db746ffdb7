package awsfake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
)

// route is a method and path that stand for an operation. What the path names
// becomes part of the input.
type route struct {
	method    string
	path      *regexp.Regexp
	operation string
}

var routes = []route{
	{"GET", regexp.MustCompile(`^/2015-03-31/functions/(?P<FunctionName>[^/]+)/configuration$`), "GetFunctionConfiguration"},
	{"GET", regexp.MustCompile(`^/2019-09-30/functions/(?P<FunctionName>[^/]+)/concurrency$`), "GetFunctionConcurrency"},
	{"GET", regexp.MustCompile(`^/2016-08-19/account-settings/?$`), "GetAccountSettings"},
	{"POST", regexp.MustCompile(`^/2015-03-31/functions/(?P<FunctionName>[^/]+)/invocations$`), "Invoke"},
	{"GET", regexp.MustCompile(`^/v2/apis/(?P<ApiId>[^/]+)$`), "GetApi"},
	{"GET", regexp.MustCompile(`^/v2/apis/(?P<ApiId>[^/]+)/stages$`), "GetApiStages"},
	{"GET", regexp.MustCompile(`^/v2/apis/(?P<ApiId>[^/]+)/stages/(?P<StageName>[^/]+)$`), "GetApiStage"},
	{"GET", regexp.MustCompile(`^/restapis/(?P<ApiId>[^/]+)$`), "GetRestApi"},
	{"GET", regexp.MustCompile(`^/restapis/(?P<ApiId>[^/]+)/stages$`), "GetRestApiStages"},
	{"GET", regexp.MustCompile(`^/restapis/(?P<ApiId>[^/]+)/stages/(?P<StageName>[^/]+)$`), "GetRestApiStage"},
}

// readREST finds the operation; one that is not known is named "".
func readREST(r *http.Request, body []byte) (call, error) {
	in := map[string]any{"InvocationType": r.Header.Get("X-Amz-Invocation-Type"), "Payload": body}
	for name, values := range r.URL.Query() {
		in[name] = values[0]
	}
	c := call{protocol: restProtocol}
	for _, route := range routes {
		found := route.path.FindStringSubmatch(r.URL.EscapedPath())
		if found == nil || route.method != r.Method {
			continue
		}
		c.operation = route.operation
		for n, name := range route.path.SubexpNames()[1:] {
			value, err := url.PathUnescape(found[n+1])
			if err != nil {
				return call{}, err
			}
			in[name] = value
		}
	}
	text, err := json.Marshal(in)
	c.input = text
	return c, err
}

const errorType = "X-Amzn-Errortype"

// restProtocol is the JSON of services that name what they do by paths.
var restProtocol = protocol{
	contentType: "application/json",
	faultHeader: errorType,
	refusals: map[Refusal]fault{
		Denied:           {403, "AccessDeniedException", ""},
		Throttled:        {429, "TooManyRequestsException", "Rate exceeded"},
		Broken:           {500, "ServiceException", "An error occurred and the request cannot be processed."},
		unsigned:         {403, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		unknownKey:       {403, "UnrecognizedClientException", "The security token included in the request is invalid."},
		badSignature:     {403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."},
		unknownOperation: {404, "UnknownOperationException", ""},
	},
	write: func(_ string, out any) ([]byte, error) {
		if invoked, ok := out.(invocation); ok {
			return invoked.payload, nil
		}
		return json.Marshal(out)
	},
	writeFault: func(f fault) []byte {
		body, _ := json.Marshal(map[string]string{"message": f.message})
		return body
	},
}
