package stack

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// masked is what pulumi stack output prints for a secret it was not asked to show.
const masked = "[secret]"

// want is what every refusal of a document ends with.
const want = "want the JSON that `pulumi stack output --json --show-secrets`, `terraform output -json` or `cdk deploy --outputs-file` writes"

// parse reads the outputs of a stack as pulumi, terraform, tofu or cdk write
// them. Source names the document in errors, which never hold a value.
func parse(source string, document []byte) (outputs, error) {
	document, err := inUTF8(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	if len(bytes.TrimSpace(document)) == 0 {
		return nil, fmt.Errorf("%s is empty, %s", source, want)
	}
	values, err := decode(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	found := outputs{}
	for _, o := range unwrap(values) {
		found.add(o)
	}
	return found, nil
}

// inUTF8 takes the byte order marks and the UTF-16 of Windows shells away.
func inUTF8(document []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(document, []byte("\xff\xfe")):
		document = fromUTF16(document[2:], binary.LittleEndian)
	case bytes.HasPrefix(document, []byte("\xfe\xff")):
		document = fromUTF16(document[2:], binary.BigEndian)
	default:
		document = bytes.TrimPrefix(document, []byte("\ufeff"))
	}
	if !utf8.Valid(document) {
		// encoding/json would replace the bytes, and a password so damaged look like
		// a wrong one.
		return nil, fmt.Errorf("text that is not UTF-8, %s", want)
	}
	return document, nil
}

func fromUTF16(document []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(document)/2)
	for i := range units {
		units[i] = order.Uint16(document[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// object finds a JSON object that begins a line. Tools and their wrappers print
// warnings before and after it.
var object = regexp.MustCompile(`(?m)^[ \t]*\{`)

func decode(document []byte) (map[string]any, error) {
	at := object.FindIndex(document)
	if at == nil {
		return nil, fmt.Errorf("no JSON object in it, %s", want)
	}
	decoder := json.NewDecoder(bytes.NewReader(document[at[0]:]))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return nil, malformed(err, document, at[0])
	}
	if object.Match(document[at[0]+int(decoder.InputOffset()):]) {
		return nil, fmt.Errorf("two JSON objects in a row, %s of one stack", want)
	}
	for _, wrong := range lookalikes {
		if wrong.is(values) {
			return nil, fmt.Errorf("%s, %s", wrong.what, want)
		}
	}
	return values, nil
}

// malformed says where the JSON breaks; the words of encoding/json can quote the
// value itself.
func malformed(err error, document []byte, begin int) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		end := min(begin+int(syntax.Offset), len(document))
		return fmt.Errorf("not JSON from line %d on, %s", 1+bytes.Count(document[:end], []byte("\n")), want)
	}
	return fmt.Errorf("JSON that breaks off, %s", want)
}

// lookalikes are documents of the same tools, whose outputs would all seem absent.
var lookalikes = []struct {
	what string
	is   func(map[string]any) bool
}{
	{"a Terraform state file", has("version", "terraform_version")},
	{"the output of terraform show", has("format_version", "terraform_version")},
	{"the output of pulumi stack export", has("version", "deployment")},
	{"a Pulumi state file", has("version", "checkpoint")},
	{"the output of describe-stacks", has("Stacks")},
}

func has(keys ...string) func(map[string]any) bool {
	return func(values map[string]any) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { _, ok := values[k]; return !ok })
	}
}

// unwrap tells the three tools' documents apart by their shape.
func unwrap(values map[string]any) []Output {
	switch {
	case all(values, isTerraform):
		return terraform(values)
	case all(values, isCDK):
		return cdk(values)
	default:
		return pulumi(values)
	}
}

func all(values map[string]any, is func(map[string]any) bool) bool {
	for _, v := range values {
		if object, ok := v.(map[string]any); !ok || !is(object) {
			return false
		}
	}
	return len(values) > 0
}

// isTerraform wants nothing but what Terraform writes, of its own types: a Pulumi
// stack may export whole resources that have a type and a value among others.
func isTerraform(object map[string]any) bool {
	for key := range object {
		if key != "sensitive" && key != "type" && key != "value" {
			return false
		}
	}
	_, valued := object["value"]
	return valued && isTerraformType(object["type"])
}

func isTerraformType(kind any) bool {
	if nested, ok := kind.([]any); ok && len(nested) > 0 {
		return slices.Contains([]any{"list", "set", "map", "tuple", "object"}, nested[0])
	}
	return slices.Contains([]any{"string", "number", "bool", "dynamic"}, kind)
}

func isCDK(object map[string]any) bool {
	for _, v := range object {
		if _, ok := v.(string); !ok {
			return false
		}
	}
	return true
}

func terraform(values map[string]any) []Output {
	found := make([]Output, 0, len(values))
	for name, v := range values {
		object := v.(map[string]any)
		found = append(found, Output{Name: name, value: object["value"], sensitive: object["sensitive"] == true})
	}
	return found
}

func cdk(values map[string]any) []Output {
	var found []Output
	for _, v := range values {
		found = append(found, pulumi(v.(map[string]any))...)
	}
	return found
}

func pulumi(values map[string]any) []Output {
	found := make([]Output, 0, len(values))
	for name, v := range values {
		found = append(found, Output{Name: name, value: v})
	}
	return found
}

// fold is how names are compared: databaseUrl, database_url and DATABASE-URL are
// one output.
func fold(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}
