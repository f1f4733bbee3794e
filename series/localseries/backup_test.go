package localseries

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func TestABackupHasWhatThereWasAndGoesOn(t *testing.T) {
	home := t.TempDir()
	e, err := NewEngine(filepath.Join(home, "store"), crashing)
	if err != nil {
		t.Fatal(err)
	}
	steps := randomSteps(11, 60)
	for _, s := range steps {
		do(t, e, s)
	}
	want := contents(t, e)
	var writing sync.WaitGroup
	writing.Go(func() { // of another series
		for i := range 30 {
			f := series.FrameOfBars(market.Symbol{Code: "other", Exchange: "X"}, market.Minute, walk(i*10, 10))
			if err := e.Write(t.Context(), []series.Frame{f}); err != nil {
				t.Error(err)
			}
		}
	})
	backup, restored := filepath.Join(home, "backup"), filepath.Join(home, "restored")
	if err := e.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	writing.Wait()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), backup, restored); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{backup, restored} {
		e, err := NewEngine(folder, crashing)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Delete(t.Context(), series.BarKey(market.Symbol{Code: "other", Exchange: "X"}, market.Minute), market.Range{}); err != nil {
			t.Fatal(err)
		}
		if got := contents(t, e); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", folder, got, want)
		}
		// What is written now must win over what was there.
		for _, s := range randomSteps(12, 40) {
			do(t, e, s)
		}
		after := after(t, append(steps, randomSteps(12, 40)...))
		if got := contents(t, e); got != after {
			t.Errorf("%s: written on: got\n%s\nwant\n%s", folder, got, after)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABackupIsDurable(t *testing.T) {
	for seed := range uint64(20) {
		h := newBench(quiet(100))
		e := h.open(t)
		steps := randomSteps(seed, 12)
		for _, s := range steps {
			do(t, e, s)
		}
		backup := disktest.New(seed)
		must(t, e.copyTo(t.Context(), backup.Folder("data"), backup.Folder("log")))
		must(t, e.Close())
		h.disk = backup.Crash()
		again := h.open(t)
		if got, want := contents(t, again), after(t, steps); got != want {
			t.Errorf("seed %d: after a loss of power the backup has\n%s\nwant\n%s", seed, got, want)
		}
		must(t, again.Close())
	}
}

func TestABackupGoesIntoAnEmptyFolder(t *testing.T) {
	home := t.TempDir()
	e, err := NewEngine(filepath.Join(home, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := os.WriteFile(filepath.Join(home, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(t.Context(), home); !errors.Is(err, fault.DiskNotEmpty) {
		t.Errorf("got %v, want fault.DiskNotEmpty", err)
	}
	if err := e.Backup(t.Context(), filepath.Join(home, "空")); err != nil {
		t.Errorf("of an empty store: %v", err)
	}
}
