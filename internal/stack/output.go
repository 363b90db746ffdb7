package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
)

// Output is one value that a stack exports.
type Output struct {
	Name      string // as the stack spells it
	value     any    // as encoding/json decodes it, numbers as json.Number
	sensitive bool
}

// ErrAbsent is the error of an output that the stack does not have: it is
// missing, null or an empty string, as an output of a part that this environment
// was not given.
var ErrAbsent = errors.New("not among the stack's outputs")

// A BadOutput is an output that is there and cannot be used. Its error names the
// output and what it should look like, never its value.
type BadOutput struct{ Name, Got, Want string }

func (e *BadOutput) Error() string {
	return fmt.Sprintf("output %s is %s, want %s", e.Name, e.Got, e.Want)
}

// Inconclusive makes a page that needs the output say so instead of blaming what
// was deployed.
func (*BadOutput) Inconclusive() string { return "bad-input" }

type outputs map[string]Output

func (o outputs) add(output Output) error {
	key := fold(output.Name)
	if other, ok := o[key]; ok && !reflect.DeepEqual(other.value, output.value) {
		return fmt.Errorf("outputs %s and %s differ only in spelling and hold different values: export one of them", min(other.Name, output.Name), max(other.Name, output.Name))
	}
	o[key] = output
	return nil
}

func (o Output) absent() bool { return o.value == nil || o.value == "" }

// text returns the output as the string it is.
func (o Output) text() (string, error) {
	switch v := o.value.(type) {
	case string:
		if v != strings.TrimSpace(v) || strings.ContainsFunc(v, isControl) {
			return "", &BadOutput{o.Name, "text with spaces or control characters at its ends or inside", "the bare value"}
		}
		return v, nil
	case json.Number:
		return v.String(), nil
	default:
		return "", &BadOutput{o.Name, kind(v), "a string"}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func kind(value any) string {
	switch value.(type) {
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("a %T", value)
	}
}

// secretName matches the names under which secrets are exported. A name that ends
// in one of reference's words is the address of a secret, not the secret.
var (
	secretName = regexp.MustCompile(`(?i)(passw(or)?d|passphrase|secret|token|authorization|api_?-?key|access_?-?key|private_?-?key|credentials?$|connection_?-?string|dsn$)`)
	reference  = regexp.MustCompile(`(?i)(arn|id|name|version|path|url|uri|user)$`)
)

func namedLikeSecret(name string) bool {
	return secretName.MatchString(name) && !reference.MatchString(name)
}

// secrets returns every string in the output that must never be shown: all of
// them in an output that is marked or named as a secret, and from any other the
// passwords and tokens inside its URLs and connection strings.
func (o Output) secrets() []string {
	whole := o.sensitive || namedLikeSecret(o.Name)
	var found []string
	walk(o.Name, o.value, func(name, text string) {
		if whole || namedLikeSecret(name) {
			found = append(found, text)
		}
		found = append(found, inURL(text)...)
	})
	return found
}

// walk visits each string in value with the name it stands under.
func walk(name string, value any, visit func(name, text string)) {
	switch v := value.(type) {
	case string:
		visit(name, v)
	case json.Number:
		visit(name, v.String())
	case []any:
		for _, element := range v {
			walk(name, element, visit)
		}
	case map[string]any:
		for key, element := range v {
			walk(key, element, visit)
		}
	}
}

// Userinfo and keywords are found by pattern, not by parsing: a URL that no parser
// takes must not be shown either.
var (
	userinfo       = regexp.MustCompile(`://([^/?#\s]*)@`)
	sloppyUserinfo = regexp.MustCompile(`://([^/?#@:\s]*:.*)@`) // a password with a bare / ? # or @
	keyword        = regexp.MustCompile(`(?i)\b(?:[\w-]*(?:password|passwd|secret|token|signature|api_?key|access_?key)|sig|pwd)\s*=\s*('(?:[^'\\]|\\.)*'|[^&\s;]+)`)
)

// inURL returns the passwords and tokens inside a URL or a connection string, as
// they stand there and decoded.
func inURL(text string) []string {
	var found []string
	add := func(s string) {
		found = append(found, s)
		for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
			if decoded, err := decode(s); err == nil && decoded != s {
				found = append(found, decoded)
			}
		}
	}
	for _, pattern := range []*regexp.Regexp{userinfo, sloppyUserinfo} {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			user, password, both := strings.Cut(m[1], ":")
			if both && password != "" {
				add(password)
			} else if !strings.HasPrefix(text, "postgres") {
				add(user) // https://TOKEN@host
			}
		}
	}
	for _, m := range keyword.FindAllStringSubmatch(text, -1) {
		add(strings.Trim(m[1], "'"))
	}
	return found
}
