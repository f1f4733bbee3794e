package servers

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNoSecretIsAnArgument looks through the list of all processes, as any user
// of the machine may.
func TestNoSecretIsAnArgument(t *testing.T) {
	for name, open := range alone {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			names, err := filepath.Glob("/proc/[0-9]*/cmdline")
			if err != nil || len(names) < 2 {
				t.Fatalf("got %d processes and %v", len(names), err)
			}
			seen := false
			for _, name := range names {
				arguments, err := os.ReadFile(name)
				if err != nil {
					continue // it has ended
				}
				seen = seen || bytes.Contains(arguments, []byte(s.Addr))
				for _, secret := range []string{s.Password, s.Token} {
					if secret != "" && bytes.Contains(arguments, []byte(secret)) {
						t.Errorf("%s shows a secret", strings.ReplaceAll(string(arguments), "\x00", " "))
					}
				}
			}
			if s.Engine.Name != "InfluxDB 1" && !seen { // which has its address in a file
				t.Error("the server is not among the processes")
			}
		})
	}
}

// TestKillLeavesNoProcess counts what a server is made of, and what is left.
func TestKillLeavesNoProcess(t *testing.T) {
	for name, open := range alone {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if s.node == nil {
				t.Skipf("the server is the one that %s names", s.Engine.Variable)
			}
			var pids []int
			memory := map[string]int{}
			for _, c := range s.node.children {
				all, err := tree(c.pid)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, all...)
				for _, pid := range all {
					memory[filepath.Base(c.order.Path)] += proportionalKiB(t, pid)
				}
			}
			t.Logf("%d processes, KiB of memory: %v", len(pids), memory)
			s.Kill()
			for _, pid := range pids {
				if _, err := os.Stat("/proc/" + strconv.Itoa(pid)); err == nil {
					t.Errorf("process %d is still there", pid)
				}
			}
		})
	}
}

// proportionalKiB is the memory of a process, with its part of what it shares:
// PostgreSQL's processes share most of theirs.
func proportionalKiB(t *testing.T, pid int) int {
	t.Helper()
	rollup, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0 // a process of another user, or one that has ended
	}
	for line := range strings.Lines(string(rollup)) {
		if rest, found := strings.CutPrefix(line, "Pss:"); found {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	return 0
}
