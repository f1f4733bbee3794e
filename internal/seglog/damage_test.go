package seglog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
)

// script is what a run appends: calls of one to three records.
func script() [][]string {
	var calls [][]string
	for i := range 12 {
		var records []string
		for n := range 1 + i%3 {
			records = append(records, fmt.Sprintf("%d.%d%s", i, n, strings.Repeat("x", 37*i%120)))
		}
		calls = append(calls, records)
	}
	return calls
}

// A run is what a process did before its disk stopped.
type run struct {
	opened bool
	acked  [][]string
	unsure []string // the call that was under way
	cut    int      // calls that it may have let go of
}

// play appends the script until something fails, and cuts halfway.
func play(t *testing.T, d disk.Folder) (r run) {
	t.Helper()
	l, _, err := Open(d, small)
	if err != nil {
		return r
	}
	defer l.Close()
	r.opened = true
	for i, records := range script() {
		at, err := l.Append(t.Context(), bytesOf(records)...)
		if err != nil {
			r.unsure = records
			return r
		}
		r.acked = append(r.acked, records)
		if i == 7 {
			r.cut = 7
			if err := l.Cut(at); err != nil {
				return r
			}
		}
	}
	return r
}

// check opens the log that a run left, and wants all that it acknowledged there
// and nothing else, but for the call that was under way.
func (r run) check(t *testing.T, what string, d disk.Folder) {
	t.Helper()
	l, torn, err := Open(d, small)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer l.Close()
	got, err := read(l, l.Stats().First)
	if err != nil {
		t.Fatalf("%s: read: %v", what, err)
	}
	for gone := 0; gone <= r.cut; gone++ {
		sure := slices.Concat(r.acked[gone:]...)
		if slices.Equal(got, sure) || r.unsure != nil && slices.Equal(got, append(sure, r.unsure...)) {
			at := appendTo(t, l, "after")
			want(t, l, at, "after")
			return
		}
	}
	t.Fatalf("%s: got %q, want %q and perhaps %q; moved aside: %v", what, got, slices.Concat(r.acked...), r.unsure, torn)
}

func TestNothingAcknowledgedIsLostWhenThePowerGoes(t *testing.T) {
	whole := disktest.New(0)
	play(t, whole.Folder("log"))
	operations := whole.Done()
	for op := 1; op <= operations; op++ {
		for seed := range uint64(20) {
			d := disktest.New(seed)
			d.StopAt(op)
			r := play(t, d.Folder("log"))
			what := fmt.Sprintf("power gone at operation %d of %d, seed %d", op, operations, seed)
			after := d.Crash()
			r.check(t, what, after.Folder("log"))
			r.acked, r.unsure = nil, nil // what follows is another story
			if seed < 3 {
				crashTwice(t, what, op, seed)
			}
		}
	}
}

// crashTwice lets the power go a second time, while the log is opened again.
func crashTwice(t *testing.T, what string, op int, seed uint64) {
	t.Helper()
	for second := 1; second <= 12; second++ {
		d := disktest.New(seed)
		d.StopAt(op)
		r := play(t, d.Folder("log"))
		again := d.Crash()
		again.StopAt(second)
		if l, _, err := Open(again.Folder("log"), small); err == nil {
			_ = l.Close()
		}
		r.check(t, fmt.Sprintf("%s, and again at operation %d", what, second), again.Crash().Folder("log"))
	}
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	whole := disktest.New(0)
	play(t, whole.Folder("log"))
	for op := 1; op <= whole.Done(); op++ {
		d := disktest.New(uint64(op))
		d.StopAt(op)
		r := play(t, d.Folder("log"))
		r.check(t, fmt.Sprintf("killed at operation %d", op), d.Kill().Folder("log"))
	}
}

func TestASyncThatFailsLosesNothing(t *testing.T) {
	for n := range 40 {
		for seed := range uint64(10) {
			d := disktest.New(seed)
			d.FailSync(n)
			r := play(t, d.Folder("log"))
			if r.opened && len(r.acked) != len(script()) && r.unsure == nil {
				t.Fatalf("sync %d: %d calls were acknowledged", n, len(r.acked))
			}
			r.check(t, fmt.Sprintf("sync %d failed, seed %d", n, seed), d.Crash().Folder("log"))
		}
	}
}

// A state is the files of a log that was left somehow.
type state struct {
	name  string
	files map[string][]byte
}

// states returns a log that was closed, and one whose process was killed.
func states(t *testing.T) []state {
	t.Helper()
	var all []state
	for _, name := range []string{"closed", "killed"} {
		d := disktest.New(1)
		f := d.Folder("log")
		l, _, err := Open(f, &Options{SegmentBytes: 250})
		if err != nil {
			t.Fatal(err)
		}
		for _, records := range script()[:5] {
			appendTo(t, l, records...)
		}
		if name == "closed" {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		f = d.Kill().Folder("log")
		files := map[string][]byte{}
		names, err := f.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if files[name], err = disk.ReadFile(f, name, 1<<20); err != nil {
				t.Fatal(err)
			}
		}
		_ = l.Close()
		all = append(all, state{name, files})
	}
	return all
}

// with returns a folder with the files, one of them changed.
func (s state) with(t *testing.T, name string, changed []byte) disk.Folder {
	t.Helper()
	d := disktest.New(1).Folder("log")
	for n, b := range s.files {
		if n == name {
			b = changed
		}
		f, err := d.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// outcome opens a log and reads all of it.
func outcome(d disk.Folder) (got []string, torn []Torn, err error) {
	l, torn, err := Open(d, small)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	got, err = read(l, 0)
	return got, torn, err
}

// wantHonest wants an error that names a file, or the right answer.
func wantHonest(t *testing.T, what string, d disk.Folder) (corrupt bool) {
	t.Helper()
	want := slices.Concat(script()[:5]...)
	got, torn, err := outcome(d)
	switch {
	case err != nil && (!errors.Is(err, fault.Corrupt) && !errors.Is(err, fault.Unsupported) || !strings.Contains(err.Error(), "log/0")):
		t.Errorf("%s: got %v, want fault.Corrupt that names the file", what, err)
	case err == nil && !slices.Equal(got, want):
		t.Errorf("%s: got %q, want %q or an error; moved aside: %v", what, got, want, torn)
	}
	return err != nil
}

func TestEveryByteThatIsFlippedIsFoundOrDoesNotMatter(t *testing.T) {
	for _, s := range states(t) {
		found, flipped := 0, 0
		for name, b := range s.files {
			found += s.flipEach(t, name)
			flipped += len(b)
		}
		t.Logf("%s: %d of %d bytes that were flipped are errors, and nothing was lost by the others", s.name, found, flipped)
	}
}

// flipEach flips a bit of every byte of a file, one after another, and returns
// how many of them were found to be damage.
func (s state) flipEach(t *testing.T, name string) (found int) {
	t.Helper()
	for i := range s.files[name] {
		changed := slices.Clone(s.files[name])
		changed[i] ^= 1 << (i % 8)
		if wantHonest(t, fmt.Sprintf("%s: byte %d of %s flipped", s.name, i, name), s.with(t, name, changed)) {
			found++
		}
	}
	return found
}

func TestEveryFileThatIsCutIsFoundOrDoesNotMatter(t *testing.T) {
	for _, s := range states(t) {
		for name, b := range s.files {
			for n := range b {
				wantHonest(t, fmt.Sprintf("%s: %s cut at %d", s.name, name, n), s.with(t, name, b[:n]))
			}
			more := append(slices.Clone(b), make([]byte, 300)...)
			wantHonest(t, fmt.Sprintf("%s: %s with 300 zeros more", s.name, name), s.with(t, name, more))
		}
	}
}

func TestAFileThatIsGoneIsFound(t *testing.T) {
	for _, s := range states(t) {
		for name := range s.files {
			d := s.with(t, "", nil)
			if err := d.Remove(name); err != nil {
				t.Fatal(err)
			}
			got, _, err := outcome(d)
			// The first of the files may have been cut away, for all the log knows.
			if want := slices.Concat(script()[:5]...); name != "0000000001.log" && name != markerName && err == nil && !slices.Equal(got, want) {
				t.Errorf("%s: without %s: got %q, want an error", s.name, name, got)
			}
		}
	}
}

func TestATornTailIsMovedAside(t *testing.T) {
	d := disktest.New(1)
	f := d.Folder("log")
	l := open(t, f, nil)
	appendTo(t, l, "kept")
	end := l.Stats().End
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// Half of a group that nobody was told of.
	tail := appendGroup(nil, group{bytes: 100, at: end, synced: end, count: 1})
	for n := 1; n <= 2; n++ {
		file, err := f.Open(segmentName(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(tail, segmentHeader+int64(end)); err != nil {
			t.Fatal(err)
		}
		l, torn, err := Open(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		want(t, l, 0, "kept")
		name := []string{"", "0000000001.log.torn", "0000000001.log.2.torn"}[n]
		if len(torn) != 1 || torn[0] != (Torn{"log/" + name, end, int64(len(tail))}) {
			t.Errorf("got %v moved aside, want %d bytes at %d in %s", torn, len(tail), end, name)
		}
		if b, err := disk.ReadFile(f, name, 1000); err != nil || !slices.Equal(b, tail) {
			t.Errorf("%s: got %d bytes, %v, want the %d of the tail", name, len(b), err, len(tail))
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATornTailIsMovedAsideForGood(t *testing.T) {
	for op := 1; op <= 16; op++ {
		for seed := range uint64(20) {
			moveAside(t, op, seed)
		}
	}
}

// moveAside lets the power go at an operation of opening a log that has a torn
// tail, or after that.
func moveAside(t *testing.T, op int, seed uint64) {
	t.Helper()
	d := disktest.New(seed)
	l := open(t, d.Folder("log"), nil)
	appendTo(t, l, "kept")
	end := l.Stats().End
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	tail := appendGroup(nil, group{bytes: 2000, at: end, synced: end, count: 1})
	tail = append(tail, make([]byte, 1000)...)
	file, err := d.Folder("log").Open(segmentName(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(tail, segmentHeader+int64(end)); err != nil {
		t.Fatal(err)
	}
	if err := file.Sync(); err != nil {
		t.Fatal(err)
	}
	d.StopAt(d.Done() + op)
	opened := false
	if l, _, err := Open(d.Folder("log"), nil); err == nil {
		opened = true
		defer l.Close()
	}
	d = d.Crash()
	l, torn, err := Open(d.Folder("log"), nil)
	if err != nil || opened && len(torn) > 0 {
		t.Fatalf("operation %d, seed %d: got %v, %v, want nothing moved aside again", op, seed, torn, err)
	}
	want(t, l, 0, "kept")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"0000000001.log.torn", "0000000001.log.2.torn"} {
		if b, err := disk.ReadFile(d.Folder("log"), name, 4000); err == nil && slices.Equal(b, tail) {
			return
		}
	}
	t.Errorf("operation %d, seed %d: the tail is gone", op, seed)
}

func TestALogOfAnotherFormatIsRefused(t *testing.T) {
	d := disktest.New(1).Folder("log")
	if err := open(t, d, nil).Close(); err != nil {
		t.Fatal(err)
	}
	f, err := d.Open(segmentName(1))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, segmentHeader)
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	b[8] = 9
	order.PutUint32(b[60:], checksum(b[:60]))
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(d, nil); !errors.Is(err, fault.DiskFormat) || !errors.Is(err, fault.Unsupported) {
		t.Errorf("got %v, want fault.DiskFormat", err)
	}
}
