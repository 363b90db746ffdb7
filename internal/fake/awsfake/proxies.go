package awsfake

import (
	"maps"
	"net/http"
	"slices"
)

func (s State) proxies(name string) ([]Proxy, error) {
	if name == "" {
		return s.Proxies, nil
	}
	n := slices.IndexFunc(s.Proxies, func(p Proxy) bool { return p.Name == name })
	if n < 0 {
		return nil, fault{http.StatusNotFound, "DBProxyNotFoundFault", "DB proxy " + name + " not found"}
	}
	return s.Proxies[n : n+1], nil
}

type proxyListing struct {
	listing
	DBProxyName string
}

// of reads the request and finds the proxies it is about.
func (l *proxyListing) of(s State, in input) (proxies []Proxy, token string, size int, err error) {
	if err := in.into(l); err != nil {
		return nil, "", 0, err
	}
	if proxies, err = s.proxies(l.DBProxyName); err != nil {
		return nil, "", 0, err
	}
	token, size, err = l.page(s)
	return proxies, token, size, err
}

func describeDBProxies(s State, in input) (any, error) {
	var asked proxyListing
	proxies, token, size, err := asked.of(s, in)
	if err != nil {
		return nil, err
	}
	type proxy struct {
		DBProxyName, DBProxyArn, Status, EngineFamily, Endpoint string
		RequireTLS                                              bool
	}
	page, next, err := paged(proxies, token, size)
	out := struct {
		DBProxies []proxy `xml:"DBProxies>member"`
		Marker    string  `xml:",omitempty"`
	}{Marker: next}
	for _, p := range page {
		out.DBProxies = append(out.DBProxies, proxy{p.Name, s.arn("db-proxy", p.Name), p.Status, "POSTGRESQL", p.Endpoint, true})
	}
	return out, err
}

func describeDBProxyEndpoints(s State, in input) (any, error) {
	var asked proxyListing
	proxies, token, size, err := asked.of(s, in)
	if err != nil {
		return nil, err
	}
	type endpoint struct {
		DBProxyEndpointName, DBProxyName, Status, Endpoint, TargetRole string
		IsDefault                                                      bool
	}
	var all []endpoint
	for _, p := range proxies {
		all = append(all, endpoint{"default", p.Name, p.Status, p.Endpoint, "READ_WRITE", true})
		for _, name := range slices.Sorted(maps.Keys(p.Endpoints)) {
			all = append(all, endpoint{name, p.Name, p.Status, p.Endpoints[name], "READ_ONLY", false})
		}
	}
	page, next, err := paged(all, token, size)
	return struct {
		Endpoints []endpoint `xml:"DBProxyEndpoints>member"`
		Marker    string     `xml:",omitempty"`
	}{page, next}, err
}

func describeDBProxyTargets(s State, in input) (any, error) {
	var asked proxyListing
	proxies, token, size, err := asked.of(s, in)
	if err != nil {
		return nil, err
	}
	if asked.DBProxyName == "" {
		return nil, invalid("DBProxyName is required")
	}
	type health struct {
		State, Reason, Description string `xml:",omitempty"`
	}
	type target struct {
		RdsResourceId, TrackedClusterId string `xml:",omitempty"`
		Type                            string
		TargetHealth                    *health
	}
	page, next, err := paged(proxies[0].Targets, token, size)
	out := struct {
		Targets []target `xml:"Targets>member"`
		Marker  string   `xml:",omitempty"`
	}{Marker: next}
	for _, t := range page {
		shown := target{RdsResourceId: t.ID, Type: "RDS_INSTANCE"}
		if t.Type == "TRACKED_CLUSTER" {
			shown = target{TrackedClusterId: t.ID, Type: t.Type}
		}
		if t.State != "" {
			shown.TargetHealth = &health{t.State, t.Reason, t.Description}
		}
		out.Targets = append(out.Targets, shown)
	}
	return out, err
}
