package disktest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/disk"
)

const seeds = 200

// A program is what is done to the folder "f" of a disk. It may go on where an
// operation fails.
type program func(d *Disk, f disk.Folder)

// outcomes returns what chance may make of a program, and how often it did: of
// each file its name and what is in it.
func outcomes(t *testing.T, do program) map[string]int {
	t.Helper()
	all := map[string]int{}
	for seed := range uint64(seeds) {
		d := New(seed)
		do(d, d.Folder("f"))
		all[filesOf(t, d.Crash())]++
	}
	return all
}

func filesOf(t *testing.T, d *Disk) string {
	t.Helper()
	f := d.Folder("f")
	names, err := f.List()
	must(t, err)
	var all []string
	for _, name := range names {
		b, err := disk.ReadFile(f, name, 1<<20)
		must(t, err)
		all = append(all, name+"="+runs(b))
	}
	return strings.Join(all, " ")
}

// runs writes equal bytes that follow each other as one, with their number.
func runs(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		n := 1
		for n < len(b) && b[n] == b[0] {
			n++
		}
		if b[0] == 0 {
			b[0] = '0'
		}
		fmt.Fprintf(&s, "%d%c", n, b[0])
		b = b[n:]
	}
	return s.String()
}

// want wants each outcome to have happened, and if it says so nothing else.
func want(t *testing.T, rule string, got map[string]int, only bool, outcomes ...string) {
	t.Helper()
	for _, w := range outcomes {
		if got[w] == 0 {
			t.Errorf("%s: %q never happened, but %v", rule, w, got)
		}
		delete(got, w)
	}
	if only && len(got) > 0 {
		t.Errorf("%s: got %v as well, want %q alone", rule, got, outcomes)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write writes n bytes of a letter into a file, which it makes if it is not there.
func write(t *testing.T, f disk.Folder, name string, letter byte, at, n int) disk.File {
	t.Helper()
	file, err := f.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = f.Create(name)
	}
	must(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{letter}, n), int64(at))
	must(t, err)
	return file
}

// durable writes a file, durably.
func durable(t *testing.T, f disk.Folder, name string, letter byte, n int) disk.File {
	t.Helper()
	file := write(t, f, name, letter, 0, n)
	must(t, errors.Join(file.Sync(), f.Sync()))
	return file
}

func TestWhatIsLeftAfterACrash(t *testing.T) {
	f := func(rule string, only bool, do program, outcome ...string) {
		t.Helper()
		want(t, rule, outcomes(t, do), only, outcome...)
	}
	f("what was synced is never lost", true, func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 1500)
	}, "a=1500x")
	f("what was not synced may be lost, to any length", false, func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 512)
		write(t, f, "a", 'y', 512, 512)
	}, "a=512x", "a=512x512y", "a=512x5120")
	f("a name that was not synced may be lost with the file", true, func(_ *Disk, f disk.Folder) {
		must(t, write(t, f, "a", 'x', 0, 10).Sync())
	}, "", "a=10x")
	f("a sync of names makes nothing of the files durable", false, func(_ *Disk, f disk.Folder) {
		write(t, f, "a", 'x', 0, 10)
		must(t, f.Sync())
	}, "a=", "a=10x", "a=100")
	f("a write tears between sectors, not within one", true, func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 1024)
		write(t, f, "a", 'y', 0, 1024)
	}, "a=1024x", "a=512y512x", "a=512x512y", "a=1024y")
	f("a write that the power interrupts may be there in part", false, func(d *Disk, f disk.Folder) {
		file := durable(t, f, "a", 'x', 1024)
		d.StopAt(d.Done() + 1)
		if _, err := file.WriteAt(bytes.Repeat([]byte{'y'}, 1024), 0); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v, want ErrStopped", err)
		}
	}, "a=1024x", "a=512y512x", "a=1024y")
	f("a truncation that was not synced may not have been", false, func(_ *Disk, f disk.Folder) {
		must(t, durable(t, f, "a", 'x', 100).Truncate(10))
	}, "a=10x", "a=100x")
	f("a truncation that was synced has been", true, func(_ *Disk, f disk.Folder) {
		file := durable(t, f, "a", 'x', 100)
		must(t, errors.Join(file.Truncate(10), file.Truncate(20), file.Sync()))
	}, "a=10x100")
	f("a sync that fails may have written, or not", true, func(d *Disk, f disk.Folder) {
		failOnce(t, d, f)
	}, "a=512x", "a=512y")
	f("no later sync writes what one failed to write", true, func(d *Disk, f disk.Folder) {
		must(t, failOnce(t, d, f).Sync())
	}, "a=512x", "a=512y")
	f("a later sync writes it if it was written to again", true, func(d *Disk, f disk.Folder) {
		failOnce(t, d, f)
		must(t, write(t, f, "a", 'z', 0, 10).Sync())
	}, "a=10z502y")
	f("after a sync that fails the others succeed", true, func(d *Disk, f disk.Folder) {
		failOnce(t, d, f)
		must(t, write(t, f, "a", 'z', 512, 512).Sync())
	}, "a=512x512z", "a=512y512z")
}

// failOnce writes over a file, and has the sync of that fail.
func failOnce(t *testing.T, d *Disk, f disk.Folder) disk.File {
	t.Helper()
	durable(t, f, "a", 'x', 512)
	d.FailSync(1)
	must(t, durable(t, f, "a", 'x', 512).Close())
	file := write(t, f, "a", 'y', 0, 512)
	if err := file.Sync(); !errors.Is(err, ErrSync) {
		t.Errorf("got %v, want ErrSync", err)
	}
	return file
}

func TestWhichNamesAreLeftAfterACrash(t *testing.T) {
	f := func(rule string, do program, outcome ...string) {
		t.Helper()
		want(t, rule, outcomes(t, do), true, outcome...)
	}
	two := func(f disk.Folder) {
		durable(t, f, "a", 'x', 1)
		durable(t, f, "b", 'y', 1)
	}
	f("a rename happens as a whole or not", func(_ *Disk, f disk.Folder) {
		two(f)
		must(t, f.Rename("a", "b"))
	}, "a=1x b=1y", "b=1x")
	f("a rename that was synced has happened", func(_ *Disk, f disk.Folder) {
		two(f)
		must(t, errors.Join(f.Rename("a", "b"), f.Sync()))
	}, "b=1x")
	f("a removal may not have happened", func(_ *Disk, f disk.Folder) {
		two(f)
		must(t, f.Remove("a"))
	}, "a=1x b=1y", "b=1y")
	f("names change in any order", func(_ *Disk, f disk.Folder) {
		two(f)
		must(t, errors.Join(f.Remove("a"), f.Remove("b")))
	}, "a=1x b=1y", "a=1x", "b=1y", "")
	f("what happens to one name stays in order", func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 1)
		must(t, errors.Join(f.Rename("a", "b"), f.Rename("b", "c")))
	}, "a=1x", "b=1x", "c=1x")
	f("a sync of names that fails leaves them to chance", func(d *Disk, f disk.Folder) {
		failFolderOnce(t, d, f)
	}, "a=1x b=1y", "b=1y")
	f("and to the next sync", func(d *Disk, f disk.Folder) {
		failFolderOnce(t, d, f)
		must(t, f.Sync())
	}, "b=1y")
}

// failFolderOnce removes a file, and has the sync of that fail.
func failFolderOnce(t *testing.T, d *Disk, f disk.Folder) {
	t.Helper()
	durable(t, f, "a", 'x', 1)
	d.FailFolderSync(1)
	durable(t, f, "b", 'y', 1)
	must(t, f.Remove("a"))
	if err := f.Sync(); !errors.Is(err, ErrSync) {
		t.Errorf("got %v, want ErrSync", err)
	}
}

func TestAKillKeepsAllThatWasWritten(t *testing.T) {
	for seed := range uint64(seeds) {
		d := New(seed)
		f := d.Folder("f")
		failOnce(t, d, f)                   // is seen, and cannot be synced
		write(t, f, "a", 'z', 512, 512)     // is not synced
		must(t, f.Rename("a", "b"))         // nor this
		write(t, f, "c", 'c', 0, 10)        // nor this
		durable(t, f, "d", 'd', 10)         // all names are, up to here
		must(t, f.Remove("d"))              // but not this
		old := write(t, f, "c", 'e', 10, 1) // nor this
		next := d.Kill()
		const want = "b=512y512z c=10c1e"
		if got := filesOf(t, next); got != want {
			t.Fatalf("seed %d: after a kill got %q, want %q", seed, got, want)
		}
		if _, err := old.WriteAt([]byte("x"), 0); !errors.Is(err, ErrStopped) {
			t.Fatalf("a process that was killed writes: %v", err)
		}
		if got := filesOf(t, next.Kill()); got != want {
			t.Fatalf("seed %d: after another kill got %q, want %q", seed, got, want)
		}
	}
}

func TestAKillMakesNothingDurable(t *testing.T) {
	killed := func(do program, then program) map[string]int {
		all := map[string]int{}
		for seed := range uint64(seeds) {
			d := New(seed)
			do(d, d.Folder("f"))
			d = d.Kill()
			then(d, d.Folder("f"))
			all[filesOf(t, d.Crash())]++
		}
		return all
	}
	f := func(rule string, got map[string]int, outcome ...string) {
		t.Helper()
		want(t, rule, got, true, outcome...)
	}
	nothing := func(*Disk, disk.Folder) {}
	dirty := func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 512)
		write(t, f, "a", 'y', 0, 512)
	}
	sync := func(_ *Disk, f disk.Folder) {
		file, err := f.Open("a")
		must(t, err)
		must(t, file.Sync())
	}
	lost := func(d *Disk, f disk.Folder) { failOnce(t, d, f) }
	renamed := func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 1)
		must(t, f.Rename("a", "b"))
	}
	f("what was not synced may be lost", killed(dirty, nothing), "a=512x", "a=512y")
	f("the next process may sync it", killed(dirty, sync), "a=512y")
	f("but not what a sync failed to write", killed(lost, sync), "a=512x", "a=512y")
	f("unless it writes it again", killed(lost, func(_ *Disk, f disk.Folder) {
		must(t, write(t, f, "a", 'y', 0, 512).Sync())
	}), "a=512y")
	f("names wait for a sync", killed(renamed, nothing), "a=1x", "b=1x")
	f("of the next process", killed(renamed, func(_ *Disk, f disk.Folder) { must(t, f.Sync()) }), "b=1x")
	f("a file that was removed may be back", killed(func(_ *Disk, f disk.Folder) {
		durable(t, f, "a", 'x', 1)
		must(t, f.Remove("a"))
	}, func(_ *Disk, f disk.Folder) {
		must(t, write(t, f, "b", 'y', 0, 1).Sync())
	}), "a=1x b=1y", "a=1x", "b=1y", "")
}

func TestAReadEndsWithTheFile(t *testing.T) {
	file := write(t, New(1).Folder("f"), "a", 'x', 0, 10)
	f := func(at int64, bytes, want int, end error) {
		t.Helper()
		if n, err := file.ReadAt(make([]byte, bytes), at); n != want || !errors.Is(err, end) {
			t.Errorf("%d bytes at %d: got %d, %v, want %d, %v", bytes, at, n, err, want, end)
		}
	}
	f(0, 10, 10, nil)
	f(5, 10, 5, io.EOF)
	f(10, 1, 0, io.EOF)
	f(20, 1, 0, io.EOF)
	f(20, 0, 0, nil)
}

func TestADiskIsFullAtItsLimit(t *testing.T) {
	d := New(1)
	f := d.Folder("f")
	if n, err := f.Free(); n < 1<<30 || err != nil {
		t.Errorf("without a limit %d bytes are free, %v", n, err)
	}
	file := write(t, f, "a", 'x', 0, 60)
	d.Limit(100)
	if n, err := f.Free(); n != 40 || err != nil {
		t.Errorf("got %d bytes free, %v, want 40", n, err)
	}
	if n, err := file.WriteAt(make([]byte, 50), 60); n != 40 || !errors.Is(err, disk.ErrFull) {
		t.Errorf("got %d bytes written, %v, want 40 and disk.ErrFull", n, err)
	}
	if _, err := file.WriteAt([]byte("over"), 10); err != nil {
		t.Errorf("a write over what is there: %v", err)
	}
	must(t, f.Remove("a"))
	write(t, f, "b", 'x', 0, 100)
	d.Limit(0)
	write(t, f, "b", 'x', 100, 100)
}

func TestThePowerGoesAtAnOperation(t *testing.T) {
	d := New(1)
	f := d.Folder("f")
	file := durable(t, f, "a", 'x', 10) // four operations
	if d.Done() != 4 {
		t.Fatalf("got %d operations, want 4", d.Done())
	}
	d.StopAt(6)
	must(t, file.Sync())
	if err := file.Sync(); !errors.Is(err, ErrStopped) {
		t.Errorf("operation 6: got %v, want ErrStopped", err)
	}
	_, create := f.Create("b")
	_, create2 := f.Create("a")
	_, open := f.Open("a")
	_, list := f.List()
	_, free := f.Free()
	_, size := file.Size()
	_, read := file.ReadAt(make([]byte, 1), 0)
	_, write := file.WriteAt([]byte("y"), 0)
	for i, err := range []error{create, create2, open, list, free, size, read, write, file.Truncate(1), file.Sync(), f.Sync(), f.Rename("a", "b"), f.Rename("c", "d"), f.Remove("a"), f.Remove("c")} {
		if !errors.Is(err, ErrStopped) {
			t.Errorf("call %d after the power went: got %v, want ErrStopped", i, err)
		}
	}
	if got := filesOf(t, d.Crash()); got != "a=10x" {
		t.Errorf("got %q, want a=10x", got)
	}
}

// operationsOn returns what can be done to a folder, by what its hook is told.
func operationsOn(t *testing.T, d *Disk) map[string]func() error {
	t.Helper()
	f := d.Folder("f")
	durable(t, f, "a", 'x', 8)
	file := write(t, f, "a", 'y', 0, 8) // waits for a sync
	return map[string]func() error{
		"create b":   func() error { _, err := f.Create("b"); return err },
		"open a":     func() error { _, err := f.Open("a"); return err },
		"rename b":   func() error { return f.Rename("a", "b") },
		"remove a":   func() error { return f.Remove("a") },
		"sync names": f.Sync,
		"read a":     func() error { _, err := file.ReadAt(make([]byte, 1), 0); return err },
		"write a":    func() error { _, err := file.WriteAt([]byte("zzzzzzzz"), 0); return err },
		"truncate a": func() error { return file.Truncate(4) },
		"sync a":     file.Sync,
	}
}

func TestAHookSaysWhatFails(t *testing.T) {
	errHook := errors.New("the hook says so")
	f := func(what string, why error, want string) {
		t.Helper()
		d := New(1)
		operations := operationsOn(t, d)
		var asked []string
		d.Ask("f", func(op, name string) error {
			asked = append(asked, strings.TrimSpace(op+" "+name))
			return why
		})
		if err := operations[what](); !errors.Is(err, errHook) {
			t.Errorf("%s: got %v, want what the hook says", what, err)
		}
		if !slices.Equal(asked, []string{what}) {
			t.Errorf("%s: the hook was asked of %q", what, asked)
		}
		d.Ask("f", nil)
		if got := filesOf(t, d.Kill()); got != want {
			t.Errorf("%s, %T: got %q, want %q", what, why, got, want)
		}
	}
	late := &Late{errHook}
	for what := range operationsOn(t, New(1)) {
		f(what, errHook, "a=8y")
	}
	f("create b", late, "a=8y b=")
	f("rename b", late, "b=8y")
	f("remove a", late, "")
	f("write a", late, "a=4z4y")
	f("truncate a", late, "a=4y")
	f("open a", late, "a=8y")
	f("read a", late, "a=8y")

	want(t, "a sync that a hook has fail loses what it should have written", outcomes(t, func(d *Disk, f disk.Folder) {
		file := durable(t, f, "a", 'x', 8)
		write(t, f, "a", 'y', 0, 8)
		d.Ask("f", func(string, string) error { return errHook })
		if err := file.Sync(); !errors.Is(err, errHook) {
			t.Errorf("got %v, want what the hook says", err)
		}
		d.Ask("f", nil)
		must(t, file.Sync())
	}), true, "a=8x", "a=8y")
}

func TestAHookMayWaitAndUseTheDisk(t *testing.T) {
	d := New(1)
	d.Folder("g")
	d.Ask("f", func(op, _ string) error {
		if op != "create" {
			return nil
		}
		_, err := d.Folder("g").Create("b")
		return err
	})
	durable(t, d.Folder("f"), "a", 'x', 1)
	if _, err := d.Folder("g").Open("b"); err != nil {
		t.Errorf("the file that the hook made: %v", err)
	}
	next := d.Kill()
	if _, err := next.Folder("f").Create("c"); err != nil {
		t.Errorf("the disk of the next process: %v", err)
	}
	if _, err := next.Folder("g").Open("c"); err == nil {
		t.Error("the disk of the next process asks the hook")
	}
}

func TestChanceIsDecidedByTheSeed(t *testing.T) {
	left := func(seed uint64) (all []string) {
		d := New(seed)
		for range 4 {
			f := d.Folder("f")
			for i := range 9 {
				write(t, f, fmt.Sprint("file", i), byte('a'+i), 0, 3000)
			}
			d.Folder("g")
			d = d.Kill().Crash()
			all = append(all, filesOf(t, d))
		}
		return all
	}
	for seed := range uint64(20) {
		if a, b := left(seed), left(seed); !slices.Equal(a, b) {
			t.Fatalf("seed %d: got %q and then %q", seed, a, b)
		}
	}
	if slices.Equal(left(1), left(2)) {
		t.Error("two seeds are as one")
	}
}
