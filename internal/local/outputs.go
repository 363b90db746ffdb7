package local

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Outputs are the stack's outputs as `pulumi stack output --json` shows them,
// names as a stack of its flavour has them. They hold secrets.
func (s *Stack) Outputs() map[string]string {
	outputs := map[string]string{
		"apiUrl":             "https://" + s.apiAddress(),
		"databaseMonitorUrl": s.monitorURL(),
		"databaseUrl":        s.databaseURL(),
	}
	own := map[string]string{
		"apiGatewayId":            gatewayID,
		"databaseInstanceId":      instanceID,
		"databaseProxyName":       proxyName,
		"databaseSecurityGroupId": securityGroup,
		"lambdaFunctionName":      functionName,
		"region":                  awsRegion,
	}
	if s.plane.gcp != nil {
		own = map[string]string{
			"apiServiceName":       serviceName,
			"databaseInstanceName": gcpProject + ":" + gcpRegion + ":" + instanceID,
			"gcpProject":           gcpProject,
			"region":               gcpRegion,
		}
	}
	maps.Copy(outputs, own)
	return outputs
}

// Environment is what a command needs to find the stack, over what it would
// inherit, less any outputs of another stack and any way to another account. It
// holds secrets.
func (s *Stack) Environment(from []string) ([]string, error) {
	outputs, err := json.Marshal(s.Outputs())
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(from), func(variable string) bool {
		return slices.ContainsFunc(inherited, func(start string) bool { return strings.HasPrefix(variable, start) })
	})
	own = append(own, s.plane.environment()...)
	own = append(own,
		"RUNNER_NETWORK=inside",
		"API_CA_FILE="+s.apiFile,
		"API_RESOLVE="+s.apiResolve(),
		"CORS_ORIGIN="+appOrigin,
		"STACK_OUTPUTS="+string(outputs),
	)
	return append(own, s.settings...), nil
}

func (s *Stack) apiAddress() string {
	return fmt.Sprintf("%s:%d", apiHost, s.api.Addresses()[0].Port())
}

// apiResolve leads the API's name to all its addresses, as curl's --resolve does.
func (s *Stack) apiResolve() string {
	var addresses []string
	for _, a := range s.api.Addresses() {
		addresses = append(addresses, a.Addr().String())
	}
	return s.apiAddress() + ":" + strings.Join(addresses, ",")
}
