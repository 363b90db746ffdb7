package gcpfake

import "strings"

// Method is something a caller can ask, named by the IAM permission it needs.
type Method string

const (
	InstancesGet           Method = "cloudsql.instances.get"
	ListServerCas          Method = "cloudsql.instances.listServerCas"
	ListServerCertificates Method = "cloudsql.instances.listServerCertificates"
	TimeSeriesList         Method = "monitoring.timeSeries.list"
	EntriesList            Method = "logging.logEntries.list"
	// TestIamPermissions needs no permission; it is named by its own id.
	TestIamPermissions Method = "cloudresourcemanager.projects.testIamPermissions"
)

// Forever makes Throttle refuse every call.
const Forever = -1

// service is the name under which a method's API is switched on and metered.
func (m Method) service() string {
	api, _, _ := strings.Cut(string(m), ".")
	if api == "cloudsql" {
		api = "sqladmin"
	}
	return api + ".googleapis.com"
}

func (m Method) title() string {
	return map[string]string{
		"sqladmin.googleapis.com":             "Cloud SQL Admin API",
		"monitoring.googleapis.com":           "Cloud Monitoring API",
		"logging.googleapis.com":              "Cloud Logging API",
		"cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
	}[m.service()]
}

// fault is how a method misbehaves.
type fault struct {
	denied    bool
	disabled  bool
	throttled int // calls still to refuse, Forever for all
	broken    int // HTTP status of every answer, 0 for none
}

// Deny takes the permission of m away from the caller.
func (c *Cloud) Deny(m Method) { c.change(m, func(f *fault) { f.denied = true }) }

// Throttle makes the next calls of m fail for exceeding the quota.
func (c *Cloud) Throttle(m Method, calls int) { c.change(m, func(f *fault) { f.throttled = calls }) }

// Disable switches the API of m off in the project.
func (c *Cloud) Disable(m Method) { c.change(m, func(f *fault) { f.disabled = true }) }

// Break makes every call of m end in an HTTP status without a JSON body, as
// Google's front end answers when what is behind it does not.
func (c *Cloud) Break(m Method, status int) { c.change(m, func(f *fault) { f.broken = status }) }

// Heal ends every misbehaviour of m.
func (c *Cloud) Heal(m Method) { c.change(m, func(f *fault) { *f = fault{} }) }

func (c *Cloud) change(m Method, set func(*fault)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.fault(m)
	set(f)
}

func (c *Cloud) fault(m Method) *fault {
	if c.faults[m] == nil {
		c.faults[m] = &fault{}
	}
	return c.faults[m]
}

// refusal returns why a call of m about an instance is not even looked at. It
// checks in Google's order: is the API on, is there quota left, may the caller.
func (c *Cloud) refusal(m Method, instance string) error {
	f := c.fault(m)
	switch {
	case f.broken != 0:
		return &apiError{code: f.broken}
	case f.disabled:
		return serviceDisabled(m, c.projects[0])
	case f.throttled != 0:
		if f.throttled > 0 {
			f.throttled--
		}
		return rateLimitExceeded(m)
	}
	if m != TestIamPermissions {
		c.used = append(c.used, string(m))
	}
	if f.denied {
		return permissionDenied(m, instance)
	}
	return nil
}
