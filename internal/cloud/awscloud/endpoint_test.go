package awscloud

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"runbook/internal/cloud"
	"runbook/internal/fake/awsfake"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEC2IsAskedWhereTheEnvironmentSays(t *testing.T) {
	const all, own = "http://all.example", "http://ec2.example"
	for name, c := range map[string]struct {
		env    map[string]string
		config Config
		want   string
	}{
		"AWS itself":          {nil, Config{Region: "eu-west-1"}, "https://ec2.eu-west-1.amazonaws.com"},
		"AWS in China":        {nil, Config{Region: "cn-north-1"}, "https://ec2.cn-north-1.amazonaws.com.cn"},
		"one for all":         {map[string]string{"AWS_ENDPOINT_URL": all}, Config{Region: "eu-west-1"}, all},
		"its own":             {map[string]string{"AWS_ENDPOINT_URL": all, "AWS_ENDPOINT_URL_EC2": own}, Config{Region: "eu-west-1"}, own},
		"told by the caller":  {nil, Config{Region: "eu-west-1", Endpoint: all}, all},
		"told not to look":    {map[string]string{"AWS_ENDPOINT_URL": all, "AWS_ENDPOINT_URL_EC2": own, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, Config{Region: "eu-west-1"}, "https://ec2.eu-west-1.amazonaws.com"},
		"region of the shell": {map[string]string{"AWS_REGION": "sa-east-1"}, Config{}, "https://ec2.sa-east-1.amazonaws.com"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range c.env {
				t.Setenv(variable, value)
			}
			client, err := New(t.Context(), c.config)
			require.NoError(t, err)

			got, err := client.ec2Endpoint(t.Context())

			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

// TestEnvironmentAlone configures nothing: what the AWS CLI goes by is enough.
func TestEnvironmentAlone(t *testing.T) {
	fake := awsfake.New(account(world))
	server := httptest.NewServer(fake)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", region)
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	c, err := New(t.Context(), Config{})
	require.NoError(t, err)

	i, err := c.Instance(t.Context(), "app-db")
	require.NoError(t, err)
	_, err = c.Admits(t.Context(), i, 5432)
	require.NoError(t, err)
	_, err = c.DatabaseErrors(t.Context(), i, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	_, err = c.Recent(t.Context(), i, cloud.CPU, time.Hour)
	require.NoError(t, err)
	_, err = c.Caller(t.Context())
	require.NoError(t, err)
}

// TestCredentialsThatNeverCome is a credential process that hangs.
func TestCredentialsThatNeverCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		defer close(hung)
		began := time.Now()
		c := client(t, "http://127.0.0.1", config.WithCredentialsProvider(aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) {
				<-hung
				return aws.Credentials{}, nil
			})))

		for range 2 {
			_, err := c.Caller(t.Context())
			assert.Equal(t, cloud.NoCredentials, cloud.KindOf(err), err)
		}
		assert.Equal(t, credentialPatience, time.Since(began))
	})
}
