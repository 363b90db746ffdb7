package pgserver

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is whom the server runs as. PostgreSQL refuses to run as root.
type account struct {
	current  bool // this process's own account
	name     string
	uid, gid uint32
}

// unprivileged is the current account, or for root one that can own little
// else: postgres where a package made it, nobody everywhere.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{current: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("account %s: user id %q: %w", name, u.Uid, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("account %s: group id %q: %w", name, u.Gid, err)
		}
		return account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and there is no account postgres or nobody")
}

// attributes start a process as this account, in a process group of its own: a
// Ctrl-C is for whoever uses the server, not for the server. Where the kernel
// can tell, the process ends with the thread that started it.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if !a.current {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	dieWithParent(attr)
	return attr
}
