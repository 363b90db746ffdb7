//go:build !linux

package diag

import "syscall"

// dieWithParent asks for nothing where the system offers nothing: a child whose
// parent is gone ends when it next prints.
func dieWithParent() *syscall.SysProcAttr { return nil }
