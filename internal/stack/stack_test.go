package stack_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/secret"
	"runbook/internal/stack"
)

func load(t *testing.T, environ ...string) *stack.Stack {
	t.Helper()
	s, err := stack.Load(environ)
	require.NoError(t, err)
	return s
}

func text(t *testing.T, s *stack.Stack, name string) string {
	t.Helper()
	value, err := s.Text(name)
	require.NoError(t, err)
	return value
}

func TestOutputsOfEachToolAreToldByTheirShape(t *testing.T) {
	for tool, document := range map[string]string{
		"pulumi":    `{"apiUrl": "https://a", "databaseUrl": "postgres://u:pw1234@h/d", "tags": {"a": "b"}}`,
		"terraform": `{"api_url": {"sensitive": false, "type": "string", "value": "https://a"}, "database_url": {"sensitive": true, "type": "string", "value": "postgres://u:pw1234@h/d"}}`,
		"cdk":       `{"Net": {"ApiUrl": "https://a"}, "Data": {"DatabaseUrl": "postgres://u:pw1234@h/d"}}`,
		"crlf, bom": "\ufeff{\r\n\"API-URL\": \"https://a\",\r\n\"DATABASE_URL\": \"postgres://u:pw1234@h/d\"}\r\n",
	} {
		t.Run(tool, func(t *testing.T) {
			s := load(t, "STACK_OUTPUTS="+document)
			assert.Equal(t, "https://a", text(t, s, "apiUrl"))
			assert.Equal(t, "postgres://u:pw1234@h/d", text(t, s, "databaseUrl"))
			assert.Contains(t, s.Secrets(), "pw1234")
			_, err := s.Text("cdnUrl")
			assert.ErrorIs(t, err, stack.ErrAbsent)
		})
	}
}

func TestLaterSourcesWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"apiUrl": "file", "cdnUrl": "file", "databaseUrl": "[secret]"}`), 0o600))
	s := load(t, "STACK_OUTPUTS_FILE="+file, `STACK_OUTPUTS={"api_url": "text", "lambdaFunctionName": ""}`, "STACK_DATABASE_URL=single")
	assert.Equal(t, "text", text(t, s, "apiUrl"))
	assert.Equal(t, "file", text(t, s, "cdnUrl"))
	assert.Equal(t, "single", text(t, s, "databaseUrl"))
	_, err := s.Text("lambdaFunctionName")
	assert.ErrorIs(t, err, stack.ErrAbsent, "an empty output is none")
}

// bad lists input that cannot be used, with what its error must name.
var bad = map[string]struct {
	environ []string
	names   string
}{
	"nothing":              {nil, "STACK_OUTPUTS_FILE, STACK_OUTPUTS or STACK_<NAME>"},
	"no outputs":           {[]string{"STACK_OUTPUTS={}"}, "no stack outputs"},
	"only empty ones":      {[]string{`STACK_OUTPUTS={"apiUrl": "", "cdnUrl": null}`}, "no stack outputs"},
	"empty text":           {[]string{"STACK_OUTPUTS="}, "STACK_OUTPUTS is empty"},
	"empty variable":       {[]string{"STACK_API_URL="}, "STACK_API_URL is set but empty"},
	"missing file":         {[]string{"STACK_OUTPUTS_FILE=/nonexistent/o.json"}, "STACK_OUTPUTS_FILE cannot be read"},
	"folder":               {[]string{"STACK_OUTPUTS_FILE=/"}, "STACK_OUTPUTS_FILE cannot be read"},
	"masked":               {[]string{`STACK_OUTPUTS={"databaseUrl": "[secret]"}`}, "--show-secrets"},
	"truncated":            {[]string{`STACK_OUTPUTS={"databaseUrl": "hunter22`}, "STACK_OUTPUTS: "},
	"not json":             {[]string{"STACK_OUTPUTS=\n\n{hunter22"}, "line 3"},
	"list":                 {[]string{`STACK_OUTPUTS=["hunter22"]`}, "no JSON object"},
	"string":               {[]string{`STACK_OUTPUTS="hunter22"`}, "no JSON object"},
	"null":                 {[]string{`STACK_OUTPUTS=null`}, "no JSON object"},
	"masked inside":        {[]string{`STACK_OUTPUTS={"database": {"password": "[secret]"}, "apiUrl": "a"}`}, "output database is masked"},
	"two documents":        {[]string{"STACK_OUTPUTS={\"a\": \"b\"}\n{\"a\": \"hunter22\"}"}, "two JSON objects"},
	"damaged":              {[]string{"STACK_OUTPUTS={\"a\": \"hunter22\xff\"}"}, "not UTF-8"},
	"unknown setting":      {[]string{"STACK_API_URL=a", "SMOKE_SEVRITY=P0"}, "SMOKE_SEVRITY is not a setting"},
	"severity":             {[]string{"STACK_API_URL=a", "SMOKE_SEVERITY=high"}, "want a list of P0 to P3"},
	"gate":                 {[]string{"STACK_API_URL=a", "SMOKE_GATE=P4"}, "want one of P0 to P3"},
	"timeout":              {[]string{"STACK_API_URL=a", "SMOKE_TIMEOUT=60"}, "want a time"},
	"negative timeout":     {[]string{"STACK_API_URL=a", "SMOKE_TIMEOUT=-1s"}, "want a time"},
	"environment":          {[]string{"STACK_API_URL=a", "ENVIRONMENT=../../etc"}, "want a plain name"},
	"provider":             {[]string{"STACK_API_URL=a", "PROVIDER=azure"}, "want aws or gcp"},
	"subsystem":            {[]string{"STACK_API_URL=a", "SMOKE_REQUIRE=Databse"}, "want a list of Database"},
	"switch":               {[]string{"STACK_API_URL=a", "SMOKE_READONLY=maybe"}, "want on or off"},
	"terraform with value": {[]string{`STACK_OUTPUTS={"database_url": {"sensitive": true, "type": "string", "value": null}}`}, "no stack outputs"},
}

func TestBadInputIsOneLineThatNamesIt(t *testing.T) {
	for name, c := range bad {
		t.Run(name, func(t *testing.T) {
			_, err := stack.Load(c.environ)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.names)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "hunter22")
		})
	}
}

func TestAnOutputOfTheWrongTypeIsNamed(t *testing.T) {
	s := load(t, `STACK_OUTPUTS={"a": ["hunter22"], "b": {"x": ["hunter22"]}, "c": true, "d": "hunter22\n", "n": 12345678901234567890}`)
	for name, got := range map[string]string{"a": "a list", "b": "an object", "c": "a boolean", "d": "text with"} {
		_, err := s.Text(name)
		var bad *stack.BadOutput
		require.ErrorAs(t, err, &bad)
		assert.Contains(t, err.Error(), "output "+name+" is "+got)
		assert.NotContains(t, err.Error(), "hunter22")
		assert.Equal(t, "bad-input", bad.Inconclusive())
	}
	assert.Equal(t, "12345678901234567890", text(t, s, "n"), "numbers keep their digits")
}

func TestSecretsAreFoundWhereverTheyStand(t *testing.T) {
	s := load(t, `STACK_OUTPUTS={
		"databaseUrl": "postgres://app:p%40ss%2Fword@h1:1,h2:2/d?sslmode=require",
		"unparsable": "postgres://app:sl/ash@h:port/d",
		"dsn": "host=h user=app password='quo ted' dbname=d",
		"storage": "DefaultEndpointsProtocol=https;AccountKey=x;SharedAccessKey=abcdef==;",
		"signed": "https://h/p?X-Amz-Signature=f00dcafe&x=1",
		"webhook": "https://t0ken-in-user@h/",
		"users": [{"name": "jane", "password": "nested1"}],
		"jwtToken": "eyJ0",
		"databaseSecretArn": "arn:aws:secretsmanager:eu-west-1:1:secret:db"
	}`, "AWS_SECRET_ACCESS_KEY=runners-own", "SOME_TOKEN=true", "HTTPS_PROXY=http://u:proxypw@p:3128")
	for _, want := range []string{"p@ss/word", "p%40ss%2Fword", "sl/ash", "quo ted", "abcdef==", "f00dcafe", "t0ken-in-user", "nested1", "eyJ0", "runners-own", "proxypw"} {
		assert.Contains(t, s.Secrets(), want)
	}
	for _, public := range []string{"app", "jane", "true", "arn:aws:secretsmanager:eu-west-1:1:secret:db"} {
		assert.NotContains(t, s.Secrets(), public)
	}
	assert.True(t, s.IsSecret("jwt_token"))
	assert.False(t, s.IsSecret("databaseSecretArn"))
}

func TestANameWithTwoValuesIsRefusedWhenAskedFor(t *testing.T) {
	s := load(t, `STACK_OUTPUTS={"A": {"ApiUrl": "hunter22", "Same": "x"}, "B": {"apiUrl": "b", "Same": "x", "Ref": "{{resolve:secretsmanager:db}}"}}`)
	assert.Equal(t, "x", text(t, s, "same"))
	_, err := s.Text("apiUrl")
	assert.ErrorContains(t, err, "more than once with different values, want one: set STACK_API_URL")
	assert.NotContains(t, err.Error(), "hunter22")
	_, err = s.Text("ref")
	assert.ErrorContains(t, err, "set STACK_REF")
	assert.Equal(t, "b", text(t, load(t, `STACK_OUTPUTS={"apiUrl": "a", "api-url": "c"}`, "STACK_API_URL=b"), "apiUrl"))
}

// The samples are what the real tools print; their README says which of them are
// outputs.
func TestSamplesOfRealTools(t *testing.T) {
	const samples = "../../fixtures/outputs"
	read := func(name string) (*stack.Stack, error) {
		return stack.Load([]string{"STACK_OUTPUTS_FILE=" + filepath.Join(samples, name)})
	}
	for _, name := range []string{"terraform.json", "pulumi.json", "cdk.json", "traps/terraform-utf16.json", "traps/terraform-warning-after.json",
		"traps/terraform-warning-before.json", "traps/pulumi-warning-before.json", "traps/terraform-wrapper.txt", "pulumi-gcp.json", "traps/pulumi-bom.json"} {
		s, err := read(name)
		require.NoError(t, err, name)
		assert.Regexp(t, "^postgres(ql)?://", text(t, s, "databaseUrl"), name)
		assert.Contains(t, s.Secrets(), `p@ss/w%rd+"q"&x`, name)
		want := stack.AWS
		if strings.Contains(name, "gcp") || strings.Contains(name, "bom") {
			want = stack.GCP
		}
		assert.Equal(t, want, s.Provider(), name)
	}
	readme, err := os.ReadFile(filepath.Join(samples, "README.md"))
	require.NoError(t, err)
	traps := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (read|refuse) \\|").FindAllStringSubmatch(string(readme), -1)
	assert.Greater(t, len(traps), 15)
	for _, m := range traps {
		_, err := read("traps/" + m[1])
		if m[2] == "read" {
			assert.NoError(t, err, m[1])
			continue
		}
		require.Error(t, err, m[1])
		assert.NotContains(t, err.Error(), "p@ss", m[1])
	}
	_, err = read("pulumi-masked.json")
	assert.ErrorContains(t, err, "--show-secrets")
	for _, empty := range []string{"pulumi-empty.json", "terraform-empty.json"} {
		_, err = read(empty)
		assert.ErrorContains(t, err, "no stack outputs", empty)
	}
}

func TestProviderIsToldByTheOutputs(t *testing.T) {
	for outputs, want := range map[string]string{
		`{"databaseInstanceId": "db"}`:                                stack.AWS,
		`{"database_instance_name": "db"}`:                            stack.GCP,
		`{"databaseInstanceId": "db", "apiServiceName": "s"}`:         "",
		`{"databaseUrl": "postgres://x.eu-1.rds.amazonaws.com/d"}`:    stack.AWS,
		`{"apiUrl": "https://s-abc.a.run.app"}`:                       stack.GCP,
		`{"apiUrl": "https://api.example.com"}`:                       "",
		`{"databaseInstanceId": "", "apiUrl": "https://x.a.run.app"}`: stack.GCP,
	} {
		assert.Equal(t, want, load(t, "STACK_OUTPUTS="+outputs).Provider(), outputs)
	}
	assert.Equal(t, stack.GCP, load(t, "PROVIDER=gcp", "STACK_DATABASE_INSTANCE_ID=db").Provider())
}

func TestSettingsHaveDefaultsAndForms(t *testing.T) {
	s := load(t, "STACK_API_URL=a", "SMOKE_REQUIRE=Database, API", "SMOKE_READONLY=On", "SMOKE_GATE=")
	assert.Equal(t, "P3", s.Setting("SMOKE_GATE"), "an empty setting is unset")
	assert.Equal(t, "1m0s", s.Duration("SMOKE_TIMEOUT").String())
	assert.True(t, s.On("SMOKE_READONLY"))
	assert.True(t, s.Lists("SMOKE_REQUIRE", "API"))
	assert.False(t, s.Lists("SMOKE_REQUIRE", "CDN"))
	assert.Panics(t, func() { s.Setting("SMOKE_SEVRITY") })
}

func TestSettingsThatHoldNumbers(t *testing.T) {
	s := load(t, "STACK_API_URL=a", "DATABASE_SLOT_HELD=512MiB")
	assert.Equal(t, int64(85), s.Number("DATABASE_CONNECTIONS"))
	assert.Equal(t, int64(512<<20), s.Number("DATABASE_SLOT_HELD"))
	assert.Equal(t, int64(1e9), s.Number("DATABASE_TRANSACTION_AGE"))
	assert.Panics(t, func() { s.Number("SMOKE_GATE") })
	for _, bad := range []string{
		"DATABASE_CONNECTIONS=85", "DATABASE_CONNECTIONS=101%", "DATABASE_CONNECTIONS=0%", "DATABASE_CONNECTIONS=85%%", "DATABASE_CONNECTIONS=85GiB",
		"DATABASE_SLOT_HELD=10", "DATABASE_SLOT_HELD=10 GiB", "DATABASE_SLOT_HELD=GiB", "DATABASE_SLOT_HELD=9000000000TiB", "DATABASE_SLOT_HELD=10GB",
		"GOOGLE_ENDPOINT_URL=localhost:8080", "GOOGLE_ENDPOINT_URL=ftp://localhost", "GOOGLE_ENDPOINT_URL=http://",
		"DATABASE_TRANSACTION_AGE=1e9", "DATABASE_TRANSACTION_AGE=-1",
	} {
		_, err := stack.Load([]string{"STACK_API_URL=a", bad})
		assert.ErrorContains(t, err, "want a", bad)
	}
}

func TestAddressesStandInForDNS(t *testing.T) {
	s := load(t, "STACK_API_URL=a", "API_RESOLVE=API.example.com:443:192.0.2.1, 2001:db8::1,[2001:db8::2]")
	assert.Equal(t, map[string][]netip.AddrPort{"api.example.com:443": {
		netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("[2001:db8::1]:443"), netip.MustParseAddrPort("[2001:db8::2]:443"),
	}}, s.Addresses("API_RESOLVE"))
	assert.Empty(t, load(t, "STACK_API_URL=a").Addresses("API_RESOLVE"))
}

func TestFormsOfSettings(t *testing.T) {
	for name, values := range map[string]struct{ good, bad []string }{
		"API_RESOLVE":  {[]string{"[::1]:443:::1", "localhost:80:127.0.0.1"}, []string{"api.example.com", "api:443", "api:443:", "api:443:,", "api:443:elsewhere", "api:70000:192.0.2.1"}},
		"CORS_ORIGIN":  {[]string{"https://app.example.com", "http://localhost:3000"}, []string{"app.example.com", "https://app.example.com/", "*", "null", "https://u@app.example.com"}},
		"CORS_METHOD":  {[]string{"PUT"}, []string{"put", "GET,PUT"}},
		"CORS_HEADERS": {[]string{"x-trace", "X-Trace, content-type"}, []string{"x trace", "a,,b"}},
	} {
		i := slices.IndexFunc(stack.Settings, func(s stack.Setting) bool { return s.Name == name })
		for _, good := range values.good {
			assert.NoError(t, stack.Settings[i].Check(good))
		}
		for _, bad := range values.bad {
			assert.Error(t, stack.Settings[i].Check(bad), "%s=%s", name, bad)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, c := range bad {
		for _, entry := range c.environ {
			if document, ok := strings.CutPrefix(entry, "STACK_OUTPUTS="); ok {
				f.Add(document)
			}
		}
	}
	f.Add(`{"databaseUrl": "postgres://app:planted-pw@h/d", "x": {"value": 1, "sensitive": true, "type": "string"}}`)
	f.Fuzz(func(t *testing.T, document string) {
		const planted = "planted-pw"
		s, err := stack.Load([]string{"STACK_OUTPUTS=" + document})
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			if !strings.Contains(err.Error(), "is masked as") { // which names an output
				assert.NotContains(t, err.Error(), planted)
			}
			return
		}
		redactor := secret.NewRedactor(s.Secrets()...)
		if value, err := s.Text("databaseUrl"); err == nil && strings.HasPrefix(value, "postgres://app:planted-pw@") {
			assert.NotContains(t, redactor.Redact(value), planted)
		}
		s.Provider()
	})
}
