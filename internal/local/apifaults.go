package local

import (
	"context"
	"net/http"
	"time"

	"runbook/internal/fake"
)

const (
	healthy        = "TestAPIAnswersItsHealthCheck"
	apiCertificate = "TestAPICertificateIsCurrent"
	quick          = "TestAPIAnswersQuickly"
	everywhere     = "TestAPIAnswersOnEveryAddress"
	admits         = "TestAPIAdmitsRequests"
	ownOrigin      = "TestAPIAllowsItsOwnOrigin"
	foreign        = "TestAPIRefusesForeignOrigins"
)

// askers need what the health page asks for.
var askers = []string{quick, everywhere, admits, ownOrigin, foreign}

// apiFaults are those that show to whoever asks the API.
var apiFaults = []Fault{
	{
		Name:    "api-down",
		Summary: "The API is stopped: its port refuses.",
		Page:    healthy, Verdict: failed, Blocks: all([]string{apiCertificate}, askers),
		apply: func(_ context.Context, s *Stack) error { return s.api.Close() },
	},
	{
		Name:    "api-answers-503",
		Summary: "The API answers 503 Service Unavailable.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Failing(http.StatusServiceUnavailable)),
	},
	{
		Name:    "api-function-malformed",
		Summary: "The gateway answers 502 because the function's answer is malformed.",
		Page:    healthy, Verdict: failed, Blocks: askers, Flavours: []string{AWS},
		apply: apiBehaves(restAPI(http.StatusBadGateway, "Internal server error")),
	},
	{
		Name:    "api-function-forbidden",
		Summary: "The gateway answers 500 because it may not invoke the function.",
		Page:    healthy, Verdict: failed, Blocks: askers, Flavours: []string{AWS},
		apply: apiBehaves(httpAPI(http.StatusInternalServerError)),
	},
	{
		Name:    "api-function-timeout",
		Summary: "The gateway answers 504 because the function takes longer than it waits.",
		Page:    healthy, Verdict: failed, Blocks: askers, Flavours: []string{AWS},
		apply: apiBehaves(restAPI(http.StatusGatewayTimeout, "Endpoint request timed out")),
	},
	{
		Name:    "api-container-crashed",
		Summary: "Google's front end answers 503 because the container does not start.",
		Page:    healthy, Verdict: failed, Blocks: askers, Flavours: []string{GCP},
		apply: apiBehaves(frontEnd(http.StatusServiceUnavailable, "Service Unavailable")),
	},
	{
		Name:    "api-container-malformed",
		Summary: "Google's front end answers 502 because the container's answer is malformed.",
		Page:    healthy, Verdict: failed, Blocks: askers, Flavours: []string{GCP},
		apply: apiBehaves(frontEnd(http.StatusBadGateway, "upstream connect error or disconnect/reset before headers. reset reason: protocol error")),
	},
	{
		Name:    "api-container-timeout",
		Summary: "Google's front end answers 504 because the container takes longer than it waits.",
		Page:    healthy, Verdict: failed, Blocks: askers, Flavours: []string{GCP},
		apply: apiBehaves(frontEnd(http.StatusGatewayTimeout, "upstream request timeout")),
	},
	{
		Name:    "api-container-forbidden",
		Summary: "Google's front end answers 403 because the caller is no invoker of the service.",
		Page:    healthy, Verdict: inconclusive, Reason: noPermission, Blinds: askers, Flavours: []string{GCP},
		apply: apiBehaves(frontEnd(http.StatusForbidden, "Your client does not have permission to get URL /health from this server.")),
	},
	{
		Name:    "api-rate-limited",
		Summary: "Everyone is answered 429, and nothing that the provider tells of the API explains it.",
		Page:    admits, Verdict: failed, Blocks: all([]string{healthy}, but(admits, askers)),
		apply: instead(httpAPI(http.StatusTooManyRequests), frontEnd(http.StatusTooManyRequests, "Rate exceeded.")),
	},
	{
		Name:    "api-slow",
		Summary: "The API answers rightly, after 8 seconds.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Delayed(8 * time.Second)),
	},
	{
		Name:    "api-latency-past-limit",
		Summary: "The API answers rightly, after 2.5 seconds.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Delayed(2500 * time.Millisecond)),
	},
	{
		Name:    "api-slow-tail",
		Summary: "One in five of the API's answers takes 4.5 seconds, the others none.",
		Page:    quick, Verdict: failed,
		apply: apiBehaves(fake.Every(5, fake.Delayed(4500*time.Millisecond))),
	},
	{
		Name:    "api-one-address-bad",
		Summary: "One of the three addresses of the API's name answers 503.",
		Page:    everywhere, Verdict: failed,
		apply: func(_ context.Context, s *Stack) error {
			addresses := s.api.Addresses()
			s.api.Behave(fake.At(addresses[len(addresses)-1].Addr().String(), fake.Failing(http.StatusServiceUnavailable)))
			return nil
		},
	},
	{
		Name:    "api-preflight-refused",
		Summary: "The API answers 403 to the preflights of browsers.",
		Page:    ownOrigin, Verdict: failed,
		apply: apiBehaves(fake.To(http.MethodOptions, fake.Failing(http.StatusForbidden))),
	},
	{
		Name:    "api-own-origin-unknown",
		Summary: "The API allows another origin than that of the stack's own pages.",
		Page:    ownOrigin, Verdict: failed,
		apply: apiShares(fake.AllowOrigin("https://old.example.org")),
	},
	{
		Name:    "api-any-origin-with-credentials",
		Summary: "The API allows every origin by a star, together with credentials.",
		Page:    foreign, Verdict: failed, Blocks: []string{ownOrigin},
		apply: apiShares(fake.AllowAny),
	},
	{
		Name:    "api-echoes-origins",
		Summary: "The API allows whatever origin asks, together with credentials.",
		Page:    foreign, Verdict: failed,
		apply: apiShares(fake.Echo),
	},
	{
		Name:    "api-closes-mid-body",
		Summary: "The API ends the connection in the middle of its answer.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.CutOff()),
	},
	{
		Name:    "api-redirects-for-ever",
		Summary: "The API redirects every client to where it already is.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Redirecting()),
	},
	{
		Name:    "api-body-unending",
		Summary: "The API answers 200 with a body that never ends.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Unending()),
	},
	{
		Name:    "api-body-drips",
		Summary: "The API answers 200 and sends a byte of the body each second.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Dripping()),
	},
	{
		Name:    "api-body-is-a-bomb",
		Summary: "The API answers 200 with a gigabyte of zeros that it packed unasked.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Bombing()),
	},
	{
		Name:    "api-header-of-a-megabyte",
		Summary: "The API answers 200 with a header of a megabyte.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiBehaves(fake.Swelling(1 << 20)),
	},
	{
		Name:    "api-header-drips",
		Summary: "The API sends a byte of its headers each second.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.Drip("HTTP/1.1 200 OK\r\nX-Slow: ")),
	},
	{
		Name:    "api-interim-answers-unending",
		Summary: "The API sends interim answers and never a final one.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.SayForEver("", "HTTP/1.1 103 Early Hints\r\n\r\n")),
	},
	{
		Name:    "api-resets-after-headers",
		Summary: "The API resets the connection after its headers.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.SayAndReset("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")),
	},
	{
		Name:    "api-never-answers",
		Summary: "The API speaks TLS and never answers a request.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("http/1.1", fake.Silence),
	},
	{
		Name:    "api-http2-goes-away",
		Summary: "The API tells HTTP/2 clients to go away.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("h2", fake.GoAway),
	},
	{
		Name:    "api-http2-settings-unending",
		Summary: "The API sends HTTP/2 settings and nothing else.",
		Page:    healthy, Verdict: failed, Blocks: askers,
		apply: apiSpeaks("h2", fake.Fidget),
	},
	{
		Name:    "api-speaks-plain-http",
		Summary: "The API speaks plain HTTP on its TLS port.",
		Page:    apiCertificate, Verdict: failed, Blocks: all([]string{healthy}, askers),
		apply: apiSpeaks("", fake.Say("HTTP/1.1 400 Bad Request\r\n\r\n")),
	},
	{
		Name:    "api-speaks-garbage",
		Summary: "The API's port speaks another protocol than TLS.",
		Page:    apiCertificate, Verdict: failed, Blocks: all([]string{healthy}, askers),
		apply: apiSpeaks("", fake.Say("SSH-2.0-OpenSSH_9.6\r\n")),
	},
	{
		Name:    "api-resets-handshake",
		Summary: "The API resets the connection within the TLS handshake.",
		Page:    apiCertificate, Verdict: failed, Blocks: all([]string{healthy}, askers),
		apply: apiSpeaks("", fake.SayAndReset("\x16\x03\x03\x00\x30\x02")),
	},
	{
		Name:    "api-silent",
		Summary: "The API's port accepts connections and never answers.",
		Page:    apiCertificate, Verdict: failed, Blocks: all([]string{healthy}, askers),
		apply: apiSpeaks("", fake.Silence),
	},
	{
		Name:    "api-certificate-expiring",
		Summary: "The API's certificate expires in 3 days.",
		Page:    apiCertificate, Verdict: failed,
		apply: apiPresents(3*day, apiHost, address),
	},
	{
		Name:    "api-certificate-expired",
		Summary: "The API's certificate expired yesterday.",
		Page:    apiCertificate, Verdict: failed, Blocks: all([]string{healthy}, askers),
		apply: apiPresents(-day, apiHost, address),
	},
	{
		Name:    "api-certificate-other-host",
		Summary: "The API's certificate is for another host.",
		Page:    apiCertificate, Verdict: failed, Blocks: all([]string{healthy}, askers),
		apply: apiPresents(90*day, "api.example.org"),
	},
}
