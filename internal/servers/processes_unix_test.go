//go:build unix

package servers

import (
	"errors"
	"syscall"
	"testing"
	"time"
)

// processesOf are all processes of s, those too that its own have started.
func processesOf(t *testing.T, s *Server) []int {
	t.Helper()
	var all []int
	for _, c := range s.node.children {
		processes, err := tree(c.pid)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, processes...)
	}
	return all
}

// wantGone holds that none of the processes is there.
func wantGone(t *testing.T, processes []int) {
	t.Helper()
	for _, pid := range processes {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there at %v: %v", pid, time.Now(), err)
		}
	}
}
