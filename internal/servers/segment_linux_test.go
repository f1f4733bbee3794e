package servers

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestAKilledPostgreSQLLeavesNoSharedMemory kills it twice, since the second one
// starts beside what the first left.
func TestAKilledPostgreSQLLeavesNoSharedMemory(t *testing.T) {
	for _, r := range []recipe{postgres{}, mongoDB{}} {
		t.Run(r.engine().Name, func(t *testing.T) { leavesNoSharedMemory(t, own(t, r)) })
	}
}

// leavesNoSharedMemory is about a server whose first process is PostgreSQL.
func leavesNoSharedMemory(t *testing.T, s *Server) {
	t.Helper()
	var creators []string
	for range 2 {
		s.Restart()
		creator := strconv.Itoa(s.node.children[0].pid)
		creators = append(creators, creator)
		if !slices.Contains(segmentCreators(t), creator) {
			t.Error("a server that runs has none: this test sees nothing")
		}
		s.Kill()
	}
	for _, creator := range segmentCreators(t) {
		if slices.Contains(creators, creator) {
			t.Errorf("process %s is gone and its segment is not", creator)
		}
	}
}

// segmentCreators are the processes that made the segments of this machine.
func segmentCreators(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	const creator = 4
	for line := range strings.Lines(string(b)) {
		all = append(all, strings.Fields(line)[creator])
	}
	return all
}
