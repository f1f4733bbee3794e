package seglog

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
)

var crashes = flag.Uint64("crashes", 3000, "how many random logs live and die on a disk that fails")

// A called is a call of Append of which something is known.
type called struct {
	records []string
	sure    bool // it was acknowledged, or seen when the log was opened
	cut     bool // it may have been let go of
}

// A history is what the processes that had a log know of it, one after another.
type history struct {
	calls []called
	next  int // the number of the next call
}

// explains returns which of the calls make up all that a log holds; ok is false if
// none do.
func (h *history) explains(got []string) (kept []called, ok bool) {
	for _, c := range h.calls {
		n := len(c.records)
		switch {
		case n <= len(got) && slices.Equal(got[:n], c.records):
			got, c.sure = got[n:], true
			kept = append(kept, c)
		case c.cut && !slices.ContainsFunc(kept, func(c called) bool { return c.sure }):
			c.sure = false // it is gone, and may come back until that is durable
			kept = append(kept, c)
		case c.sure:
			return nil, false
		}
	}
	return kept, len(got) == 0
}

// open opens the log and checks that it holds what is known. It may fail, unless
// the disk is well.
func (h *history) open(t *testing.T, what string, d disk.Folder, well bool) *Log {
	t.Helper()
	l, torn, err := Open(d, small)
	if err != nil && !well && !errors.Is(err, fault.Corrupt) {
		return nil
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got, err := read(l, l.Stats().First)
	if err != nil && !well && !errors.Is(err, fault.Corrupt) {
		_ = l.Close()
		return nil
	}
	kept, ok := h.explains(got)
	if err != nil || !ok {
		t.Fatalf("%s: got %q, %v, want of %v those that are sure; moved aside: %v", what, got, err, h.calls, torn)
	}
	h.calls = kept
	return l
}

// live appends, and goes on after an error, as long as the power is there.
func (h *history) live(t *testing.T, l *Log, r *rand.Rand) {
	t.Helper()
	defer func() { _ = l.Close() }()
	for range r.IntN(30) {
		var records []string
		for n := range 1 + r.IntN(3) {
			records = append(records, fmt.Sprintf("%d.%d%s", h.next, n, strings.Repeat("x", r.IntN(200))))
		}
		h.next++
		at, err := l.Append(t.Context(), bytesOf(records)...)
		if err == nil || errors.Is(err, fault.Unknown) || errors.Is(err, disktest.ErrStopped) {
			h.calls = append(h.calls, called{records: records, sure: err == nil})
		}
		if errors.Is(err, disktest.ErrStopped) {
			return
		}
		if err == nil && r.IntN(8) == 0 {
			h.cut(l, at)
		}
	}
}

// cut lets go of all but the last call.
func (h *history) cut(l *Log, at Position) {
	for i := range h.calls[:len(h.calls)-1] {
		h.calls[i].cut = true
	}
	_ = l.Cut(at) // what is not cut is still there
}

// ail makes a disk fail, by chance.
func ail(d *disktest.Disk, r *rand.Rand) {
	if r.IntN(2) == 0 {
		d.FailSync(r.IntN(12))
	}
	if r.IntN(2) == 0 {
		d.FailFolderSync(r.IntN(5))
	}
	if r.IntN(4) > 0 {
		d.StopAt(1 + r.IntN(80))
	}
}

// TestWhatALogShowsStays has processes be killed and the power go, one after the
// other, while the disk fails: whatever was acknowledged to one of them, or shown
// to it, is there for the next, and what was not does not come back.
func TestWhatALogShowsStays(t *testing.T) {
	for seed := range *crashes {
		r := rand.New(rand.NewPCG(seed, 1))
		d := disktest.New(seed)
		var h history
		what := fmt.Sprint("seed ", seed)
		for range 5 {
			ail(d, r)
			if l := h.open(t, what, d.Folder("log"), false); l != nil {
				h.live(t, l, r)
			}
			if r.IntN(3) > 0 {
				what, d = what+", killed", d.Kill()
			} else {
				what, d = what+", crashed", d.Crash()
			}
		}
		if l := h.open(t, what, d.Folder("log"), true); l != nil {
			_ = l.Close()
		}
	}
}

// TestWhatAKilledProcessLeftIsDurableOnceItIsShown kills a process at each
// operation, while a sync fails or not. What the next one shows must be durable,
// whether that one appends or not.
func TestWhatAKilledProcessLeftIsDurableOnceItIsShown(t *testing.T) {
	whole := disktest.New(0)
	play(t, whole.Folder("log"))
	for op := 1; op <= whole.Done(); op++ {
		for seed := range uint64(24) {
			d := disktest.New(seed)
			d.StopAt(op)
			if seed%3 > 0 {
				d.FailSync(max(0, op/3-int(seed)))
			}
			play(t, d.Folder("log"))
			what := fmt.Sprintf("killed at operation %d, seed %d", op, seed)
			d = d.Kill()
			l, _, err := Open(d.Folder("log"), small)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			from := l.Stats().First
			shown, err := read(l, from)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if seed%2 == 0 {
				appendTo(t, l, "more")
				shown = append(shown, "more")
			}
			after := d.Crash()
			_ = l.Close()
			third := open(t, after.Folder("log"), small)
			if got, err := read(third, from); err != nil || !slices.Equal(got, shown) {
				t.Fatalf("%s: the second process showed %q, the third %q, %v", what, shown, got, err)
			}
		}
	}
}
