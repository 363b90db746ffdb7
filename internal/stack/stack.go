// Package stack is what was deployed and how the run was asked to look at it:
// the outputs of a Pulumi, Terraform, OpenTofu or CDK stack and the settings of a
// run, both read from the environment and from nowhere else.
//
// It does not know what an output is for: a fixture names the one it needs.
package stack

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Stack holds the outputs and settings of one run. It does not change after
// Load and is safe for concurrent use.
type Stack struct {
	outputs  outputs
	settings map[string]string
	secrets  []string
}

// Load reads the stack from environ, a list of NAME=value as os.Environ returns:
// the outputs from the file named by STACK_OUTPUTS_FILE, then from STACK_OUTPUTS,
// then from each STACK_<NAME>, a later one replacing an earlier. A relative file
// name is relative to the working directory.
//
// The error is one line that names what is wrong and what to do, without any
// value. A stack without a single output is an error. The Stack returned with an
// error has no outputs; its settings can be read, a wrong one as its default.
func Load(environ []string) (*Stack, error) {
	env := environment(environ)
	settings, err := readSettings(env)
	s := &Stack{settings: settings, secrets: secretsIn(env)}
	if err != nil {
		return s, err
	}
	found, err := collect(env)
	if err != nil {
		return s, err
	}
	s.outputs = found
	for _, o := range found {
		s.secrets = append(s.secrets, o.secrets()...)
	}
	return s, nil
}

func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

func collect(env map[string]string) (outputs, error) {
	found := outputs{}
	if path, ok := env["STACK_OUTPUTS_FILE"]; ok {
		document, err := os.ReadFile(path)
		if strings.ContainsAny(path, "{\n") {
			return nil, errors.New("STACK_OUTPUTS_FILE holds JSON, want the name of a file: give the text in STACK_OUTPUTS")
		}
		if err != nil {
			return nil, fmt.Errorf("STACK_OUTPUTS_FILE cannot be read: %w", err)
		}
		fromFile, err := parse("the file named by STACK_OUTPUTS_FILE", document)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, fromFile)
	}
	if document, ok := env["STACK_OUTPUTS"]; ok {
		fromText, err := parse("STACK_OUTPUTS", []byte(document))
		if err != nil {
			return nil, err
		}
		maps.Copy(found, fromText)
	}
	single, err := variables(env)
	if err != nil {
		return nil, err
	}
	maps.Copy(found, single)
	return found, found.usable()
}

func variables(env map[string]string) (outputs, error) {
	found := outputs{}
	for _, variable := range slices.Sorted(maps.Keys(env)) {
		name, ok := strings.CutPrefix(variable, "STACK_")
		if !ok || name == "OUTPUTS" || name == "OUTPUTS_FILE" || fold(name) == "" {
			continue
		}
		if env[variable] == "" {
			return nil, fmt.Errorf("%s is set but empty: unset it, or give it the output's value", variable)
		}
		found.add(Output{Name: camel(name), value: env[variable]})
	}
	return found, nil
}

// camel spells SCREAMING_SNAKE as the outputs of a stack are spelt.
func camel(screaming string) string {
	words := strings.Split(strings.ToLower(screaming), "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// usable reports outputs of which nothing can be asked.
func (o outputs) usable() error {
	empty := true
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if o[key].masked() {
			return fmt.Errorf("output %s is masked as %s: pass --show-secrets to pulumi stack output", o[key].Name, masked)
		}
		empty = empty && o[key].absent()
	}
	if empty {
		return errors.New("no stack outputs: set STACK_OUTPUTS_FILE, STACK_OUTPUTS or STACK_<NAME> (for example STACK_API_URL), or type `make smoke` for the local stack")
	}
	return nil
}

// secretsIn returns the runner's own secrets, told by the names of the variables:
// an error of a tool or SDK may quote them.
func secretsIn(env map[string]string) []string {
	// Shorter values are switches such as true, not secrets.
	const shortest = 8
	var found []string
	for name, value := range env {
		if namedLikeSecret(name) && len(value) >= shortest && !strings.HasPrefix(name, "STACK_") {
			found = append(found, value)
			found = append(found, credentials(value)...)
		}
		found = append(found, inURL(value)...)
	}
	return found
}

// credentials returns what stands behind the scheme of an Authorization header, and the
// password in it.
func credentials(header string) []string {
	scheme, credential, ok := strings.Cut(header, " ")
	if !ok {
		return nil
	}
	found := []string{strings.TrimSpace(credential)}
	if plain, err := base64.StdEncoding.DecodeString(found[0]); err == nil && strings.EqualFold(scheme, "basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		found = append(found, string(plain), password)
	}
	return found
}

// Text returns the output with this name as a string; upper case, _ and - in
// names do not matter. The error is ErrAbsent or a *BadOutput.
func (s *Stack) Text(name string) (string, error) {
	o, ok := s.outputs[fold(name)]
	if !ok || o.absent() {
		return "", fmt.Errorf("%s is %w", name, ErrAbsent)
	}
	return o.text()
}

// IsSecret tells whether the output as a whole must never be shown.
func (s *Stack) IsSecret(name string) bool {
	o := s.outputs[fold(name)]
	return o.sensitive || namedLikeSecret(o.Name)
}

// Secrets returns every string that must never be printed or written.
func (s *Stack) Secrets() []string { return slices.Clone(s.secrets) }
