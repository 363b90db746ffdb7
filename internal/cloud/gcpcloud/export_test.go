package gcpcloud

import (
	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
)

// NewWithKey is New with the key of a service account in place of what the
// machine has, so that tests with different keys run side by side.
func NewWithKey(c Config, key []byte) (*Client, error) {
	return open(c, newSignIn(func() (*auth.Credentials, error) {
		return credentials.NewCredentialsFromJSON(credentials.ServiceAccount, key,
			&credentials.DetectOptions{Scopes: []string{scope}})
	}))
}

var SplitName = splitName
var SplitService = splitService

const MaxRefused = maxRefused
