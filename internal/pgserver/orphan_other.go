//go:build !linux

package pgserver

import "syscall"

// dieWithParent does nothing: this system has no such signal. A server whose
// owner was killed lives until the next start sweeps its folder; a server
// looks for its lock file once a minute and quits when it is gone.
func dieWithParent(*syscall.SysProcAttr) {}
