package pgserver

import "syscall"

// dieWithParent has the kernel tell the process to quit at once, without a
// last checkpoint, when the thread that started it ends.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGQUIT
}
