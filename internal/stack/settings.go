package stack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Setting is an environment variable that says how to look, not what was
// deployed. Meaning is the row of the README's table.
type Setting struct {
	Name, Default, Meaning string

	want  string // what a good value looks like, for the error
	valid func(string) bool
}

// Settings lists every setting there is, in the order of the README's tables.
var Settings = []Setting{
	{"ENVIRONMENT", "local", "name of the environment; names the report folder", "a plain name such as prod", plainName},
	{"PROVIDER", "", "`aws` or `gcp`; told by the outputs if unset", "aws or gcp", oneOf(AWS, GCP)},
	{"SMOKE_SEVERITY", "", "run these only: `P0` or `P0,P1`", "a list of P0 to P3", listOf(Severities)},
	{"SMOKE_GATE", "P3", "a page of this severity or worse that failed or is inconclusive makes the exit status non-zero; the rest is reported only", "one of P0 to P3", oneOf(Severities...)},
	{"SMOKE_REQUIRE", "", "subsystems that must be in the stack: `Database,API`; absent = failed", "a list of " + strings.Join(Subsystems, ", "), listOf(Subsystems)},
	{"SMOKE_READONLY", "off", "`on`: no page writes anything, anywhere", "on or off", isSwitch},
	{"SMOKE_TIMEOUT", "60s", "the whole run; the report is complete even when it is reached", "a time such as 60s or 2m", isDuration},
	{"SMOKE_REPORTS", "reports", "folder under which `<environment>/` is made", "a folder", anything},
	{"RUNNER_NETWORK", "", "`inside` if the runner stands in the stack's private network: a private address that does not answer is then a failure", "inside or outside", oneOf("inside", "outside")},
	{"DATABASE_CA_FILE", "", "PEM file with the CA of the database's certificate, instead of the URL's `sslrootcert`", "a file", anything},
	{"DATABASE_CONNECTIONS", "85%", "a larger share of the connection slots taken is a failure; more than 70 % a warning", "a share such as 85%", isPercentage},
	{"DATABASE_IDLE_IN_TRANSACTION", "5m", "a session idle in a transaction older than this is a failure; from a fifth of it a warning", "a time such as 5m or 90s", isDuration},
	{"DATABASE_LONG_QUERY", "5m", "a query that runs longer is a failure", "a time such as 5m or 90s", isDuration},
	{"DATABASE_LONG_RUNNERS", "pg_dump", "applications (`application_name`) whose long queries and transactions are expected", "a list of applications", anything},
	{"DATABASE_LOCK_WAIT", "30s", "a longer wait for a lock is a failure; from a sixth of it a warning", "a time such as 30s or 2m", isDuration},
	{"DATABASE_REPLICA_LAG", "60s", "a replica that is further behind is a failure; from a sixth of it a warning", "a time such as 60s or 2m", isDuration},
	{"DATABASE_SLOT_HELD", "10GiB", "a replication slot that nobody reads and that keeps more is a failure; from a tenth of it a warning", "a size such as 10GiB", isSize},
	{"DATABASE_TRANSACTION_AGE", "1000000000", "a database with an older transaction not frozen is a failure; from half of it a warning", "a number such as 1000000000", isCount},
	{"DATABASE_CPU", "90%", "a larger share of the processors in use, as the mean of ten minutes, is a failure; from ten points below it a warning", "a share such as 90%", isPercentage},
	{"DATABASE_MEMORY", "90%", "the same of the memory", "a share such as 90%", isPercentage},
	{"DATABASE_STORAGE", "90%", "a larger share of the disk in use is a failure, or half as near to full where the disk grows by itself; from ten points below it a warning", "a share such as 90%", isPercentage},
	{"DATABASE_FATALS", "20", "so many sessions refused or ended in ten minutes of the database's log are a failure; one is a warning", "a number such as 20", isCount},
	{"GOOGLE_ENDPOINT_URL", "", "base URL in place of every API of Google Cloud, as `AWS_ENDPOINT_URL` is for AWS", "a URL such as http://127.0.0.1:8080", isURL},
	{"API_CA_FILE", "", "PEM file with the CA of the API's certificate, beside the system's", "a file", anything},
	{"API_HEALTH_PATH", "/health", "path of the health check under `apiUrl`", "a path such as /health", isPath},
	{"API_RESOLVE", "", "addresses to ask in place of those in DNS, as curl's `--resolve` takes them: `api.example.com:443:192.0.2.1,192.0.2.2`; a new load balancer is asked so before DNS leads to it", "HOST:PORT:ADDRESS,ADDRESS", isResolve},
	{"API_LATENCY_LIMIT", "2s", "half of the answers must come within it, and 95 % within twice that; a quarter of it is the warning limit", "a time such as 2s", isDuration},
	{"API_STAGE", "", "stage of `apiGatewayId`; told by `apiUrl` if unset, or the only one", "a stage such as prod", isStage},
	{"API_ERRORS", "5%", "this share of the requests of the last quarter of an hour answered with 5xx, or more, is a failure; a fifth of it a warning", "a share such as 5%", isPercentage},
	{"API_LATENCY_P95", "3s", "95 % of those requests must be answered within it, as the provider measures it; a third of it is the warning limit", "a time such as 3s", isDuration},
	{"API_AUTHORIZATION", "", "value of the `Authorization` header for an API that asks for one", "a header value", anything},
	{"CORS_ORIGIN", "", "origin of the pages that call the API from a browser; that of `cdnUrl` if unset", "an origin such as https://app.example.com", isOrigin},
	{"CORS_METHOD", "GET", "method with which those pages call it", "a method such as GET or PUT", isMethod},
	{"CORS_HEADERS", "content-type", "headers that those pages set, beside `authorization` where `API_AUTHORIZATION` is set", "a list of header names", isHeaders},
	{"CORS_PATH", "", "path under `apiUrl` that those pages call; `API_HEALTH_PATH` if unset", "a path such as /v1/items", isPath},
	{"FUNCTION_DEPLOYMENT", "5m", "a deployment that takes longer hangs, which is a failure", "a time such as 5m", isDuration},
	{"FUNCTION_ERRORS", "5%", "this share of a Lambda function's invocations ended in an error, or more, is a failure; a fifth of it a warning", "a share such as 5%", isPercentage},
	{"FUNCTION_THROTTLES", "1%", "this share of the requests to the function refused for want of capacity, or more, is a failure; one is a warning", "a share such as 1%", isPercentage},
	{"FUNCTION_LOG_ERRORS", "1%", "more lines about errors than this share of the requests are a failure, from five lines on; one is a warning", "a share such as 1%", isPercentage},
	{"FUNCTION_COLD_START", "10s", "one in twenty cold starts of the last day that takes longer is a failure; from three tenths of it a warning", "a time such as 10s", isDuration},
	{"FUNCTION_PAYLOAD", "", "JSON with which the Lambda function is really invoked, with all that it does; without it the permission alone is checked", `JSON such as {"ping":true}`, isJSON},
	{"TRAFFIC_LEAST", "20", "fewer requests in a quarter of an hour are too few to tell a share; 0 = a stack that nobody uses is right as it is", "a number such as 20", isCountOrNone},
}

// Severities and Subsystems are the tags a page can carry, worst and lowest first.
var (
	Severities = []string{"P0", "P1", "P2", "P3"}
	Subsystems = []string{"Database", "API", "Function", "Storage", "CDN", "State"}
)

// Check reports a value that the setting does not take.
func (s Setting) Check(value string) error {
	if s.valid(value) {
		return nil
	}
	return fmt.Errorf("%s=%q is not a value it takes, want %s", s.Name, value, s.want)
}

func readSettings(env map[string]string) (map[string]string, error) {
	values := map[string]string{}
	var wrong error
	for _, s := range Settings {
		value := env[s.Name]
		if value != "" {
			if err := s.Check(value); err != nil {
				wrong, value = cmp.Or(wrong, err), ""
			}
		}
		values[s.Name] = cmp.Or(value, s.Default)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if _, known := values[name]; !known && strings.HasPrefix(name, "SMOKE_") {
			wrong = cmp.Or(wrong, fmt.Errorf("%s is not a setting; those are %s", name, strings.Join(smokeSettings(), ", ")))
		}
	}
	return values, wrong
}

func smokeSettings() []string {
	var names []string
	for _, s := range Settings {
		if strings.HasPrefix(s.Name, "SMOKE_") {
			names = append(names, s.Name)
		}
	}
	return names
}

// Setting returns the value of the setting with this name, its default where
// it is unset. It panics for a name that is not among Settings.
func (s *Stack) Setting(name string) string {
	value, ok := s.settings[name]
	if !ok {
		panic("stack: " + name + " is not among Settings")
	}
	return value
}

// Duration returns a setting that holds a time.
func (s *Stack) Duration(name string) time.Duration {
	d, err := time.ParseDuration(s.Setting(name))
	if err != nil {
		panic("stack: " + name + " does not hold a time")
	}
	return d
}

// On tells whether a switch is on.
func (s *Stack) On(name string) bool { return switches[strings.ToLower(s.Setting(name))] }

// Lists tells whether a setting that holds a list has the entry.
func (s *Stack) Lists(name, entry string) bool {
	return slices.Contains(split(s.Setting(name)), entry)
}

func split(list string) []string {
	var entries []string
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}

var (
	switches = map[string]bool{"on": true, "true": true, "1": true, "yes": true, "off": false, "false": false, "0": false, "no": false}
	name     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	stage    = regexp.MustCompile(`^(\$default|[A-Za-z0-9_-]+)$`)
	method   = regexp.MustCompile(`^[A-Z]+$`)
	headers  = regexp.MustCompile(`^[A-Za-z0-9-]+( *, *[A-Za-z0-9-]+)*$`)
)

func anything(string) bool        { return true }
func plainName(value string) bool { return name.MatchString(value) }
func isStage(value string) bool   { return stage.MatchString(value) }
func isPath(value string) bool    { return strings.HasPrefix(value, "/") }

func isMethod(value string) bool  { return method.MatchString(value) }
func isHeaders(value string) bool { return headers.MatchString(value) }

func isOrigin(value string) bool {
	u, err := url.Parse(value)
	return err == nil && u.Host != "" && value == u.Scheme+"://"+u.Host
}

func isSwitch(value string) bool {
	_, ok := switches[strings.ToLower(value)]
	return ok
}

func isDuration(value string) bool {
	d, err := time.ParseDuration(value)
	return err == nil && d > 0
}

func isURL(value string) bool {
	u, err := url.Parse(value)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func isJSON(value string) bool { return json.Valid([]byte(value)) }

func oneOf(values ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(values, value) }
}

func listOf(allowed []string) func(string) bool {
	return func(value string) bool {
		entries := split(value)
		return len(entries) > 0 && !slices.ContainsFunc(entries, func(e string) bool { return !slices.Contains(allowed, e) })
	}
}
