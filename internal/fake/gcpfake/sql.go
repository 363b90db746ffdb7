package gcpfake

import (
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"time"
)

// Instance is a Cloud SQL instance in the words of the Admin API; zero fields
// are left out of its answers as Google leaves them out.
type Instance struct {
	Kind               string           `json:"kind"`
	Project            string           `json:"project"`
	Name               string           `json:"name"`
	Region             string           `json:"region"`
	ConnectionName     string           `json:"connectionName"`
	SelfLink           string           `json:"selfLink"`
	DatabaseVersion    string           `json:"databaseVersion"`
	BackendType        string           `json:"backendType"`
	InstanceType       string           `json:"instanceType"`
	State              string           `json:"state"`
	SuspensionReason   []string         `json:"suspensionReason,omitempty"`
	OutOfDiskReport    *OutOfDiskReport `json:"outOfDiskReport,omitempty"`
	MasterInstanceName string           `json:"masterInstanceName,omitempty"`
	ReplicaNames       []string         `json:"replicaNames,omitempty"`
	DNSName            string           `json:"dnsName,omitempty"`
	IPAddresses        []IPMapping      `json:"ipAddresses,omitempty"`
	ServerCACert       *SSLCert         `json:"serverCaCert,omitempty"`
	Settings           *Settings        `json:"settings,omitempty"`
	ServerCerts        []SSLCert        `json:"-"` // listed apart, for instances that use a CA service
}

// OutOfDiskReport tells whether an instance was shut down to save its disk.
type OutOfDiskReport struct {
	State string `json:"sqlOutOfDiskState"`
}

// IPMapping is an address of an instance.
type IPMapping struct {
	Address string `json:"ipAddress"`
	Type    string `json:"type"`
}

// SSLCert is a certificate. Times are RFC 3339.
type SSLCert struct {
	Kind           string `json:"kind"`
	Instance       string `json:"instance"`
	CommonName     string `json:"commonName"`
	SerialNumber   string `json:"certSerialNumber"`
	SHA1           string `json:"sha1Fingerprint"`
	Cert           string `json:"cert,omitempty"`
	CreateTime     string `json:"createTime,omitempty"`
	ExpirationTime string `json:"expirationTime,omitempty"`
}

// Settings are what the owner of an instance chose. Sizes are in GiB.
type Settings struct {
	Kind                   string           `json:"kind"`
	Tier                   string           `json:"tier"`
	ActivationPolicy       string           `json:"activationPolicy,omitempty"`
	DataDiskSizeGB         int64            `json:"dataDiskSizeGb,omitempty,string"`
	StorageAutoResize      *bool            `json:"storageAutoResize,omitempty"`
	StorageAutoResizeLimit int64            `json:"storageAutoResizeLimit,omitempty,string"`
	ConnectorEnforcement   string           `json:"connectorEnforcement,omitempty"`
	IPConfiguration        *IPConfiguration `json:"ipConfiguration,omitempty"`
}

// IPConfiguration says how an instance is reached.
type IPConfiguration struct {
	IPv4Enabled        bool       `json:"ipv4Enabled"`
	PrivateNetwork     string     `json:"privateNetwork,omitempty"`
	AuthorizedNetworks []ACLEntry `json:"authorizedNetworks,omitempty"`
	SSLMode            string     `json:"sslMode,omitempty"`
	ServerCAMode       string     `json:"serverCaMode,omitempty"`
	PSCConfig          *PSCConfig `json:"pscConfig,omitempty"`
}

// PSCConfig is Private Service Connect.
type PSCConfig struct {
	Enabled  bool     `json:"pscEnabled"`
	Projects []string `json:"allowedConsumerProjects,omitempty"`
}

// ACLEntry is an authorized network. ExpirationTime is RFC 3339.
type ACLEntry struct {
	Kind           string `json:"kind"`
	Name           string `json:"name,omitempty"`
	Value          string `json:"value"`
	ExpirationTime string `json:"expirationTime,omitempty"`
}

// NewInstance returns a PostgreSQL instance that is up, reached by its private
// address only, with the settings a new one gets. It is in no State yet.
func NewInstance(project, name string) Instance {
	grow := true
	created := time.Now().AddDate(-1, 0, 0).UTC()
	fingerprint := sha1.Sum([]byte(project + ":" + name))
	return Instance{
		Kind:            "sql#instance",
		Project:         project,
		Name:            name,
		Region:          "europe-west1",
		ConnectionName:  project + ":europe-west1:" + name,
		SelfLink:        "https://sqladmin.googleapis.com/sql/v1beta4/projects/" + project + "/instances/" + name,
		DatabaseVersion: "POSTGRES_16",
		BackendType:     "SECOND_GEN",
		InstanceType:    "CLOUD_SQL_INSTANCE",
		State:           "RUNNABLE",
		IPAddresses:     []IPMapping{{Address: "10.20.0.3", Type: "PRIVATE"}},
		ServerCACert: &SSLCert{
			Kind: "sql#sslCert", Instance: name, SerialNumber: "0",
			CommonName:     `C=US,O=Google\, Inc,CN=Google Cloud SQL Server CA`,
			SHA1:           hex.EncodeToString(fingerprint[:]),
			CreateTime:     created.Format(time.RFC3339Nano),
			ExpirationTime: created.AddDate(10, 0, 0).Format(time.RFC3339Nano),
		},
		Settings: &Settings{
			Kind: "sql#settings", Tier: "db-custom-2-7680", ActivationPolicy: "ALWAYS",
			DataDiskSizeGB: 10, StorageAutoResize: &grow, ConnectorEnforcement: "NOT_REQUIRED",
			IPConfiguration: &IPConfiguration{
				PrivateNetwork: "projects/" + project + "/global/networks/default",
				SSLMode:        "ENCRYPTED_ONLY",
				ServerCAMode:   "GOOGLE_MANAGED_INTERNAL_CA",
			},
		},
	}
}

func (s *Server) getInstance(r *http.Request) (any, error) { return s.instance(r) }

func (s *Server) instance(r *http.Request) (Instance, error) {
	for _, i := range s.state.Instances {
		if i.Project == r.PathValue("project") && i.Name == r.PathValue("instance") {
			return i, nil
		}
	}
	return Instance{}, instanceDoesNotExist()
}

func (s *Server) listServerCas(r *http.Request) (any, error) {
	i, err := s.instance(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"kind":          "sql#instancesListServerCas",
		"activeVersion": i.ServerCACert.SHA1,
		"certs":         []*SSLCert{i.ServerCACert},
	}, nil
}

func (s *Server) listServerCertificates(r *http.Request) (any, error) {
	i, err := s.instance(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"kind":        "sql#instancesListServerCertificates",
		"caCerts":     []*SSLCert{i.ServerCACert},
		"serverCerts": i.ServerCerts,
	}, nil
}
