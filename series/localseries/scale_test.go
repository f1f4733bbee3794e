package localseries

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var scale = flag.Int("scale", 1, "how many million bars TestScale writes: 100 take a minute or two")

// TestScale writes bars of 10,000 symbols in batches and prints what that costs
// as there are more of them. It judges nothing: the figures do.
func TestScale(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := symbols(10_000)
	began := time.Now()
	for round := range *scale {
		bars := walk(100*round, 100)
		for from := 0; from < len(all); from += 50 {
			var frames []series.Frame
			for _, y := range all[from : from+50] {
				frames = append(frames, series.FrameOfBars(y, market.Minute, bars))
			}
			if _, err := s.Write(t.Context(), frames, nil); err != nil {
				t.Fatal(err)
			}
		}
		if n := round + 1; n&(n-1) == 0 || n%10 == 0 {
			t.Logf("%d million bars: the last million took %v; %s", n, time.Since(began), resident())
		}
		began = time.Now()
	}
	timed(t, "close", s.Close)
	t.Logf("the folder has %.2f bytes a bar", float64(sizeOf(t, folder))/float64(*scale)/1e6)
	timed(t, "open", func() error {
		s, err = Open(folder, nil)
		return err
	})
	timed(t, "count all", func() error {
		n := int64(0)
		for o, err := range s.Overview(t.Context(), series.Filter{}) {
			if err != nil {
				return err
			}
			n += o.Count
		}
		if n != int64(*scale)*1e6 {
			return fmt.Errorf("there are %d bars", n)
		}
		return nil
	})
	timed(t, "close", s.Close)
	t.Log(resident())
}

func timed(t *testing.T, what string, do func() error) {
	t.Helper()
	began := time.Now()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %v", what, time.Since(began))
}

// resident returns how much memory the process has and had at most, where the
// system tells.
func resident() string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "no figure of memory on " + runtime.GOOS
	}
	var found []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "VmRSS") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(found, ", ")
}

func sizeOf(t *testing.T, folder string) (bytes int64) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		at, err := e.Info()
		bytes += at.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// segmentsOf returns the bytes in segments.
func segmentsOf(t *testing.T, folder string) (bytes int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, segmentPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		at, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		bytes += at.Size()
	}
	return bytes
}

// TestSizesOfRealFiles prints how many bytes a row of each real file takes, and
// wants the rows back.
func TestSizesOfRealFiles(t *testing.T) {
	data := realdata.Open(t)
	for _, set := range fewer.Some(data.Bars) {
		var rows []market.Bar
		for r, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		keep(t, set.Symbol.String(), series.FrameOfBars(set.Symbol, set.Interval, rows))
	}
	for _, set := range fewer.Some(data.Ticks) {
		var rows []market.Tick
		for r, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r.Tick)
		}
		keep(t, set.Symbol.String(), series.FrameOfTicks(set.Symbol, rows))
	}
}

var copies = flag.Int("copies", 1, "under how many symbols TestSizesOfRealFiles writes each file")

// keep writes a frame under some symbols, twice, and wants it back once after the
// store was opened again.
func keep(t *testing.T, name string, f series.Frame) {
	t.Helper()
	folder := t.TempDir()
	s, err := Open(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, y := range symbols(*copies) {
			f.Key.Symbol = y
			if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		rows := float64(f.Len() * *copies)
		t.Logf("%s: %d rows, %.2f bytes a row in segments, %.2f in all", name, f.Len(), float64(segmentsOf(t, folder))/rows, float64(sizeOf(t, folder))/rows)
		if s, err = Open(folder, nil); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{Count: true})
	if err != nil || counts != (series.Counts{Unchanged: int64(f.Len())}) {
		t.Errorf("%s: written a third time: got %+v, %v, want %d unchanged", name, counts, err, f.Len())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
