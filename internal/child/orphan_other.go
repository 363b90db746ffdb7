//go:build !linux

package child

import "syscall"

// dieWithParent does nothing: this system has no such signal, and a command
// outlives a killed parent.
func dieWithParent(*syscall.SysProcAttr) {}
