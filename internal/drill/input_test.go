package drill

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/report"
)

// planted stands in every bad output and must never be shown.
const planted = "hunter22"

// Outputs that no question can be asked with: each page that needs one says so in a line
// that names it, and the run is not green.
func TestBadOutputsAreNamedAndNeverShown(t *testing.T) {
	t.Parallel()
	bad := map[string][]any{
		"databaseUrl": {
			"mysql://app:hunter22@h/d", "jdbc:postgresql://h/d?password=hunter22", "hunter22", "postgres://app:hunter22@/d", "postgres://app:hunt@er22@h:port/d",
			"postgres://app:hunter22@h/d?sslmode=hunter22", "postgres://app:hunter22@h:99999999/d", "postgres://app:%zzhunter22@h/d", "postgres://app:hunter22@h/d\x00",
			" postgres://app:hunter22@h/d\n", "host=h password='hunter22", []any{"hunter22"}, map[string]any{"url": "hunter22", "port": 5432}, true, "[hunter22]", "{{resolve:hunter22}}",
			strings.Repeat("hunter22", 1<<12),
		},
		"apiUrl": {
			"ftp://hunter22.example.com", "https://", "https://app:hunter22@host:port", "https://[hunter22", "hunter22 hunter22", "https://h/%zzhunter22", []any{"hunter22"}, false,
		},
	}
	for output, values := range bad {
		for _, value := range values {
			text, err := json.Marshal(map[string]any{output: value})
			require.NoError(t, err)
			c := exec.Command(programs.smoke, "-test.v")
			c.Dir = t.TempDir()
			c.Env = append(c.Environ(), "STACK_OUTPUTS="+string(text))
			out, err := c.CombinedOutput()
			require.Error(t, err, string(out))
			assert.Equal(t, 3, c.ProcessState.ExitCode(), "%s: %s", text, out)
			assert.NotContains(t, string(out), "panic")
			assert.NotContains(t, string(out), planted)
			run, err := report.Read(filepath.Join(c.Dir, "reports", "local", "results.json"))
			require.NoError(t, err)
			for _, p := range run.Pages {
				if p.Verdict == report.NotApplicable {
					continue
				}
				assert.Equal(t, report.Inconclusive, p.Verdict, string(text))
				assert.Equal(t, "bad-input", p.Reason)
				assert.Contains(t, p.Message, "output "+output)
				assert.NotContains(t, p.Text, "\n")
			}
		}
	}
}
