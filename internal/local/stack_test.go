package local

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAGoodDay(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Stop()) }()
	environment := read(t, s, "HOME=/home", "STACK_DATABASE_URL=postgres://elsewhere", "ENVIRONMENT=prod")
	outputs := map[string]string{}
	require.NoError(t, json.Unmarshal([]byte(environment["STACK_OUTPUTS"]), &outputs))

	t.Run("environment", func(t *testing.T) {
		assert.Equal(t, "/home", environment["HOME"])
		assert.NotContains(t, environment, "STACK_DATABASE_URL", "another stack's outputs do not win over this one's")
		assert.Equal(t, "local", environment["ENVIRONMENT"])
		assert.Equal(t, "aws", environment["PROVIDER"])
		assert.Equal(t, "inside", environment["RUNNER_NETWORK"])
		for _, name := range []string{"databaseUrl", "databaseMonitorUrl", "apiUrl", "databaseInstanceId", "databaseSecurityGroupId", "apiGatewayId", "lambdaFunctionName"} {
			assert.NotEmpty(t, outputs[name], name)
		}
	})

	t.Run("database", func(t *testing.T) {
		config, err := pgx.ParseConfig(outputs["databaseUrl"])
		require.NoError(t, err)
		assert.Equal(t, s.appPassword, config.Password)
		assert.True(t, strings.ContainsAny(config.Password, "@") && strings.ContainsAny(config.Password, "/%+\"& "))
		assert.False(t, config.TLSConfig.InsecureSkipVerify)
		conn, err := pgx.ConnectConfig(t.Context(), config)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		var owner, super bool
		var rows int
		require.NoError(t, conn.QueryRow(t.Context(),
			`SELECT pg_has_role(datdba, 'USAGE'), rolsuper, (SELECT count(*) FROM purchase)
			 FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`).Scan(&owner, &super, &rows))
		assert.True(t, owner)
		assert.False(t, super)
		assert.Positive(t, rows)
	})

	t.Run("monitor", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), outputs["databaseMonitorUrl"])
		require.NoError(t, err)
		defer conn.Close(context.Background())
		var reads bool
		var limit int
		require.NoError(t, conn.QueryRow(t.Context(),
			"SELECT pg_has_role(oid, 'pg_read_all_stats', 'USAGE'), rolconnlimit FROM pg_roles WHERE rolname = current_user").Scan(&reads, &limit))
		assert.True(t, reads)
		assert.Equal(t, 3, limit)
	})

	t.Run("api", func(t *testing.T) {
		port := s.api.Addresses()[0].Port()
		assert.Equal(t, fmt.Sprintf("https://api.localhost:%d", port), outputs["apiUrl"])
		assert.Regexp(t, fmt.Sprintf(`^api\.localhost:%d:127\.0\.0\.1(,127\.0\.0\.[23])*$`, port), environment["API_RESOLVE"])
		assert.Equal(t, "https://app.localhost", environment["CORS_ORIGIN"])
		response, body, err := health(t.Context(), t, s)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assert.JSONEq(t, `{"status":"ok"}`, body)
	})

	t.Run("authorities", func(t *testing.T) {
		u, err := url.Parse(outputs["databaseUrl"])
		require.NoError(t, err)
		database, err := os.ReadFile(u.Query().Get("sslrootcert"))
		require.NoError(t, err)
		api, err := os.ReadFile(environment["API_CA_FILE"])
		require.NoError(t, err)
		assert.NotEqual(t, database, api)
	})
}

func TestStopLeavesNothing(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)

	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop())

	assert.NoDirExists(t, s.folder.Path)
	assert.NoDirExists(t, s.database.Dir)
	assert.Error(t, dial(t, s))
	_, err = http.Get(s.api.URL())
	assert.ErrorContains(t, err, "refused")
}

func TestAStackThatCannotStartLeavesNothing(t *testing.T) {
	root := t.TempDir()
	t.Setenv("TMPDIR", root)
	t.Setenv("POSTGRES_BIN", root)

	_, err := Start(t.Context(), Options{})

	require.ErrorContains(t, err, "POSTGRES_BIN")
	assert.NotContains(t, err.Error(), "\n")
	left, err := os.ReadDir(root)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func read(t *testing.T, s *Stack, inherited ...string) map[string]string {
	t.Helper()
	environment, err := s.Environment(inherited)
	require.NoError(t, err)
	variables := map[string]string{}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return variables
}
