package drill

import (
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/local"
)

// The rights that are printed are those that are used: the control planes note which right
// each call needs. What pages share is asked once.
func TestPagesUseTheRightsThatArePrinted(t *testing.T) {
	for flavour, c := range map[string]struct {
		action *regexp.Regexp // as it stands in what is printed
		shared map[string]int // how often each is used by what pages share
		faults []string       // that make the pages ask by another way
		rare   []string       // that no call of a local run uses
	}{
		local.AWS: {
			regexp.MustCompile(`"(\w+:\w+)"`), map[string]int{"rds:DescribeDBInstances": 1, "lambda:GetFunctionConfiguration": 1, "apigateway:GET": 2},
			[]string{"database-log-fatal"},           // read from files
			[]string{"rds:DescribeDBProxyEndpoints"}, // for a host name of AWS
		},
		local.GCP: {
			regexp.MustCompile(`(?m)^- (\S+)$`), map[string]int{"cloudsql.instances.get": 1, "run.services.get": 2}, nil,
			[]string{"run.routes.invoke"}, // asked whether there is, which uses none
		},
	} {
		t.Run(flavour, func(t *testing.T) {
			t.Parallel()
			healthy := actions(t, flavour, "")
			used := slices.Concat(c.rare, healthy)
			for _, fault := range c.faults {
				used = append(used, actions(t, flavour, fault)...)
			}
			slices.Sort(used)

			assert.Equal(t, slices.Compact(used), printed(t, flavour, c.action))
			for action, want := range c.shared {
				others := slices.DeleteFunc(slices.Clone(healthy), func(used string) bool { return used == action })
				assert.Equal(t, want, len(healthy)-len(others), "how often %s was asked", action)
			}
		})
	}
}

// actions returns the right that each call of a run of the pages needed.
func actions(t *testing.T, flavour, fault string) []string {
	t.Helper()
	stack, err := local.Start(t.Context(), local.Options{Flavour: flavour, Fault: fault})
	require.NoError(t, err)
	defer func() { assert.NoError(t, stack.Stop()) }()
	c := exec.Command(programs.smoke)
	c.Dir = t.TempDir()
	c.Env, err = stack.Environment(c.Environ())
	require.NoError(t, err)
	out, _ := c.CombinedOutput() // a fault makes it fail
	require.Contains(t, string(out), "smoke: ")
	return stack.Actions()
}

func printed(t *testing.T, provider string, action *regexp.Regexp) []string {
	t.Helper()
	out, err := exec.Command("go", "run", "../../fixtures/permissions", provider).Output()
	require.NoError(t, err)
	var all []string
	for _, m := range action.FindAllStringSubmatch(string(out), -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}
