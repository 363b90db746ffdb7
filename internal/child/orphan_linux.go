package child

import "syscall"

// dieWithParent has the kernel ask the command to end when this process was
// killed: nobody is left to ask it.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGTERM
}
