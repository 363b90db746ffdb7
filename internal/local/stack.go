// Package local is the embedded default stack: a real PostgreSQL, an HTTPS API
// and the control plane of a provider on loopback, the outputs by which they are
// found, and the faults that break them. It knows which page a fault is meant to turn red, by name only;
// it judges nothing.
package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"runbook/internal/ca"
	"runbook/internal/fake"
	"runbook/internal/pgserver"
	"runbook/internal/scratch"
)

const (
	address = "127.0.0.1"
	// apiHost is the name that the API's addresses share; curl and browsers take any
	// name below localhost for this machine (RFC 6761, 6.3).
	apiHost = "api.localhost"
	// appOrigin is where the pages that call the API would be.
	appOrigin = "https://app.localhost"
	// startLimit is far above the two seconds a start takes, for a first run
	// that downloads PostgreSQL.
	startLimit = 2 * time.Minute
)

// Options says what stack to start.
type Options struct {
	Fault   string // the name of one of Faults; empty: a good day
	Flavour string // one of Flavours; empty: the first
}

// Stack is a running local stack.
type Stack struct {
	PostgreSQL string // version of the server, such as "15.18"

	folder   *scratch.Dir
	database *pgserver.Server
	api      *fake.API
	plane    plane
	// An authority each: what one of them vouches for says nothing of the other.
	databaseCA, apiCA       *ca.Authority
	appPassword             string
	monitorPassword         string
	settings                []string  // of the fault
	certificateEnds         time.Time // the database's, at its start
	databaseCAFile, apiFile string
	releases                []func() error // of what faults hold, last first
}

// Start brings the stack up, breaks it by the fault asked for, and returns when
// both are done. The caller ends it with Stop. An unknown fault is an
// UnknownFaultError, before anything has started.
func Start(ctx context.Context, o Options) (*Stack, error) {
	flavour := cmp.Or(o.Flavour, Flavours[0])
	fault, err := find(o.Fault, flavour)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	s, err := prepare()
	if err != nil {
		return nil, err
	}
	var databaseErr, apiErr error
	var parts sync.WaitGroup
	parts.Go(func() { databaseErr = s.startDatabase(ctx) })
	parts.Go(func() { apiErr = s.startAPI() })
	parts.Wait()
	err = errors.Join(databaseErr, apiErr)
	if err == nil {
		err = s.startPlane(flavour)
	}
	if err == nil {
		err = s.suffer(ctx, fault)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop takes everything down and removes every file. A second call does
// nothing.
func (s *Stack) Stop() error {
	var errs []error
	for _, release := range slices.Backward(s.releases) {
		errs = append(errs, release())
	}
	s.releases = nil
	if s.api != nil {
		errs = append(errs, s.api.Close())
	}
	if s.database != nil {
		errs = append(errs, s.database.Stop())
	}
	return errors.Join(append(errs, s.folder.Remove())...)
}

// prepare makes the folder and the authorities, of which clients are told by
// file.
func prepare() (_ *Stack, err error) {
	folder, err := scratch.New("runbook-local")
	if err != nil {
		return nil, err
	}
	s := &Stack{
		folder: folder,
		// What a generated password may hold, and a URL must escape.
		appPassword:     rand.Text() + `@ / % + " &` + rand.Text(),
		monitorPassword: rand.Text() + `@ / % + " &` + rand.Text(),
		databaseCAFile:  filepath.Join(folder.Path, "database-ca.pem"),
		apiFile:         filepath.Join(folder.Path, "api-ca.pem"),
	}
	if s.databaseCA, err = authority("local database authority", s.databaseCAFile); err == nil {
		s.apiCA, err = authority("local API authority", s.apiFile)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func authority(name, file string) (*ca.Authority, error) {
	a, err := ca.New(name)
	if err != nil {
		return nil, err
	}
	return a, os.WriteFile(file, a.PEM(), 0o644)
}

func (s *Stack) startAPI() error {
	pair, err := s.apiCA.Issue(ca.Request{Hosts: []string{apiHost, address}})
	if err != nil {
		return err
	}
	certificate, err := pair.TLS()
	if err != nil {
		return err
	}
	if s.api, err = fake.StartAPI(certificate); err == nil {
		s.api.Share(fake.AllowOrigin(appOrigin))
	}
	return err
}

// suffer breaks the stack as the fault says; without one it does nothing.
func (s *Stack) suffer(ctx context.Context, fault Fault) error {
	if fault.apply == nil {
		return nil
	}
	s.settings = fault.settings
	if err := fault.apply(ctx, s); err != nil {
		return fmt.Errorf("fault %s: %w", fault.Name, err)
	}
	return nil
}
