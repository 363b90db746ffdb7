// Package scratch lends a temporary folder that does not outlive its owner for
// long: the folder of a run that was killed is removed by the next run.
//
// The owner is told by a lock the kernel drops when the owner dies, not by a
// process id: ids are used again, and differ between containers that share a
// temporary folder. The package does not guard what is inside a folder.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Dir is a temporary folder and the lock that says it is in use.
type Dir struct {
	// Path is absolute. Every user may pass through the folder, so that a
	// server run as another user reaches what it owns below; only the owner
	// may list or write it.
	Path string

	lock *os.File
}

// New makes a folder below os.TempDir whose name begins with prefix, and first
// removes the folders of that prefix whose owners are dead. The caller ends it
// with Remove.
func New(prefix string) (*Dir, error) {
	root, err := filepath.Abs(os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	sweep(root, prefix)
	for {
		path, err := os.MkdirTemp(root, prefix+"-*")
		if err != nil {
			return nil, fmt.Errorf("making a temporary folder: %w", err)
		}
		lock, err := claim(path)
		if err == nil {
			return &Dir{Path: path, lock: lock}, os.Chmod(path, 0o711)
		}
		// Another run's sweep may take a folder in the instant before it is
		// locked; that folder is gone or going, a new one is due.
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), os.Remove(path))
		}
	}
}

// Remove deletes the folder with all it holds and gives up the lock. A second
// call does nothing.
func (d *Dir) Remove() error {
	err := os.RemoveAll(d.Path)
	d.lock.Close()
	return err
}

// sweep removes what dead owners left. It is a courtesy: a folder that cannot
// be removed, such as another user's, is no reason not to begin.
func sweep(root, prefix string) {
	abandoned, err := filepath.Glob(filepath.Join(root, prefix+"-*"))
	if err != nil {
		return
	}
	for _, path := range abandoned {
		if lock, err := claim(path); err == nil {
			os.RemoveAll(path)
			lock.Close()
		}
	}
}

// claim locks the folder at path, which stays locked until the file returned
// is closed or the process ends. The error is os.ErrNotExist when the folder
// went away while it was being locked, syscall.EWOULDBLOCK when it is locked.
func claim(path string) (*os.File, error) {
	lock, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if _, err := os.Stat(path); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}
