package awscloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// No answer of the two calls comes near this many bytes; an endpoint that
// sends more is not EC2.
const maxAnswer = 16 << 20

// ec2 puts one request of EC2's query protocol and reads the answer into out.
// Its errors are of the types that the SDK's clients return.
func (c *Client) ec2(ctx context.Context, action string, form url.Values, out any) error {
	form.Set("Action", action)
	form.Set("Version", "2016-11-15")
	body := form.Encode()
	endpoint, err := c.ec2Endpoint(ctx)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), "ec2", c.config.Region, time.Now())
	if err != nil {
		return err
	}
	response, err := c.config.HTTPClient.Do(request)
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	if response.StatusCode != http.StatusOK {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: response}, Err: ec2Error(response, answer)}
	}
	return xml.Unmarshal(answer, out)
}

func ec2Error(response *http.Response, answer []byte) error {
	var refusal struct {
		Code    string `xml:"Errors>Error>Code"`
		Message string `xml:"Errors>Error>Message"`
	}
	if err := xml.Unmarshal(answer, &refusal); err != nil || refusal.Code == "" {
		return fmt.Errorf("got %s, want a reason in XML", response.Status)
	}
	return &smithy.GenericAPIError{Code: refusal.Code, Message: refusal.Message}
}

// ec2Endpoint resolves as the SDK's clients do: an endpoint set for EC2, one
// set for all services, the region's own.
func (c *Client) ec2Endpoint(ctx context.Context) (string, error) {
	ignored, _, err := config.GetIgnoreConfiguredEndpoints(ctx, c.config.ConfigSources)
	if err != nil {
		return "", err
	}
	for _, source := range c.config.ConfigSources {
		set, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok || ignored {
			continue
		}
		if endpoint, found, err := set.GetServiceBaseEndpoint(ctx, "EC2"); found || err != nil {
			return endpoint, err
		}
	}
	if endpoint := aws.ToString(c.config.BaseEndpoint); endpoint != "" {
		return endpoint, nil
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(c.config.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return "https://ec2." + c.config.Region + "." + domain, nil
}
