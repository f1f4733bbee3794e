package servers

import (
	"syscall"
	"testing"
)

func TestOrphansStayInTheTree(t *testing.T) {
	// Both sleepers lose their parents at once.
	c := shell(t, "(sleep 1000 &); (sleep 1000 &); read line < "+fifo(t))
	all := family(t, c.keeper.Process.Pid, 3)
	if err := c.kill(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range all[1:] {
		if alive(pid) {
			t.Errorf("process %d of %v is still there", pid, all)
		}
	}
}

func TestFreezeStopsEveryProcess(t *testing.T) {
	c := shell(t, "sleep 1000 & sh -c 'sleep 1000 & wait' & wait")
	all := family(t, c.pid, 3)
	states := func() string {
		var s []byte
		for _, pid := range all {
			_, state, err := parentOf(pid)
			if err != nil {
				t.Fatal(err)
			}
			s = append(s, state)
		}
		return string(s)
	}
	if err := c.freeze(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "all to stop", func() bool { return states() == "TTTT" })
	if err := c.thaw(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "all to go on", func() bool { return states() == "SSSS" })
}

func TestFreezeStopsOrphansToo(t *testing.T) {
	c := shell(t, "(sleep 1000 &); read line < "+fifo(t))
	all := family(t, c.keeper.Process.Pid, 2)
	if err := c.freeze(); err != nil {
		t.Fatal(err)
	}
	if err := c.awaitFrozen(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range all[1:] {
		if _, state, err := parentOf(pid); state != 'T' || err != nil {
			t.Errorf("process %d of %v is in state %c, %v", pid, all, state, err)
		}
	}
}

func TestAKilledKeeperTakesItsProgramAlong(t *testing.T) {
	c := shell(t, "sleep 1000 & wait")
	family(t, c.pid, 1)
	if err := syscall.Kill(c.keeper.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitGone(t, c)
	waitFor(t, "the program to die", func() bool { return !alive(c.pid) })
}
