//go:build unix && !linux

package servers

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing: only Linux can. The keeper sees to it as long as
// it lives.
func dieWithParent(*syscall.SysProcAttr) {}

// adoptOrphans does nothing: only Linux can.
func adoptOrphans() error { return nil }

// tree returns pid and all that descends from it, parents first.
func tree(pid int) ([]int, error) {
	out, err := exec.CommandContext(context.Background(), "ps", "-axo", "pid=,ppid=,stat=").Output()
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for line := range strings.Lines(string(out)) {
		var p, parent int
		var state string
		if _, err := fmt.Sscan(line, &p, &parent, &state); err != nil {
			return nil, fmt.Errorf("ps says %q: %w", line, err)
		}
		if !strings.HasPrefix(state, "Z") {
			children[parent] = append(children[parent], p)
		}
	}
	return descend(pid, children), nil
}

// isStopped reports whether pid is stopped. What has ended does not run either.
func isStopped(pid int) bool {
	out, err := exec.CommandContext(context.Background(), "ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err != nil || strings.HasPrefix(string(out), "T") || strings.HasPrefix(string(out), "Z")
}
