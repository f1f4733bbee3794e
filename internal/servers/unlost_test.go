package servers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// written is what writers were told, and what they do not know.
type written struct {
	mu           sync.Mutex // guards the fields below
	acknowledged []int
	unknown      []int // what was being written when the server died
}

// killAmidWrites has four writers write until it has killed s, and starts s
// again. write stores the record of a number and returns nil when the server has
// acknowledged it.
func killAmidWrites(t *testing.T, s *Server, write func(ctx context.Context, number int) error) *written {
	t.Helper()
	const writers, enough = 4, 200
	var w written
	reached := make(chan struct{})
	killed := make(chan struct{})
	var group sync.WaitGroup
	for first := range writers {
		group.Go(func() {
			for number := first; ; number += writers {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				err := write(ctx, number)
				cancel()
				w.mu.Lock()
				if err != nil {
					w.unknown = append(w.unknown, number)
				} else if w.acknowledged = append(w.acknowledged, number); len(w.acknowledged) == enough {
					close(reached)
				}
				w.mu.Unlock()
				if err == nil {
					continue
				}
				select {
				case <-reached: // the server may be dead before we know
				case <-killed:
				default:
					t.Errorf("write %d before the server was killed: %v", number, err)
				}
				return
			}
		})
	}
	ended := make(chan struct{})
	go func() { group.Wait(); close(ended) }()
	select {
	case <-reached:
	case <-ended:
	}
	processes := processesOf(t, s)
	s.Kill()
	wantGone(t, processes)
	close(killed)
	<-ended
	began := time.Now()
	s.Restart()
	t.Logf("killed with %d processes, answers again after %v", len(processes), time.Since(began).Round(time.Millisecond))
	return &w
}

// check compares what was read back with what was written.
func (w *written) check(t *testing.T, found []int) {
	t.Helper()
	slices.Sort(found)
	once := slices.Compact(slices.Clone(found))
	if len(once) != len(found) {
		t.Errorf("%d records are there more than once", len(found)-len(once))
	}
	lost, landed := 0, 0
	for _, number := range w.acknowledged {
		if _, there := slices.BinarySearch(once, number); !there {
			lost++
		}
	}
	for _, number := range w.unknown {
		if _, there := slices.BinarySearch(once, number); there {
			landed++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged records are lost", lost, len(w.acknowledged))
	}
	if strange := len(once) - (len(w.acknowledged) - lost) - landed; strange != 0 {
		t.Errorf("%d records are there that nobody wrote", strange)
	}
	t.Logf("%d acknowledged, all there: %t; %d unknown, %d of them there; %d doubled",
		len(w.acknowledged), lost == 0, len(w.unknown), landed, len(found)-len(once))
}

// freezeAndThaw shows that call takes until its context ends while s is frozen,
// and succeeds before and after.
func freezeAndThaw(t *testing.T, s *Server, call func(ctx context.Context) error) {
	t.Helper()
	if err := call(t.Context()); err != nil {
		t.Fatalf("before: %v", err)
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	err := call(ctx)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took < 900*time.Millisecond {
		t.Errorf("frozen: got %v after %v, want %v after a second", err, took, context.DeadlineExceeded)
	}
	s.Thaw()
	if err := call(t.Context()); err != nil {
		t.Errorf("thawed: %v", err)
	}
}
