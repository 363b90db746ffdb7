package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// masked is what pulumi stack output prints for a secret it was not asked to show.
const masked = "[secret]"

// parse reads the outputs of a stack as pulumi, terraform, tofu or cdk write
// them. Source names the document in errors, which never hold a value.
func parse(source string, document []byte) (outputs, error) {
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	if len(bytes.TrimSpace(document)) == 0 {
		return nil, fmt.Errorf("%s is empty, want the stack's outputs as JSON", source)
	}
	values, err := decode(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	found := outputs{}
	for _, o := range unwrap(values) {
		if err := found.add(o); err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
	}
	return found, nil
}

func decode(document []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return nil, malformed(err, document)
	}
	if values == nil {
		return nil, errors.New("null, want a JSON object with the stack's outputs")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more text follows the JSON object at byte %d", decoder.InputOffset())
	}
	return values, nil
}

// malformed says where the JSON breaks; the words of encoding/json can quote the
// value itself.
func malformed(err error, document []byte) error {
	const want = "want the JSON object that `pulumi stack output --json --show-secrets`, `terraform output -json` or `cdk deploy --outputs-file` writes"
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		before := document[:min(int(syntax.Offset), len(document))]
		return fmt.Errorf("not JSON from line %d on, %s", 1+bytes.Count(before, []byte("\n")), want)
	case errors.As(err, &kind):
		return fmt.Errorf("a JSON %s, %s", kind.Value, want)
	default:
		return fmt.Errorf("JSON that breaks off, %s", want)
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

func isTerraform(object map[string]any) bool {
	_, sensitive := object["sensitive"].(bool)
	_, kind := object["type"]
	return sensitive && kind
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
