//go:build unix

package marketfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

func TestWhatComesThroughAPipeCannotBeSorted(t *testing.T) {
	pipe := newPipe(t)
	f := func(text string) (*Report, error) {
		wrote := make(chan error, 1)
		go func() { wrote <- os.WriteFile(pipe, []byte(text), 0) }()
		o := ticksIn(t)
		o.Scratch, o.Rejects = scratchIn(t), t.TempDir()
		r, err := imports(t, emptyStore(t), series.Ticks, o, pipe)
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		return r, err
	}
	ticks := "time,price,qty\n2026-01-05 09:30:00,1,1\n2026-01-05 09:30:01,2,1\nbad\n"
	r, err := f(ticks)
	if err != nil || counts(r) != "3 read: 2 new, 0 unchanged, 0 replaced, 1 refused" {
		t.Errorf("got %s, %v", counts(r), err)
	}
	_, err = f(ticks + "2026-01-05 09:30:00,3,1\n")
	wantFault(t, err, fault.FileDisorder, pipe, "write it to a file")
	_, err = f("")
	wantFault(t, err, fault.FileEmpty, pipe)
}

// newPipe makes a pipe that has a name.
func newPipe(t *testing.T) string {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	return pipe
}

// A pipe may say nothing for ever.
func TestACancelledImportDoesNotWaitForAPipe(t *testing.T) {
	f := func(text string) {
		t.Helper()
		pipe := newPipe(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			o := ticksIn(t)
			o.Rejects = t.TempDir()
			_, err := Import(ctx, emptyStore(t), series.Ticks, []string{pipe}, o)
			done <- err
		}()
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the reader
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := w.WriteString(text); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	f("")
	f("time,price,qty\n2026-01-05 09:30:00,1,1\n")
	f("time,price,qty\n" + strings.Repeat("2026-01-05 09:30:00,1,1\n", 50_000))
}

func TestRefusedRowsOfStandardInputGoToTheWorkingFolder(t *testing.T) {
	for file, want := range map[string]string{
		"/dev/stdin": "stdin.rejects.csv", "/dev/fd/63": "63.rejects.csv", "/proc/self/fd/0": "0.rejects.csv",
		"/devel/a.csv": "/devel/a.csv.rejects.csv", "dev/a.csv": "dev/a.csv.rejects.csv",
	} {
		if got := newRejects(file, &Options{}).path(1); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}
