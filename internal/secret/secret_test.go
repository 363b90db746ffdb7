package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/secret"
)

const password = `p@ss/w%rd+"q"&x`

func TestTextPrintsAsStars(t *testing.T) {
	type holder struct {
		Exported   secret.Text
		unexported secret.Text
	}
	text := secret.New(password)
	h := holder{Exported: text, unexported: text}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10.3s"} {
		for _, value := range []any{text, &text, h, &h, []secret.Text{text}, map[string]secret.Text{"k": text}} {
			printed := fmt.Sprintf(verb, value)
			assert.NotContains(t, printed, "p@ss", verb)
			assert.NotContains(t, printed, fmt.Sprintf("%x", password), verb)
		}
	}
	assert.Equal(t, secret.Mask, fmt.Sprint(text))
	assert.Equal(t, password, text.Reveal())
	assert.Empty(t, secret.Text{}.Reveal())
}

func TestTextIsMaskedInJSONAndLogs(t *testing.T) {
	j, err := json.Marshal(map[string]any{"password": secret.New(password)})
	require.NoError(t, err)
	assert.JSONEq(t, `{"password":"***"}`, string(j))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "password", secret.New(password))
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "password", secret.New(password))
	assert.NotContains(t, log.String(), "p@ss")
}

func TestRedactorKnowsEveryForm(t *testing.T) {
	j, _ := json.Marshal(password)
	var forms = map[string]string{
		"raw":             password,
		"query":           url.QueryEscape(password),
		"path":            url.PathEscape(password),
		"lower case hex":  strings.ToLower(url.QueryEscape(password)),
		"userinfo":        url.UserPassword("app", password).String(),
		"json":            string(j),
		"go":              fmt.Sprintf("%q", password),
		"base64":          base64.StdEncoding.EncodeToString([]byte(password)),
		"base64 url":      base64.URLEncoding.EncodeToString([]byte(password)),
		"basic auth":      base64.StdEncoding.EncodeToString([]byte("app:" + password)),
		"basic auth, 2nd": base64.StdEncoding.EncodeToString([]byte("app2:" + password + "\n")),
		"basic auth, 3rd": base64.StdEncoding.EncodeToString([]byte("app22:" + password + "??")),
	}
	redactor := secret.NewRedactor(password)
	for name, form := range forms {
		redacted := redactor.Redact("before " + form + " after")
		assert.Contains(t, redacted, secret.Mask, name)
		assert.NotContains(t, redacted, form, name)
		assert.True(t, strings.HasPrefix(redacted, "before "), name)
		assert.True(t, strings.HasSuffix(redacted, " after"), name)
		if core := strings.Trim(form, `"=`); strings.HasPrefix(name, "base64") {
			assert.NotContains(t, redacted, core[2:len(core)-2], name)
		}
	}
}

func TestRedactorTakesTheLongestSecretFirst(t *testing.T) {
	redactor := secret.NewRedactor("hunter", "hunter22")
	assert.Equal(t, "a *** b *** c", redactor.Redact("a hunter22 b hunter c"))
}

func TestRedactorLeavesTextAlone(t *testing.T) {
	text := "asking db.example.com:5432: connection refused"
	assert.Equal(t, text, secret.NewRedactor().Redact(text))
	assert.Equal(t, text, secret.NewRedactor("", "a", " ").Redact(text))
}

func TestWriterRedactsAcrossWritesAndLines(t *testing.T) {
	var out bytes.Buffer
	key := "-----BEGIN-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END-----"
	w := secret.NewRedactor(password, key).Writer(&out)
	for _, b := range []byte("panic: " + password + "\nkey: hkiG9w0BAQEFAASC\nlast " + password) {
		_, err := w.Write([]byte{b})
		require.NoError(t, err)
	}
	assert.Equal(t, "panic: ***\nkey: ***\n", out.String())
	require.NoError(t, w.Close())
	assert.Equal(t, "panic: ***\nkey: ***\nlast ***", out.String())
}

func FuzzRedactorLeavesNoForm(f *testing.F) {
	f.Add("prefix ", password, " suffix")
	f.Add("", "aaa", "a")
	f.Fuzz(func(t *testing.T, before, value, after string) {
		value = strings.TrimSpace(value)
		if len(value) < 3 || strings.Contains(secret.Mask, value) {
			t.Skip()
		}
		redacted := secret.NewRedactor(value).Redact(before + value + after)
		assert.NotContains(t, strings.ReplaceAll(redacted, secret.Mask, "\x00"), value)
	})
}
