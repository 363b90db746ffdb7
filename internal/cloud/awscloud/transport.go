package awscloud

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// steadyClient keeps answers whole. Once an answer has begun, the SDK closes the
// request's body, whose WriteTo from then on fails with io.EOF; net/http, which
// may still be looking for the body's end, takes that for a broken request and
// closes the connection under the rest of the answer. Read is answered as it
// should be.
type steadyClient struct{ aws.HTTPClient }

func (c steadyClient) Do(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return c.HTTPClient.Do(request)
	}
	steady := *request // the SDK closes the body of its own
	steady.Body = struct{ io.ReadCloser }{request.Body}
	return c.HTTPClient.Do(&steady)
}
