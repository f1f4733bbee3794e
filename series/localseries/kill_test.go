package localseries

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

var kills = flag.Int("kills", 12, "how often TestKillLosesNothing kills a process")

// The environment of the process that is killed: its folder, the seed of its
// steps, and the first of them.
const (
	childFolder = "REDFIRE_TEST_CHILD_FOLDER"
	childFirst  = "REDFIRE_TEST_CHILD_FIRST"
)

// killSeed is that of the steps.
const killSeed = 7

// TestMain is the process that is killed, if it is told so.
func TestMain(m *testing.M) {
	flag.Parse()
	if folder := os.Getenv(childFolder); folder != "" {
		if err := child(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child does steps until it is killed, and says after each that it is done.
func child(folder string) error {
	first, err := strconv.Atoi(os.Getenv(childFirst))
	if err != nil {
		return err
	}
	e, err := NewEngine(folder, crashing)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for i := first; ; i++ {
		if err := randomStep(killSeed, i).do(ctx, e); err != nil {
			return err
		}
		if _, err := fmt.Println(i); err != nil {
			return err
		}
	}
}

func TestKillLosesNothing(t *testing.T) {
	folder := t.TempDir()
	oracle := memseries.NewEngine()
	r := rand.New(rand.NewPCG(3, 3))
	done, slowest := 0, time.Duration(0)
	for n := range *kills {
		acked := killChild(t, folder, done, time.Duration(r.IntN(60_000))*time.Microsecond)
		for ; done < acked; done++ {
			do(t, oracle, randomStep(killSeed, done))
		}
		began := time.Now()
		e, err := NewEngine(folder, crashing)
		if err != nil {
			t.Fatalf("kill %d, after %d calls: %v", n, done, err)
		}
		slowest = max(slowest, time.Since(began))
		if got := contents(t, e); got != contents(t, oracle) {
			before := contents(t, oracle)
			do(t, oracle, randomStep(killSeed, done))
			done++
			if after := contents(t, oracle); got != after {
				t.Fatalf("kill %d: after %d calls got\n%s\nwant\n%s\nor, with %s,\n%s", n, done-1, got, before, randomStep(killSeed, done-1).name, after)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills after %d calls in all; opening took %v at most", *kills, done, slowest)
}

func do(t *testing.T, e series.Engine, s step) {
	t.Helper()
	if err := s.do(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// killChild starts a process that goes on with a step, kills it when it has
// worked for a while, and returns how many steps are done.
func killChild(t *testing.T, folder string, first int, after time.Duration) int {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childFolder+"="+folder, fmt.Sprint(childFirst, "=", first))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	done := first
	for lines.Scan() {
		if done == first {
			time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			break // half of a line
		}
		done = n + 1
	}
	if err := c.Wait(); err == nil || done == first {
		t.Fatalf("the process did %d steps and ended with %v, not by being killed", done-first, err)
	}
	return done
}

func TestAFolderThatIsOpenIsHeld(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, nil); !errors.Is(err, fault.DiskHeld) || !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want fault.DiskHeld", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(folder, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
