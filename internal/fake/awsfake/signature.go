package awsfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const algorithm = "AWS4-HMAC-SHA256"

// authenticate returns why a request is not accepted, "" when it is: it has to
// carry a signature of version 4, made with the State's keys if it has any.
func (s State) authenticate(r *http.Request, body []byte) Refusal {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return unsigned
	}
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		given[name] = value
	}
	key, scope, _ := strings.Cut(given["Credential"], "/")
	switch {
	case s.AccessKey == "":
		return ""
	case key != s.AccessKey:
		return unknownKey
	case given["Signature"] != s.sign(r, body, scope, given["SignedHeaders"]):
		return badSignature
	}
	return ""
}

// sign computes the signature as AWS publishes it: over the path as it was
// sent, escaped once more.
func (s State) sign(r *http.Request, body []byte, scope, signed string) string {
	path := strings.NewReplacer("%2F", "/", "+", "%20").Replace(url.QueryEscape(r.URL.EscapedPath()))
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	canonical := r.Method + "\n" + path + "\n" + query + "\n"
	for name := range strings.SplitSeq(signed, ";") {
		canonical += name + ":" + header(r, name) + "\n"
	}
	canonical += "\n" + signed + "\n" + digest(body)
	text := algorithm + "\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + digest([]byte(canonical))
	key := []byte("AWS4" + s.SecretKey)
	for part := range strings.SplitSeq(scope, "/") { // date, region, service, aws4_request
		key = seal(key, part)
	}
	return hex.EncodeToString(seal(key, text))
}

// header returns a header as it was signed; net/http keeps two of them apart.
func header(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for n, value := range values {
		values[n] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(values, ",")
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func seal(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
