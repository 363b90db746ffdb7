// Package probe puts one question to an address and says how far it got: name
// resolution, TCP, TLS, the certificate, HTTP. Standard library only.
//
// It refuses to judge. A 503, a certificate with an hour to live and a slow
// first byte are answers; only a question that got no answer is an error, and
// then always an [*Error] with its [Stage]. It never retries, never follows a
// redirect, and has patience of its own below that of the caller's context.
package probe
