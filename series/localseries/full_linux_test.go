package localseries

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// TestARealDiskThatIsFull fills a small disk of its own, for which it must be
// root.
func TestARealDiskThatIsFull(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("NOT RUN: a disk of 24 MiB cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s, err := Open(filepath.Join(small, "数据"), &Options{Memory: 1 << 20, Floor: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	written := 0
	all := symbols(100_000)
	for err == nil && written < len(all) {
		if err = s.WriteBars(t.Context(), all[written], market.Minute, walk(written, 500)); err == nil {
			written++
		}
	}
	if !errors.Is(err, fault.DiskFull) || !errors.Is(err, fault.Exhausted) {
		t.Fatalf("after %d calls: got %v, want fault.DiskFull", written, err)
	}
	count := func() (rows int64) {
		t.Helper()
		for o, err := range s.Overview(t.Context(), series.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			rows += o.Count
		}
		return rows
	}
	if got, want := count(), int64(500*written); got != want {
		t.Errorf("full: got %d rows, want %d", got, want)
	}
	for i := range written / 2 { // deletes go on
		if _, err := s.Delete(t.Context(), series.BarKey(all[i], market.Minute), market.Range{}); err != nil {
			t.Fatalf("delete %d: %v", i, err)
		}
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteBars(t.Context(), all[0], market.Minute, walk(0, 500)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if got, want := count(), int64(500*(written-written/2+1)); got != want {
		t.Errorf("with room again: got %d rows, want %d", got, want)
	}
	t.Logf("full after %d calls of 500 bars", written)
}
