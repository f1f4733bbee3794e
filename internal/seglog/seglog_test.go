package seglog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
)

// small makes segments of a few groups.
var small = &Options{SegmentBytes: 400, Floor: 1, Reserve: 1}

func open(t testing.TB, d disk.Folder, opts *Options) *Log {
	t.Helper()
	l, torn, err := Open(d, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(torn) > 0 {
		t.Fatalf("got %v moved aside, want nothing", torn)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func appendTo(t testing.TB, l *Log, records ...string) Position {
	t.Helper()
	at, err := l.Append(t.Context(), bytesOf(records)...)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func bytesOf(records []string) [][]byte {
	all := make([][]byte, len(records))
	for i, r := range records {
		all[i] = []byte(r)
	}
	return all
}

// read returns the records from a position on.
func read(l *Log, from Position) (all []string, err error) {
	for r, err := range l.Read(context.Background(), from) {
		if err != nil {
			return all, err
		}
		all = append(all, string(r.Data))
	}
	return all, nil
}

func want(t testing.TB, l *Log, from Position, records ...string) {
	t.Helper()
	got, err := read(l, from)
	if err != nil || !slices.Equal(got, records) {
		t.Errorf("from %d: got %q, %v, want %q", from, got, err, records)
	}
}

func TestRecordsComeBackInOrderFromAnyPosition(t *testing.T) {
	d, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, d, small)
	want(t, l, 0)
	var at []Position
	var all []string
	for i := range 30 {
		a, b := fmt.Sprint("a", i), strings.Repeat("b", 50+i)
		p := appendTo(t, l, a, b)
		at = append(at, p, p+Size([]byte(a)))
		all = append(all, a, b)
	}
	check := func(l *Log) {
		t.Helper()
		want(t, l, 0, all...)
		for i, p := range at {
			want(t, l, p, all[i:]...)
		}
		want(t, l, l.Stats().End)
	}
	check(l)
	if n := l.Stats().Segments; n < 5 {
		t.Errorf("got %d segments, want several", n)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	l = open(t, d, small)
	check(l)
	for r, err := range l.Read(t.Context(), at[1]) {
		if err != nil || r.At != at[1] || string(r.Data) != all[1] {
			t.Errorf("got %q at %d, %v, want %q at %d", r.Data, r.At, err, all[1], at[1])
		}
		break
	}
}

func TestCutLetsGoOfWholeFiles(t *testing.T) {
	d := disktest.New(1).Folder("log")
	l := open(t, d, small)
	var at []Position
	var all []string
	for i := range 20 {
		all = append(all, fmt.Sprint("record ", i, strings.Repeat(".", 60)))
		at = append(at, appendTo(t, l, all[i]))
	}
	if err := l.Cut(at[10]); err != nil {
		t.Fatal(err)
	}
	first := l.Stats().First
	if first == 0 || first > at[10] {
		t.Errorf("after a cut before %d the log begins at %d", at[10], first)
	}
	want(t, l, at[10], all[10:]...)
	if _, err := read(l, 0); !errors.Is(err, fault.DiskCut) || !errors.Is(err, fault.NotFound) {
		t.Errorf("what was cut away: got %v, want fault.DiskCut", err)
	}
	if _, err := read(l, l.Stats().End+1); !errors.Is(err, fault.DiskCut) {
		t.Errorf("what is yet to come: got %v, want fault.DiskCut", err)
	}
	if err := l.Cut(1 << 60); err != nil || l.Stats().Segments != 1 {
		t.Errorf("a cut of all leaves %d segments, %v, want 1", l.Stats().Segments, err)
	}
	before := l.Stats()
	if _, err := l.Append(t.Context(), make([]byte, 2*smallSegment)); err != nil {
		t.Fatal(err)
	}
	if err := l.Cut(l.Stats().End); err != nil || l.Stats().Segments != 1 || l.Stats().First != l.Stats().End {
		t.Errorf("a cut of all, which is large, leaves %+v, %v, after %+v", l.Stats(), err, before)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, d, small)
	end := l.Stats().End
	want(t, l, appendTo(t, l, "x"), "x")
	if l.Stats().End <= end {
		t.Errorf("positions begin again: %d after %d", l.Stats().End, end)
	}
}

func TestACallIsRefusedForWhatIsWrongWithIt(t *testing.T) {
	l := open(t, disktest.New(1).Folder("log"), nil)
	f := func(name string, code fault.Code, records ...[]byte) {
		t.Helper()
		if _, err := l.Append(t.Context(), records...); !errors.Is(err, code) {
			t.Errorf("%s: got %v, want %s", name, err, code)
		}
	}
	f("no record", fault.DiskTooLarge)
	f("an empty record", fault.DiskTooLarge, []byte("a"), nil)
	f("a record that is too large", fault.DiskTooLarge, make([]byte, MaxRecord+1))
	half := make([]byte, MaxRecord)
	f("a call that is too large", fault.DiskTooLarge, half, half)
	want(t, l, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Append(ctx, []byte("a")); !errors.Is(err, context.Canceled) || errors.Is(err, fault.Unknown) {
		t.Errorf("a context that ended: got %v, want context.Canceled alone", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f("after Close", fault.DiskClosed, []byte("a"))
	if _, err := read(l, 0); !errors.Is(err, fault.Closed) {
		t.Errorf("a read after Close: got %v, want fault.Closed", err)
	}
}

// gate is a folder whose files wait in Sync while it is shut.
type gate struct {
	disk.Folder
	mu      sync.Mutex // held while the gate is shut
	waiting chan struct{}
}

type gateFile struct {
	disk.File
	gate *gate
}

func (g *gate) Create(name string) (disk.File, error) {
	f, err := g.Folder.Create(name)
	return gateFile{f, g}, err
}

func (f gateFile) Sync() error {
	select {
	case f.gate.waiting <- struct{}{}:
	default:
	}
	f.gate.mu.Lock()
	defer f.gate.mu.Unlock()
	return f.File.Sync()
}

func TestCallersThatWaitShareASyncAndMayLeave(t *testing.T) {
	g := &gate{Folder: disktest.New(1).Folder("log"), waiting: make(chan struct{})}
	l := open(t, g, &Options{QueueBytes: 1000})
	g.mu.Lock()
	var calls sync.WaitGroup
	calls.Go(func() { appendTo(t, l, "first") })
	<-g.waiting // in its Sync
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 3)
	for range cap(errs) {
		calls.Go(func() {
			_, err := l.Append(ctx, []byte("given up"))
			errs <- err
		})
	}
	for n := range 10 {
		calls.Go(func() { appendTo(t, l, fmt.Sprint(n, strings.Repeat(".", 200))) }) // more than the queue holds
	}
	cancel()
	for range cap(errs) {
		if err := <-errs; !errors.Is(err, context.Canceled) || errors.Is(err, fault.Unknown) {
			t.Errorf("a call that waits: got %v, want context.Canceled alone", err)
		}
	}
	g.mu.Unlock()
	calls.Wait()
	got, err := read(l, 0)
	if err != nil || len(got) != 11 || got[0] != "first" {
		t.Errorf("got %d records, %v, want 11", len(got), err)
	}
	if s := l.Stats(); s.Calls != 11 || s.Groups >= 11 {
		t.Errorf("got %d calls in %d groups, want fewer groups than 11 calls", s.Calls, s.Groups)
	}
}

func TestACallThatIsLeftWhileItIsWrittenIsUnknown(t *testing.T) {
	g := &gate{Folder: disktest.New(1).Folder("log"), waiting: make(chan struct{})}
	l := open(t, g, nil)
	g.mu.Lock()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := l.Append(ctx, []byte("left"))
		left <- err
	}()
	<-g.waiting
	cancel()
	if err := <-left; !errors.Is(err, fault.Unknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want fault.Unknown and context.Canceled", err)
	}
	g.mu.Unlock()
	appendTo(t, l, "next")
	want(t, l, 0, "left", "next")
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	d := disktest.New(1).Folder("log")
	l := open(t, d, &Options{SegmentBytes: 4000, QueueBytes: 3000})
	const writers, calls = 32, 40
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range calls {
				b := binary.LittleEndian.AppendUint32(nil, uint32(w))
				b = binary.LittleEndian.AppendUint32(b, uint32(n))
				if _, err := l.Append(t.Context(), b, b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	for range 2 {
		reading.Go(func() {
			for seen := 0; seen < writers*calls*2; {
				got, err := read(l, 0)
				if err != nil || len(got) < seen || !inOrder(got) {
					t.Errorf("got %d records after %d, %v", len(got), seen, err)
					return
				}
				seen = len(got)
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := read(open(t, d, nil), 0)
	if err != nil || len(got) != writers*calls*2 || !inOrder(got) {
		t.Errorf("opened again: got %d records, %v, want %d in order", len(got), err, writers*calls*2)
	}
}

// inOrder reports whether each writer's records stand twice each, in its order.
func inOrder(records []string) bool {
	next := map[uint32]uint32{}
	for i := 0; i+1 < len(records); i += 2 {
		w, n := binary.LittleEndian.Uint32([]byte(records[i])), binary.LittleEndian.Uint32([]byte(records[i][4:]))
		if records[i] != records[i+1] || next[w] != n {
			return false
		}
		next[w]++
	}
	return len(records)%2 == 0
}

func TestBelowTheFloorOnlyReservedCallsGoOn(t *testing.T) {
	d := disktest.New(1)
	l := open(t, d.Folder("log"), &Options{Floor: 4000, Reserve: 1000})
	d.Limit(10_000)
	record := make([]byte, 1000)
	var err error
	n := 0
	for err == nil {
		_, err = l.Append(t.Context(), record)
		n++
	}
	if !errors.Is(err, fault.DiskFull) || !errors.Is(err, fault.Exhausted) || n < 5 || n > 7 {
		t.Errorf("call %d: got %v, want fault.DiskFull at the sixth or so", n, err)
	}
	for range 2 {
		if _, err = l.AppendReserved(t.Context(), record); err != nil {
			t.Errorf("a reserved call: %v", err)
		}
	}
	for err == nil {
		_, err = l.AppendReserved(t.Context(), record)
		n++
	}
	if !errors.Is(err, fault.DiskFull) || n > 12 {
		t.Errorf("reserved call %d: got %v, want fault.DiskFull", n, err)
	}
	d.Limit(20_000)
	appendTo(t, l, "there is room again")
	got, err := read(l, 0)
	if err != nil || got[len(got)-1] != "there is room again" {
		t.Errorf("got %d records, %v", len(got), err)
	}
}

func TestAFullDiskRefusesAndGoesOnWhenThereIsRoom(t *testing.T) {
	for limit := int64(0); limit < 700; limit += 7 {
		d := disktest.New(1)
		l := open(t, d.Folder("log"), &Options{SegmentBytes: 200, Floor: -1, Reserve: -1})
		d.Limit(limit + 300)
		var kept []string
		for i := range 8 {
			r := fmt.Sprint("record ", i, strings.Repeat(".", 40))
			_, err := l.Append(t.Context(), []byte(r))
			switch {
			case err == nil:
				kept = append(kept, r)
			case !errors.Is(err, fault.DiskFull):
				t.Fatalf("limit %d: got %v, want fault.DiskFull", limit, err)
			}
		}
		want(t, l, 0, kept...)
		d.Limit(0)
		appendTo(t, l, "room")
		kept = append(kept, "room")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		want(t, open(t, d.Crash().Folder("log"), nil), 0, kept...)
	}
}

func TestTheMarkerIsDurableSoonAfterTheLastCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := disktest.New(1)
		l := open(t, d.Folder("log"), nil)
		appendTo(t, l, "a")
		<-time.After(2 * idle)
		f, err := d.Crash().Folder("log").Open(markerName)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, markerSize)
		n, _ := f.ReadAt(b, 0)
		if p, ok := parseMarker(b[:n]); !ok || p != l.Stats().End {
			t.Errorf("after a crash the marker says %d, %v, want %d", p, ok, l.Stats().End)
		}
		_ = l.Close()
	})
}

func TestWhatIsDurableIsAppliedInOrderBeforeItsCallReturns(t *testing.T) {
	var applied []string
	var at []Position
	l := open(t, disktest.New(1).Folder("log"), &Options{Applied: func(p Position, record []byte) {
		at, applied = append(at, p), append(applied, string(record))
	}})
	for i := range 3 {
		a, b := fmt.Sprint("a", i), fmt.Sprint("bb", i)
		p := appendTo(t, l, a, b)
		if got, want := applied[2*i:], []string{a, b}; !slices.Equal(got, want) {
			t.Errorf("got %q applied, want %q", got, want)
		}
		if got, want := at[2*i:], []Position{p, p + Size([]byte(a))}; !slices.Equal(got, want) {
			t.Errorf("got positions %d, want %d", got, want)
		}
	}
}
