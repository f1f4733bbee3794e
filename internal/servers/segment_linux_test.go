package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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

// TestAPostgreSQLThatStartsHasItsSegmentForgotten is about one that is killed
// before it is ready.
func TestAPostgreSQLThatStartsHasItsSegmentForgotten(t *testing.T) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 1, unix.IPC_CREAT|0o600)
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	f := func(more string, wantErr bool) {
		t.Helper()
		text := fmt.Sprintf("1\n%s\n2\n3\n\n127.0.0.1\n%s", data, more)
		writeFile(t, filepath.Join(data, postmasterFile), text, 0o600)
		if err := forgetSegment(data); (err != nil) != wantErr {
			t.Errorf("%q: got %v, want an error: %v", more, err, wantErr)
		}
	}
	f("", true) // it has made none yet
	f(fmt.Sprintf("  0  %d\n", id), true)
	if _, err := unix.SysvShmAttach(id, 0, 0); err == nil {
		t.Error("the segment of a server that starts is still there")
	}
	f(fmt.Sprintf("  0  %d\nstarting\n", id), true)
	f(fmt.Sprintf("  0  %d\nready   \n", id), false)
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
