package local

import (
	"encoding/json"
	"slices"
	"strings"
)

// Outputs are the stack's outputs as `pulumi stack output --json` shows them,
// names as an AWS stack has them. They hold secrets.
func (s *Stack) Outputs() map[string]string {
	return map[string]string{
		"apiGatewayId":            "local-api",
		"apiUrl":                  s.api.URL(),
		"databaseInstanceId":      "local-db",
		"databaseMonitorUrl":      s.monitorURL(),
		"databaseSecurityGroupId": "sg-0123456789abcdef0",
		"databaseUrl":             s.databaseURL(),
		"lambdaFunctionName":      "local-function",
	}
}

// Environment is what a command needs to find the stack, over what it would
// inherit, less any outputs of another stack. It holds secrets.
func (s *Stack) Environment(inherited []string) ([]string, error) {
	outputs, err := json.Marshal(s.Outputs())
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(inherited), func(variable string) bool {
		return strings.HasPrefix(variable, "STACK_")
	})
	own = append(own,
		"ENVIRONMENT=local",
		"PROVIDER=aws",
		"RUNNER_NETWORK=inside",
		"API_CA_FILE="+s.apiFile,
		"STACK_OUTPUTS="+string(outputs),
	)
	return append(own, s.settings...), nil
}
