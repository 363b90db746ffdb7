package awsfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is a request in whatever protocol it came.
type call struct {
	protocol
	operation string
	input     input
	// once is set where the service used to speak the query protocol: its
	// errors then come with the names they had there.
	once bool
}

// input holds a request's parameters as JSON, under their names in the
// protocol; lists of the query protocol lose their "member".
type input []byte

func (in input) into(v any) error {
	if len(in) == 0 {
		return nil
	}
	if err := json.Unmarshal(in, v); err != nil {
		return fault{http.StatusBadRequest, "SerializationException", err.Error()}
	}
	return nil
}

const cloudWatch = "GraniteServiceVersion20100801" // its name on the wire

func read(r *http.Request, body []byte) (call, error) {
	if operation, ok := strings.CutPrefix(r.URL.Path, "/service/"+cloudWatch+"/operation/"); ok {
		in, err := cborInput(body)
		return call{cborProtocol, operation, in, true}, err
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		service, operation, _ := strings.Cut(target, ".")
		return call{jsonProtocol, operation, body, service == cloudWatch}, nil
	}
	if r.URL.Path != "/" && r.URL.Path != "" {
		return readREST(r, body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return call{}, err
	}
	operation := form.Get("Action")
	spoken := queryProtocol
	if operations[operation].service == "ec2" {
		spoken = ec2Protocol
	}
	in, err := json.Marshal(nested(form))
	return call{spoken, operation, in, false}, err
}

// nested makes of "A.B.1=x" what JSON would say: {"A":{"B":["x"]}}.
func nested(form url.Values) any {
	root := map[string]any{}
	for name := range form {
		at := root
		path := strings.Split(name, ".")
		for _, step := range path[:len(path)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[step] = next
			}
			at = next
		}
		at[path[len(path)-1]] = form.Get(name)
	}
	return listed(root)
}

func listed(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	var list []any
	for n := 1; object[strconv.Itoa(n)] != nil; n++ {
		list = append(list, listed(object[strconv.Itoa(n)]))
	}
	if list != nil {
		return list
	}
	if members, ok := object["member"]; ok {
		return listed(members)
	}
	for name, member := range object {
		object[name] = listed(member)
	}
	return object
}

// number is one that the query protocol sends as text.
type number int64

func (n *number) UnmarshalJSON(text []byte) error {
	parsed, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*n = number(parsed)
	return err
}

// instant is a time as any of the protocols writes it: seconds, or text.
type instant struct{ time.Time }

func (t *instant) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		return t.Time.UnmarshalJSON(text)
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	t.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	return err
}

// paged cuts a page out of all; the token holds where the next one begins.
func paged[T any](all []T, token string, size int) (page []T, next string, err error) {
	from := 0
	if token != "" {
		if _, err := fmt.Sscanf(token, "from-%d", &from); err != nil || from < 0 || from > len(all) {
			return nil, "", invalid("the pagination token %q is not one given out here", token)
		}
	}
	to := len(all)
	if size > 0 && from+size < to {
		to = from + size
		next = fmt.Sprintf("from-%d", to)
	}
	return all[from:to], next, nil
}

// pageSize is the smaller of what the client and the State want.
func (s State) pageSize(asked number) int {
	if s.PageSize > 0 && (asked == 0 || s.PageSize < int(asked)) {
		return s.PageSize
	}
	return int(asked)
}
