package seglog

import (
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
)

// A read that is under way when the oldest files are cut says the log is damaged.
func TestACutDuringAReadIsNotCorrupt(t *testing.T) {
	d := disktest.New(1)
	l, _, err := Open(d.Folder("log"), &Options{SegmentBytes: 200, Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := t.Context()
	for range 20 {
		if _, err := l.Append(ctx, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range l.Read(ctx, l.Stats().First) {
		if errors.Is(err, fault.Corrupt) {
			t.Fatalf("of a log that is sound: %v", err)
		}
		if n++; n == 1 {
			if err := l.Cut(l.Stats().End); err != nil {
				t.Fatal(err)
			}
		}
	}
}

type flaky struct {
	disk.Folder
	fail func(op, name string) error
}

type flakyFile struct {
	disk.File
	d    *flaky
	name string
}

func (d *flaky) Create(name string) (disk.File, error) {
	f, err := d.Folder.Create(name)
	if err != nil {
		return nil, err
	}
	return &flakyFile{f, d, name}, nil
}
func (d *flaky) Open(name string) (disk.File, error) {
	f, err := d.Folder.Open(name)
	if err != nil {
		return nil, err
	}
	return &flakyFile{f, d, name}, nil
}
func (d *flaky) Remove(name string) error {
	if err := d.fail("remove", name); err != nil {
		return err
	}
	return d.Folder.Remove(name)
}
func (f *flakyFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.d.fail("write", f.name); err != nil {
		return 0, err
	}
	return f.File.WriteAt(b, at)
}

// The disk is away for a moment while a segment is begun: neither its header is
// written, nor can it be removed. Then all is well again, and writes are
// acknowledged; but the log cannot be opened any more.
func TestASegmentThatWasBegunByHalfDoesNoHarm(t *testing.T) {
	d := disktest.New(1)
	away := false
	folder := &flaky{d.Folder("log"), func(op, name string) error {
		if away && name != "synced" {
			return errors.New("the disk is away")
		}
		return nil
	}}
	l, _, err := Open(folder, &Options{SegmentBytes: 200, Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := l.Append(ctx, make([]byte, 150)); err != nil {
		t.Fatal(err)
	}
	away = true
	_, err = l.Append(ctx, make([]byte, 150))
	t.Log("away:", err)
	away = false
	if _, err := l.Append(ctx, make([]byte, 150)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, _, err = Open(d.Folder("log"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}
