package cloud

import (
	"context"
	"time"
)

// Databases knows managed PostgreSQL instances.
type Databases interface {
	// Instance accepts every form in which deployment tools hand out an
	// instance's name, and fails with NotFound where there is no such instance.
	Instance(ctx context.Context, id string) (Instance, error)
}

// Instance is what a provider knows of a managed PostgreSQL instance. It holds
// all that the other questions about it need.
type Instance struct {
	ID      string // the identifier that metrics, logs and the provider's CLI use
	Account string // AWS account or Google Cloud project it is in; "" = the caller's own
	Cluster string // the cluster it belongs to; "" when it stands alone
	Engine  string // the provider's word: "postgres", "aurora-postgresql", "POSTGRES_16"
	Class   string // machine class: "db.t4g.micro", "db-custom-2-7680"

	State   State
	Status  string   // the provider's own words: "storage-full", "RUNNABLE, activation policy NEVER"
	Reason  string   // why it is in that state, where the provider says; one line
	Pending []string // names of the settings that wait to be applied, sorted; never their values

	Hosts  []string // names and addresses it is reached at, without those of a whole cluster
	Port   int      // 0 = the provider does not say
	Public Answer   // has it an address outside the private network

	Groups   []string // firewall groups attached to it
	Networks []Source // address ranges the instance itself admits

	Storage   Storage
	CA        string    // name of the authority of its certificate, "" = unknown
	Expires   time.Time // end of its server certificate, zero = unknown
	CAExpires time.Time // end of the authority's own certificate, zero = unknown
	LogExport Answer    // are its log lines sent to the provider's log service
	ReplicaOf string    // id of the instance it replicates, "" = none
	Replicas  []string  // ids of the instances that replicate it
}

// Storage is the disk of an instance.
type Storage struct {
	Bytes  int64 // allocated now; 0 = unknown, or Elastic
	Growth Growth
	Limit  int64 // bytes up to which an Autoscaled disk grows; 0 = the provider's own maximum
}

// Grows reports whether the disk will be enlarged before it is full.
func (s Storage) Grows() bool {
	return s.Growth == Elastic || s.Growth == Autoscaled && (s.Limit == 0 || s.Bytes < s.Limit)
}

// Growth tells what happens when a disk fills. The zero Growth is
// GrowthUnknown.
type Growth uint8

const (
	GrowthUnknown Growth = iota
	Fixed                // it fills up
	Autoscaled           // the provider enlarges it, up to a limit
	Elastic              // there is no allocated size
)

func (g Growth) String() string {
	switch g {
	case Fixed:
		return "fixed"
	case Autoscaled:
		return "autoscaled"
	case Elastic:
		return "elastic"
	}
	return "unknown"
}

// MarshalText writes what String returns.
func (g Growth) MarshalText() ([]byte, error) { return []byte(g.String()), nil }
