package servers

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// dieWithParent has the system kill the program when its keeper ends.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// adoptOrphans makes this process the parent of whatever loses its parent among
// its descendants, so that all stay in its tree.
func adoptOrphans() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// tree returns pid and all that descends from it, parents first. Groups and
// sessions tell less: each backend of PostgreSQL is a session of its own.
func tree(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, e := range entries {
		p, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		parent, state, err := parentOf(p)
		if err != nil {
			return nil, err
		}
		if state != 'Z' {
			children[parent] = append(children[parent], p)
		}
	}
	return descend(pid, children), nil
}

// isStopped reports whether no thread of pid runs. What has ended does not.
func isStopped(pid int) bool {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "stat"))
	if err != nil {
		return false // the pattern is well formed
	}
	for _, thread := range threads {
		_, state, err := parentIn(thread)
		if err != nil || !strings.ContainsRune("TtZX", rune(state)) {
			return false
		}
	}
	return true
}

// parentOf is the parent of pid, and the state of its first thread.
func parentOf(pid int) (parent int, state byte, err error) {
	return parentIn(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
}

// parentIn reads "PID (NAME) STATE PARENT ...", where the name may hold
// anything. One that has ended meanwhile is told as a zombie.
func parentIn(stat string) (parent int, state byte, err error) {
	b, err := os.ReadFile(stat)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return 0, 'Z', nil
	}
	if err != nil {
		return 0, 0, err
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 2 {
		return 0, 'Z', nil
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return parent, fields[0][0], err
}
