package gcpcloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
)

const (
	// A connection to Google takes some tens of milliseconds; one that takes
	// this long is dropped by a firewall on the way.
	dialPatience = 3 * time.Second
	// Off Google Cloud, the library still looks for a metadata server, which a
	// network may swallow without answer; one that refuses connections is given
	// up to 3.1 s of retries.
	patience = 4 * time.Second
)

// scope covers every API asked; Cloud SQL Admin has no narrower one to read.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// signIn is the machine's credentials, found once for all questions, and the
// transport that adds them to each.
type signIn struct {
	detect func() (*auth.Credentials, error)
	base   http.RoundTripper
	once   sync.Once
	done   chan struct{}

	// valid once done is closed
	creds *auth.Credentials
	quota string
	err   error
}

func newSignIn(detect func() (*auth.Credentials, error)) *signIn {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.DialContext = (&net.Dialer{Timeout: dialPatience}).DialContext
	return &signIn{detect: detect, base: base, done: make(chan struct{})}
}

// applicationDefault finds what Google's own tools would use here.
func applicationDefault() (*auth.Credentials, error) {
	creds, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: []string{scope}})
	if err != nil && os.Getenv(keyFile) != "" {
		err = fmt.Errorf("%s: %w", keyFile, err)
	}
	return creds, err
}

// keyFile is the variable that says where the credentials are.
const keyFile = "GOOGLE_APPLICATION_CREDENTIALS"

// wait returns when the credentials are known to work, or why there are none.
// The search outlives ctx: the next question needs its result.
func (s *signIn) wait(ctx context.Context) error {
	s.once.Do(func() {
		go func() {
			defer close(s.done)
			s.creds, s.quota, s.err = s.search()
		}()
	})
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// search finds credentials and has them accepted once.
func (s *signIn) search() (*auth.Credentials, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	creds, err := s.find(ctx)
	if err != nil {
		return nil, "", &credentialsError{err}
	}
	if _, err := creds.Token(ctx); err != nil {
		onMetadata := len(creds.JSON()) == 0
		if onMetadata {
			return nil, "", &credentialsError{err}
		}
		return nil, "", err
	}
	quota, err := creds.QuotaProjectID(ctx)
	return creds, quota, err
}

// find bounds the detection, which takes no context.
func (s *signIn) find(ctx context.Context) (*auth.Credentials, error) {
	type result struct {
		creds *auth.Credentials
		err   error
	}
	found := make(chan result, 1)
	go func() {
		creds, err := s.detect()
		found <- result{creds, err}
	}()
	select {
	case r := <-found:
		return r.creds, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer from the metadata server in %v", patience)
	}
}

// RoundTrip sends the request in the name of the caller.
func (s *signIn) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := s.wait(r.Context()); err != nil {
		return nil, err
	}
	token, err := s.creds.Token(r.Context())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token.Value)
	if s.quota != "" {
		r.Header.Set("X-Goog-User-Project", s.quota)
	}
	return s.base.RoundTrip(r)
}

// project is the one the credentials belong to, "" when they do not say.
func (s *signIn) project(ctx context.Context) (string, error) {
	if err := s.wait(ctx); err != nil {
		return "", err
	}
	return s.creds.ProjectID(ctx)
}

// principal is the e-mail address in a service account's key, "" where the
// credentials are of another type.
func (s *signIn) principal() string {
	var key struct {
		Email string `json:"client_email"`
	}
	if err := json.Unmarshal(s.creds.JSON(), &key); err != nil {
		return ""
	}
	return key.Email
}
