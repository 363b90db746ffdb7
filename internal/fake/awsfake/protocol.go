package awsfake

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

const requestID = "00000000-0000-4000-8000-000000000000"

// fault is an error AWS answers with.
type fault struct {
	status        int
	code, message string
}

func (f fault) Error() string { return f.code + ": " + f.message }

func invalid(format string, args ...any) fault {
	return fault{http.StatusBadRequest, "InvalidParameterValue", fmt.Sprintf(format, args...)}
}

// Refusal is why AWS turns a call away before it looks at what is asked.
type Refusal string

const (
	Denied    Refusal = "denied"    // the caller lacks the permission
	Throttled Refusal = "throttled" // too many calls
	Broken    Refusal = "broken"    // a malfunction of the service

	unsigned         Refusal = "unsigned"
	unknownKey       Refusal = "unknown key"
	badSignature     Refusal = "bad signature"
	unknownOperation Refusal = "unknown operation"
)

// protocol is one way of AWS to speak.
type protocol struct {
	contentType string
	refusals    map[Refusal]fault // how it words them
	write       func(operation string, out any) ([]byte, error)
	writeFault  func(fault) []byte
	faultHeader string // that names an error; "" = the body alone does
}

type answer struct {
	status int
	header map[string]string
	body   []byte
}

func (c call) reply(out any) answer {
	body, err := c.write(c.operation, out)
	if err != nil {
		return c.fail(err)
	}
	status, header := http.StatusOK, map[string]string{}
	if own, ok := out.(interface {
		headers() (int, map[string]string)
	}); ok {
		status, header = own.headers()
	}
	header["Content-Type"] = c.contentType
	return answer{status, header, body}
}

func (c call) fail(err error) answer {
	f := fault{http.StatusInternalServerError, "InternalFailure", err.Error()}
	errors.As(err, &f)
	header := map[string]string{"Content-Type": c.contentType}
	if code, ok := queryCodes[f.code]; ok && c.once {
		header["X-Amzn-Query-Error"] = code + ";Sender"
	}
	if c.faultHeader != "" {
		header[c.faultHeader] = f.code
	}
	return answer{f.status, header, c.writeFault(f)}
}

func (c call) refuse(why Refusal, s State) answer {
	f := c.refusals[why]
	if why == Denied {
		action := c.action()
		f.message = fmt.Sprintf("User: %s is not authorized to perform: %s because no identity-based policy allows the %s action", s.Principal, action, action)
	}
	return c.fail(f)
}

// queryCodes are the names that errors of the newer protocols have in the query
// protocol.
var queryCodes = map[string]string{
	"AccessDeniedException":               "AccessDenied",
	"ThrottlingException":                 "Throttling",
	"UnrecognizedClientException":         "InvalidClientTokenId",
	"InvalidSignatureException":           "SignatureDoesNotMatch",
	"MissingAuthenticationTokenException": "MissingAuthenticationToken",
}

var queryProtocol = protocol{
	contentType: "text/xml",
	refusals: map[Refusal]fault{
		Denied:           {403, "AccessDenied", ""},
		Throttled:        {400, "Throttling", "Rate exceeded"},
		Broken:           {500, "InternalFailure", "The request processing has failed because of an unknown error."},
		unsigned:         {403, "MissingAuthenticationToken", "Request is missing Authentication Token"},
		unknownKey:       {403, "InvalidClientTokenId", "The security token included in the request is invalid."},
		badSignature:     {403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."},
		unknownOperation: {400, "InvalidAction", "Could not find the operation."},
	},
	write: func(operation string, out any) ([]byte, error) {
		return document(operation+"Response", struct {
			Result any
			ID     string `xml:"ResponseMetadata>RequestId"`
		}{named{operation + "Result", out}, requestID})
	},
	writeFault: func(f fault) []byte {
		body, _ := document("ErrorResponse", struct {
			Type    string `xml:"Error>Type"`
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
			ID      string `xml:"RequestId"`
		}{"Sender", f.code, f.message, requestID})
		return body
	},
}

var ec2Protocol = protocol{
	contentType: "text/xml;charset=UTF-8",
	refusals: map[Refusal]fault{
		Denied:           {403, "UnauthorizedOperation", ""},
		Throttled:        {503, "RequestLimitExceeded", "Request limit exceeded."},
		Broken:           {500, "InternalError", "An internal error has occurred"},
		unsigned:         {403, "MissingAuthenticationToken", "The request must contain either a valid (registered) AWS access key ID or X.509 certificate."},
		unknownKey:       {401, "AuthFailure", "AWS was not able to validate the provided access credentials"},
		badSignature:     {401, "AuthFailure", "AWS was not able to validate the provided access credentials"},
		unknownOperation: {400, "InvalidAction", "The action is not valid for this web service"},
	},
	write: func(operation string, out any) ([]byte, error) { return document(operation+"Response", out) },
	writeFault: func(f fault) []byte {
		body, _ := document("Response", struct {
			Code    string `xml:"Errors>Error>Code"`
			Message string `xml:"Errors>Error>Message"`
			ID      string `xml:"RequestID"`
		}{f.code, f.message, requestID})
		return body
	},
}

var typedRefusals = map[Refusal]fault{
	Denied:           {400, "AccessDeniedException", ""},
	Throttled:        {400, "ThrottlingException", "Rate exceeded"},
	Broken:           {500, "InternalFailure", "The request processing has failed because of an unknown error."},
	unsigned:         {400, "MissingAuthenticationTokenException", "Missing Authentication Token"},
	unknownKey:       {400, "UnrecognizedClientException", "The security token included in the request is invalid."},
	badSignature:     {400, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."},
	unknownOperation: {400, "UnknownOperationException", ""},
}

var jsonProtocol = protocol{
	contentType: "application/x-amz-json-1.1",
	refusals:    typedRefusals,
	write:       func(_ string, out any) ([]byte, error) { return json.Marshal(out) },
	writeFault: func(f fault) []byte {
		body, _ := json.Marshal(map[string]string{"__type": f.code, "message": f.message})
		return body
	},
}

// named is written under a name that is known at run time only.
type named struct {
	name  string
	value any
}

func (n named) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(n.value, xml.StartElement{Name: xml.Name{Local: n.name}})
}

func document(root string, out any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	err := xml.NewEncoder(&b).Encode(named{root, out})
	return b.Bytes(), err
}
