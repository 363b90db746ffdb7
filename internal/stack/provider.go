package stack

import (
	"net/url"
	"strings"
)

// The clouds a stack can be deployed to, as PROVIDER spells them.
const (
	AWS = "aws"
	GCP = "gcp"
)

// outputsOf lists the outputs that only one provider's stacks have.
var outputsOf = map[string][]string{
	AWS: {"databaseInstanceId", "databaseSecurityGroupId", "databaseProxyName", "awsRegion", "apiGatewayId", "lambdaFunctionName", "cdnDistributionId"},
	GCP: {"databaseInstanceName", "apiServiceName", "gcpProject", "urlMapName"},
}

// domainsOf lists the domains of endpoints that a provider runs.
var domainsOf = map[string][]string{
	AWS: {".amazonaws.com", ".amazonaws.com.cn", ".cloudfront.net", ".on.aws"},
	GCP: {".run.app", ".cloudfunctions.net", ".googleapis.com", ".appspot.com"},
}

// Provider returns PROVIDER, or what the outputs tell: AWS, GCP, or "" when they
// tell of none or of both.
func (s *Stack) Provider() string {
	if p := s.Setting("PROVIDER"); p != "" {
		return p
	}
	switch aws, gcp := s.mentions(AWS), s.mentions(GCP); {
	case aws && !gcp:
		return AWS
	case gcp && !aws:
		return GCP
	default:
		return ""
	}
}

func (s *Stack) mentions(provider string) bool {
	for _, name := range outputsOf[provider] {
		if _, err := s.Text(name); err == nil {
			return true
		}
	}
	for _, o := range s.outputs {
		if host := host(o); host != "" {
			for _, domain := range domainsOf[provider] {
				if strings.HasSuffix(host, domain) {
					return true
				}
			}
		}
	}
	return false
}

func host(o Output) string {
	text, ok := o.value.(string)
	if !ok || !strings.Contains(text, "://") {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
