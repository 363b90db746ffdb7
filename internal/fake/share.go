package fake

import "net/http"

// Policy is what browsers are told that show a page of origin: the value of
// Access-Control-Allow-Origin, "" for none, and whether credentials may be sent.
type Policy func(origin string) (allowed string, credentials bool)

// AllowOrigin allows one origin, with credentials.
func AllowOrigin(only string) Policy {
	return func(origin string) (string, bool) {
		if origin != only {
			return "", false
		}
		return origin, true
	}
}

// AllowAny allows every origin by a star, and credentials with it, which no
// browser accepts.
func AllowAny(string) (string, bool) { return "*", true }

// Echo allows whatever origin asks, with credentials.
func Echo(origin string) (string, bool) { return origin, true }

// Share changes the API's policy for browsers.
func (a *API) Share(p Policy) { a.policy.Store(&p) }

// sharing answers preflights, and tells browsers what they may do.
func (a *API) sharing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		h := w.Header()
		h.Add("Vary", "Origin")
		if allowed, credentials := (*a.policy.Load())(origin); origin != "" && allowed != "" {
			h.Set("Access-Control-Allow-Origin", allowed)
			if credentials {
				h.Set("Access-Control-Allow-Credentials", "true")
			}
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST, PUT")
				h.Set("Access-Control-Allow-Headers", "authorization, content-type")
			}
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
