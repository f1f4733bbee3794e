package seglog

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redfire-quant/redfire/internal/disk"
)

// BenchmarkSync is one write and sync after another: what the disk can do.
func BenchmarkSync(b *testing.B) {
	d, err := disk.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	f, err := d.Create("f")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block, at := make([]byte, 64*208+groupHeader), int64(0)
	for b.Loop() {
		if _, err := f.WriteAt(block, at); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		at += int64(len(block))
	}
}

func BenchmarkAppend(b *testing.B) {
	b.Run("1 writer of 1 record", func(b *testing.B) { appendMany(b, 1, 1) })
	b.Run("64 writers of 1 record", func(b *testing.B) { appendMany(b, 64, 1) })
	b.Run("64 writers of 16 records", func(b *testing.B) { appendMany(b, 64, 16) })
}

// appendMany has so many writers append so many records of 200 bytes a call.
func appendMany(b *testing.B, writers, records int) {
	d, err := disk.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	l := open(b, d, nil)
	call := make([][]byte, records)
	for i := range call {
		call[i] = make([]byte, 200)
	}
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := l.Append(b.Context(), call...); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.N)/float64(l.Stats().Groups), "calls/sync")
}
