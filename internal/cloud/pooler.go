package cloud

import (
	"context"
	"time"
)

// Poolers knows the connection poolers a provider runs in front of databases.
type Poolers interface {
	// Pooler finds the one called name, or the one that answers at the host of
	// that name, as a connection string holds it.
	Pooler(ctx context.Context, name string) (Pooler, error)
	// Pinned returns how many sessions hold on to a server connection of their
	// own, one point a minute over the window that ends now, oldest first.
	Pinned(ctx context.Context, p Pooler, window time.Duration) (Series, error)
}

// Pooler is a connection pooler and the databases behind it.
type Pooler struct {
	ID      string
	State   State
	Status  string // the provider's own word
	Targets []Target
}

// Target is a database a pooler sends sessions to.
type Target struct {
	ID     string // instance or cluster
	State  State
	Status string // the provider's own word
	Reason string // why it is not available; "" when it is
}
