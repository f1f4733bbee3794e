package marketfile

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// beside returns the names of the files beside a file that are about it.
func beside(t testing.TB, path string) []string {
	t.Helper()
	found, err := filepath.Glob(path + ".rejects*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], path)
	}
	return found
}

func TestRefusedRowsAreMendedAndImported(t *testing.T) {
	text := "datetime;open;high;low;close;volume\n2026-01-05 09:30;1;4;0.5;2;7\n2026-01-05 09:31;2;3;1;3.;x\n\"2026-01-05 09:32\";2;3;1\n"
	s := emptyStore(t)
	path := write(t, "螺纹 100%.csv", text)
	r, err := imports(t, s, series.Bars, barsIn(t), path)
	if err != nil || counts(r) != "3 read: 1 new, 0 unchanged, 0 replaced, 2 refused" || !slices.Equal(r.Rejects, []string{path + ".rejects.csv"}) {
		t.Fatalf("got %s %v, %v", counts(r), r.Rejects, err)
	}
	want := "reject_line;reject_reason;datetime;open;high;low;close;volume\n" +
		"3;\"volume: \"\"x\"\" is not a number [RF-FIL-012]\";2026-01-05 09:31;2;3;1;3.;x\n" +
		"4;the line has 4 values, the header 6 [RF-FIL-011];\"2026-01-05 09:32\";2;3;1\n"
	lines := func(s string) []string { // those of a block come in their order
		all := strings.SplitAfter(s, "\n")
		slices.Sort(all)
		return all
	}
	if got := read(t, path+".rejects.csv"); !slices.Equal(lines(got), lines(want)) {
		t.Errorf("got %s, want %s", got, want)
	}
	mended := strings.Replace(read(t, path+".rejects.csv"), "3.;x", "3.;0", 1)
	mended = strings.Replace(mended, "32\";2;3;1", "32\";2;3;1;1;1", 1)
	if err := os.WriteFile(path+".rejects.csv", []byte(mended), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err = imports(t, s, series.Bars, barsIn(t), path+".rejects.csv")
	if err != nil || counts(r) != "2 read: 2 new, 0 unchanged, 0 replaced, 0 refused" || len(r.Notes) != 0 {
		t.Errorf("got %s %v, %v", counts(r), r.Notes, err)
	}
	if got := strings.ReplaceAll(stored(t, s), "bars rb2601.SHFE 1m ", ""); !strings.HasPrefix(got, kept2) {
		t.Errorf("got %s", got)
	}
	// What was mended is not overwritten.
	r, err = imports(t, s, series.Bars, barsIn(t), path)
	if err != nil || read(t, path+".rejects.csv") != mended || !slices.Equal(r.Rejects, []string{path + ".rejects.2.csv"}) {
		t.Errorf("got %v, %v", r.Rejects, err)
	}
	r, err = imports(t, s, series.Bars, barsIn(t), path)
	if got := beside(t, path); err != nil || !slices.Equal(got, []string{".rejects.2.csv", ".rejects.csv"}) || len(r.Rejects) != 1 {
		t.Errorf("got %v %v, %v", got, r.Rejects, err)
	}
}

func TestFilesOfOneNameHaveRejectsOfTheirOwn(t *testing.T) {
	folder := t.TempDir()
	var files []string
	for i := range 3 {
		path := write(t, "1m.csv", fmt.Sprintf("%s%sbad %d\n", head, rows2, i))
		files = append(files, path)
	}
	o := barsIn(t)
	o.Rejects = folder
	s := emptyStore(t)
	for range 2 {
		r, err := imports(t, s, series.Bars, o, files...)
		if err != nil || r.Refused != 3 || len(r.Rejects) != 3 {
			t.Fatalf("got %s %v, %v", counts(r), r.Rejects, err)
		}
		for i, name := range r.Rejects {
			if got := read(t, name); !strings.Contains(got, fmt.Sprintf("bad %d", i)) || strings.Count(got, "\n") != 2 {
				t.Errorf("%s: got %s", name, got)
			}
		}
		if all, _ := os.ReadDir(folder); len(all) != 3 {
			t.Errorf("got %v", all)
		}
	}
}

// Who mends a file may add to it.
func TestRejectsThatSomebodyWentOnWithAreLeft(t *testing.T) {
	path := write(t, "a.csv", head+"bad 1\n")
	if _, err := imports(t, emptyStore(t), series.Bars, barsIn(t), path); err != nil {
		t.Fatal(err)
	}
	whole := read(t, path+".rejects.csv")
	if err := os.WriteFile(path+".rejects.csv", []byte(whole+"more\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := imports(t, emptyStore(t), series.Bars, barsIn(t), path)
	if err != nil || read(t, path+".rejects.csv") != whole+"more\n" || read(t, path+".rejects.2.csv") != whole || len(r.Rejects) != 1 {
		t.Errorf("got %v, %v", r.Rejects, err)
	}
}

// An import that is stopped leaves rejects that the next one goes on with.
func TestRejectsOfAStoppedImportAreReplaced(t *testing.T) {
	path := write(t, "a.csv", head+"bad 1\nbad 2\n")
	if err := os.WriteFile(path+".rejects.csv.part", []byte("left by a process that was killed"), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := imports(t, emptyStore(t), series.Bars, barsIn(t), path)
	if err != nil || r.Refused != 2 {
		t.Fatal(counts(r), err)
	}
	whole := read(t, path+".rejects.csv")
	cut := whole[:strings.LastIndex(strings.TrimSpace(whole), "\n")+1]
	if err := os.WriteFile(path+".rejects.csv", []byte(cut), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err = imports(t, emptyStore(t), series.Bars, barsIn(t), path); err != nil || read(t, path+".rejects.csv") != whole {
		t.Errorf("got %s, %v", read(t, path+".rejects.csv"), err)
	}
	if got := beside(t, path); !slices.Equal(got, []string{".rejects.csv"}) {
		t.Errorf("got %v", got)
	}
}

func TestRejectsThatCannotBeWrittenEndTheImport(t *testing.T) {
	f := func(rejects string, says string) {
		t.Helper()
		o := barsIn(t)
		o.Rejects = rejects
		s := emptyStore(t)
		path := write(t, "a.csv", head+rows2+"bad\n")
		r, err := imports(t, s, series.Bars, o, path)
		wantFault(t, err, fault.FileRejects, says)
		if r.Files != 0 || r.New != 0 {
			t.Errorf("got %s", counts(r))
		}
		// Without bad rows there is nothing to write.
		r, err = imports(t, s, series.Bars, o, write(t, "a.csv", head+rows2))
		if err != nil || r.New != 2 {
			t.Errorf("got %s, %v", counts(r), err)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	f(missing, missing)
	f(write(t, "file", ""), "a.csv.rejects.csv.part")
	if _, err := os.Stat("/dev/full"); err != nil {
		return
	}
	// A disk that is full.
	folder := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(folder, "a.csv.rejects.csv.part")); err != nil {
		t.Fatal(err)
	}
	f(folder, "no space")
}

func TestMillionsOfRefusedRowsAreNotHeld(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,price,qty\n")
	bad := "2026-01-05 09:30,nothing that is a price," + strings.Repeat("1", 800) + "\n"
	for i := range 150_000 {
		if i%200 == 0 {
			fmt.Fprintf(&b, "%d,1,1\n", 1475798400+i)
		}
		b.WriteString(bad)
	}
	path := write(t, "a.csv", b.String())
	size := b.Len()
	b.Reset()
	most := uint64(0)
	o := &Options{Symbol: rb, Rejects: t.TempDir(), Progress: func(Progress) {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
	}}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := imports(t, emptyStore(t), series.Ticks, o, path)
	if err != nil || r.New != 750 || r.Refused != 150_000 {
		t.Fatalf("got %s, %v", counts(r), err)
	}
	if most > before.HeapInuse+uint64(size)*3/4 {
		t.Errorf("%d MB are held of a file of %d MB", (most-before.HeapInuse)>>20, size>>20)
	}
	if info, err := os.Stat(r.Rejects[0]); err != nil || info.Size() < int64(size) {
		t.Errorf("got %v, %v", info, err)
	}
}

// Every duplicate is a call of its own if they are not taken together.
func TestManyDuplicatesAreRefusedAtOnce(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	for i := range 50_000 {
		fmt.Fprintf(&b, "2026-01-05 09:30,1,4,1,2,%d\n", i)
	}
	begin := time.Now()
	_, r, err := barsOf(t, b.String(), barsIn(t))
	if err != nil || r.Reasons[fault.FileTwice] != 49_999 || time.Since(begin) > 10*time.Second {
		t.Errorf("got %s %v, %v in %s", counts(r), r.Reasons, err, time.Since(begin))
	}
}

func TestOfTwoRowsForOneTimeTheFirstIsKeptOrTheLast(t *testing.T) {
	text := head + "2026-01-05 09:30,1,4,0.5,2,7\n2026-01-05 09:31,2,3,1,3,0\n2026-01-05 09:30,1,4,0.5,2,8\n2026-01-05 09:30,1,4,0.5,2,9\n2026-01-05 09:30,1,4,0.5,2,7\n"
	o := barsIn(t)
	got, r, err := barsOf(t, text, o)
	if err != nil || got != kept2 || counts(r) != "5 read: 2 new, 1 unchanged, 0 replaced, 2 refused" {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	if text := read(t, r.Rejects[0]); !strings.Contains(text, "4,line 2 has another row for 2026-01-05T01:30:00Z [RF-FIL-014],2026-01-05 09:30,1,4,0.5,2,8\n") {
		t.Errorf("got %s", text)
	}
	o.Replace = true
	got, r, err = barsOf(t, strings.TrimSuffix(text, "2026-01-05 09:30,1,4,0.5,2,7\n"), o)
	if want := strings.Replace(kept2, "=7", "=9", 1); err != nil || got != want || counts(r) != "4 read: 2 new, 0 unchanged, 0 replaced, 2 refused" {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	if text := read(t, r.Rejects[0]); !strings.Contains(text, "2,line 4 has another row") || !strings.Contains(text, "4,line 5 has another row") {
		t.Errorf("got %s", text)
	}
}

// How many rows are written at once must not show: rows of two files for one time
// are refused however far they are apart, and stored ones are replaced.
func TestRowsForOneTimeAreFoundHoweverFarApart(t *testing.T) {
	n := batchRows + 1000
	first := manyBars(n)
	var again strings.Builder
	again.WriteString(head)
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for _, i := range []int{5, 6, 100, n - 1, n, -1} {
		volume := 7_000_000
		if i == 6 {
			volume = 6 // as before
		}
		fmt.Fprintf(&again, "%s,%d,%d,%d,%d,%d\n", at.Add(time.Duration(i)*time.Minute).Format("2006-01-02 15:04"), i+3, i+4, max(0, i+1), i+3, volume)
	}
	text := strings.Replace(again.String(), ",9,10,7,9,6\n", ",8,9,7,8,6\n", 1)
	o := barsIn(t)
	o.Zone = time.UTC
	s := emptyStore(t)
	a, b := write(t, "a.csv", first), write(t, "b.csv", text)
	r, err := imports(t, s, series.Bars, o, a, b)
	if want := fmt.Sprintf("%d read: %d new, 1 unchanged, 0 replaced, 3 refused", n+6, n+2); err != nil || counts(r) != want || r.Reasons[fault.FileTwice] != 3 {
		t.Fatalf("got %s %v, %v, want %s", counts(r), r.Reasons, err, want)
	}
	before := stored(t, s)
	r, err = imports(t, s, series.Bars, o, a, b)
	if want := fmt.Sprintf("%d read: 0 new, %d unchanged, 0 replaced, 3 refused", n+6, n+3); err != nil || counts(r) != want || stored(t, s) != before {
		t.Errorf("got %s, %v, want %s", counts(r), err, want)
	}
	// What was stored before is replaced, in whatever order files come.
	s = emptyStore(t)
	if _, err := imports(t, s, series.Bars, o, b); err != nil {
		t.Fatal(err)
	}
	r, err = imports(t, s, series.Bars, o, a)
	if want := fmt.Sprintf("%d read: %d new, 1 unchanged, 3 replaced, 0 refused", n, n-4); err != nil || counts(r) != want {
		t.Errorf("got %s, %v, want %s", counts(r), err, want)
	}
}

func TestWrittenSpansHoldWhatWasWritten(t *testing.T) {
	const step = 60
	var w written
	all := map[market.Time]bool{}
	f := func(times ...market.Time) {
		t.Helper()
		w.add(times, step)
		for _, x := range times {
			all[x] = true
		}
		for x := market.Time(0); x < 3000; x += step {
			if w.has(x) != all[x] {
				t.Errorf("after %v: %d is %v in %v", times, x, w.has(x), w.spans)
			}
		}
		if !slices.IsSortedFunc(w.spans, func(a, b span) int { return int(a.last - b.first) }) {
			t.Errorf("after %v: %v", times, w.spans)
		}
	}
	f(600, 660, 720)
	f(900, 960)
	f(60)
	f(780, 840) // closes the gap
	f(720, 780)
	f(180, 300, 420)
	f(120, 240, 360)
	f(0, 1200, 2400)
	f(480, 1140)
	f(60, 2940)
	w.hull()
	if len(w.spans) != 1 || !w.has(1500) || w.has(2950) {
		t.Errorf("got %v", w.spans)
	}
}
