package gcpfake

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	// tokenLife is how long Google's access tokens live.
	tokenLife = time.Hour
)

// serviceAccount is the caller whose credentials the control plane accepts.
type serviceAccount struct {
	project string
	email   string
	key     *rsa.PrivateKey
	tokens  map[string]time.Time
}

// processKey is made once: it takes long, and an account is known by its
// e-mail address.
var processKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("gcpfake: no randomness: " + err.Error())
	}
	return key
})

func newServiceAccount(project string) *serviceAccount {
	return &serviceAccount{
		project: project,
		email:   "smoke@" + project + ".iam.gserviceaccount.com",
		key:     processKey(),
		tokens:  map[string]time.Time{},
	}
}

// KeyFile returns the key of the service account as a credentials file of
// Application Default Credentials, for a control plane that is served at url.
func (s *Server) KeyFile(url string) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(s.account.key)
	if err != nil {
		panic("gcpfake: own key: " + err.Error())
	}
	file, err := json.MarshalIndent(map[string]string{
		"type":           "service_account",
		"project_id":     s.account.project,
		"private_key_id": "0123456789abcdef0123456789abcdef01234567",
		"private_key":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email":   s.account.email,
		"client_id":      "104857600000000000000",
		"token_uri":      strings.TrimSuffix(url, "/") + "/token",
	}, "", "  ")
	if err != nil {
		panic("gcpfake: own key file: " + err.Error())
	}
	return file
}

// Principal is the e-mail address of the service account.
func (s *Server) Principal() string { return s.account.email }

// AccessToken issues a token as the token endpoint would.
func (s *Server) AccessToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account.issue()
}

// ExpireTokens ends every token issued so far.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.account.tokens)
}

func (a *serviceAccount) issue() string {
	token := "ya29." + rand.Text()
	a.tokens[token] = time.Now().Add(tokenLife)
	return token
}

// check refuses a request without a token that was issued here.
func (a *serviceAccount) check(r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return unauthenticated("CREDENTIALS_MISSING")
	}
	if until, ok := a.tokens[token]; !ok || time.Now().After(until) {
		return unauthenticated("ACCESS_TOKEN_EXPIRED")
	}
	return nil
}

// issueToken exchanges an assertion signed with the account's key for an
// access token (RFC 7523).
func (s *Server) issueToken(w http.ResponseWriter, r *http.Request) {
	if grant := r.PostFormValue("grant_type"); grant != jwtBearer {
		refuseToken(w, "unsupported_grant_type", "Invalid grant_type: "+grant)
		return
	}
	refusal := s.account.refusesAssertion(r.PostFormValue("assertion"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.KeyRevoked {
		refusal = "Invalid JWT Signature."
	}
	if refusal != "" {
		refuseToken(w, "invalid_grant", refusal)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": s.account.issue(),
		"token_type":   "Bearer",
		"expires_in":   int(tokenLife.Seconds()) - 1,
	})
}

func refuseToken(w http.ResponseWriter, code, description string) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": description})
}

// refusesAssertion returns what is wrong with a JWT, "" when nothing is.
func (a *serviceAccount) refusesAssertion(jwt string) string {
	signed, signature, _ := cutLast(jwt, ".")
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	digest := sha256.Sum256([]byte(signed))
	if err != nil || rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, digest[:], sig) != nil {
		return "Invalid JWT Signature."
	}
	_, payload, _ := strings.Cut(signed, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	var c struct {
		Issuer  string `json:"iss"`
		Scope   string `json:"scope"`
		Expires int64  `json:"exp"`
	}
	if err != nil || json.Unmarshal(claims, &c) != nil {
		return "Invalid JWT: Failed to parse."
	}
	switch {
	case c.Issuer != a.email:
		return "Invalid grant: account not found"
	case time.Now().Unix() > c.Expires:
		return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
	case c.Scope == "":
		return "Invalid JWT: no scope or audience."
	}
	return ""
}

func cutLast(s, sep string) (before, after string, found bool) {
	n := strings.LastIndex(s, sep)
	if n < 0 {
		return s, "", false
	}
	return s[:n], s[n+len(sep):], true
}
