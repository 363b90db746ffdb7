package drill

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// password returns that of an output of the local stack.
func password(t *testing.T, outputs, name string) string {
	t.Helper()
	var o map[string]string
	require.NoError(t, json.Unmarshal([]byte(outputs), &o))
	u, err := url.Parse(o[name])
	require.NoError(t, err)
	p, ok := u.User.Password()
	require.True(t, ok)
	require.Regexp(t, `["&%+/@]`, p, "a password that needs no escaping would prove little")
	return p
}

func forms(secret string) map[string]string {
	asJSON, _ := json.Marshal(secret)
	return map[string]string{
		"raw":           secret,
		"query-escaped": url.QueryEscape(secret),
		"path-escaped":  url.PathEscape(secret),
		"userinfo":      strings.TrimPrefix(url.UserPassword("", secret).String(), ":"),
		"JSON":          strings.Trim(string(asJSON), `"`),
		"base64":        base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 URL":    base64.URLEncoding.EncodeToString([]byte(secret)),
	}
}

// assertNoLeak looks for the database's passwords in all that a run leaves: terminal,
// reports, evidence.
func assertNoLeak(t *testing.T, r ran) {
	t.Helper()
	texts := map[string]string{"terminal": r.out}
	require.NoError(t, filepath.WalkDir(filepath.Join(r.dir, "reports"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		texts[path] = string(content)
		return err
	}))
	for where, text := range texts {
		for _, output := range []string{"databaseUrl", "databaseMonitorUrl"} {
			for form, secret := range forms(password(t, r.outputs, output)) {
				assert.False(t, strings.Contains(text, secret), "the password of %s stands, %s, in %s", output, form, where)
			}
		}
	}
}
