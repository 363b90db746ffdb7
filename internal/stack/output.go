package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"unicode"
)

// Output is one value that a stack exports.
type Output struct {
	Name      string // as the stack spells it
	value     any    // as encoding/json decodes it, numbers as json.Number
	sensitive bool
	others    []any // values that the same name has elsewhere in the document
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

// add keeps each value of a name that stands twice, in two spellings or in two CDK
// stacks: which one is meant matters only when it is asked for.
func (o outputs) add(output Output) {
	key := fold(output.Name)
	if other, ok := o[key]; ok {
		output.others = other.others
		if !reflect.DeepEqual(other.value, output.value) {
			output.others = append(output.others, other.value)
		}
	}
	o[key] = output
}

func (o Output) absent() bool { return len(o.others) == 0 && (o.value == nil || o.value == "") }

// text returns the output as the string it is.
func (o Output) text() (string, error) {
	if len(o.others) > 0 {
		return "", &BadOutput{o.Name, "there more than once with different values", "one: set " + variable(o.Name)}
	}
	switch v := o.value.(type) {
	case string:
		if strings.Contains(v, unresolved) {
			return "", &BadOutput{o.Name, "a reference that CloudFormation left as it is", "the value itself: set " + variable(o.Name)}
		}
		if v != strings.TrimSpace(v) || strings.ContainsFunc(v, isControl) {
			return "", &BadOutput{o.Name, "text with spaces at its ends or control characters", "the bare value"}
		}
		return v, nil
	case json.Number:
		return v.String(), nil
	default:
		return "", &BadOutput{o.Name, kind(v), "a string"}
	}
}

// unresolved begins what CloudFormation resolves inside resources, not in outputs.
const unresolved = "{{resolve:"

// variable is the environment variable that gives one output.
func variable(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && b.String()[b.Len()-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return "STACK_" + strings.ReplaceAll(b.String(), "-", "_")
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

// aFile holds a path, whatever its name says.
const aFile = "GOOGLE_APPLICATION_CREDENTIALS"

func namedLikeSecret(name string) bool {
	return secretName.MatchString(name) && !reference.MatchString(name) && name != aFile
}

// secrets returns every string in the output that must never be shown: all of
// them in an output that is marked or named as a secret, and from any other the
// passwords and tokens inside its URLs and connection strings.
func (o Output) secrets() []string {
	whole := o.sensitive || namedLikeSecret(o.Name)
	var found []string
	walk(o.Name, append(o.others, o.value), func(name, text string) {
		if whole || namedLikeSecret(name) {
			found = append(found, text)
		}
		found = append(found, inURL(text)...)
	})
	return found
}

// masked tells whether the output holds what Pulumi prints in a secret's place; the
// mask may stand inside an object.
func (o Output) masked() bool {
	found := false
	walk(o.Name, o.value, func(_, text string) { found = found || text == masked })
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
	keyword        = regexp.MustCompile(`(?i)\b(?:[\w-]*(?:password|passwd|secret|token|signature|api_?key|access_?key)|sig|pwd|key|code|auth)\s*=\s*('(?:[^'\\]|\\.)*'|[^&\s;]+)`)
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
