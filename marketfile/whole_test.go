package marketfile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// told collects refused rows as Options.Refused is told them.
func told(o *Options) *[]string {
	var all []string
	o.Refused = func(r Refused) {
		all = append(all, fmt.Sprintf("%d %s %s", r.Line, r.Text, fault.CodeOf(r.Why)))
	}
	return &all
}

// wantNothing wants an import to be refused as a whole.
func wantNothing(t *testing.T, r *Report, err error, says string) {
	t.Helper()
	wantFault(t, err, fault.FileRefused, says+", and nothing was kept")
	if !errors.Is(err, fault.Invalid) || r.New+r.Unchanged+r.Replaced > 0 || len(r.Keys) > 0 || r.Series > 0 {
		t.Errorf("got %s of %v, %v", counts(r), r.Keys, err)
	}
	reasons := int64(0)
	for _, n := range r.Reasons {
		reasons += n
	}
	if reasons != r.Refused {
		t.Errorf("%d rows are refused for %v", r.Refused, r.Reasons)
	}
}

func TestAWholeImportKeepsAllRowsOrNone(t *testing.T) {
	o := barsIn(t)
	o.Whole = true
	all := told(o)
	s := emptyStore(t)
	bad := "2026-01-05 09:32,1,4,0.5,x,7\n2026-01-05 09:33,1,0.5,4,2,7\n"
	path := write(t, "a.csv", head+rows2+bad)
	r, err := Import(t.Context(), s, series.Bars, []string{path}, o)
	wantNothing(t, r, err, "2 of 4 rows were refused")
	want := []string{"4 2026-01-05 09:32,1,4,0.5,x,7 RF-FIL-012", "5 2026-01-05 09:33,1,0.5,4,2,7 RF-FIL-013"}
	if !slices.Equal(*all, want) || len(r.Rejects) > 0 || len(beside(t, path)) > 0 {
		t.Errorf("got %q, %v %v", *all, r.Rejects, beside(t, path))
	}
	if r.Read != 4 || r.Refused != 2 || r.Reasons[fault.FileCell] != 1 || stored(t, s) != "" {
		t.Errorf("got %s %v: %s", counts(r), r.Reasons, stored(t, s))
	}
	// Without them all is kept, and to repeat it changes nothing.
	for _, want := range []string{"2 read: 2 new, 0 unchanged, 0 replaced, 0 refused", "2 read: 0 new, 2 unchanged, 0 replaced, 0 refused"} {
		r, err = imports(t, s, series.Bars, o, write(t, "a.csv", head+rows2))
		if err != nil || counts(r) != want || r.Series != 1 || strings.ReplaceAll(stored(t, s), "bars rb2601.SHFE 1m ", "") != kept2 {
			t.Errorf("got %s, %v, want %s: %s", counts(r), err, want, stored(t, s))
		}
	}
	// Bars replace those that are stored.
	r, err = imports(t, s, series.Bars, o, write(t, "a.csv", strings.Replace(head+rows2, ",7", ",8", 1)))
	if err != nil || counts(r) != "2 read: 0 new, 1 unchanged, 1 replaced, 0 refused" {
		t.Errorf("got %s, %v", counts(r), err)
	}
	// Nobody listens: they are written aside.
	o.Refused = nil
	r, err = Import(t.Context(), s, series.Bars, []string{path}, o)
	if wantNothing(t, r, err, "2 of 4 rows were refused"); !slices.Equal(r.Rejects, []string{path + ".rejects.csv"}) {
		t.Errorf("got %v", r.Rejects)
	}
}

func TestRowsThatStandTwiceAreRefusedInAWhole(t *testing.T) {
	o := barsIn(t)
	o.Whole = true
	all := told(o)
	s := emptyStore(t)
	twice := "2026-01-05 09:30,1,4,0.5,2,8\n2026-01-05 09:31,2,3,1,3,0\n"
	r, err := Import(t.Context(), s, series.Bars, []string{write(t, "a.csv", head+rows2), write(t, "b.csv", head+twice)}, o)
	wantNothing(t, r, err, "1 of 4 rows were refused")
	if want := []string{"2 2026-01-05 09:30,1,4,0.5,2,8 RF-FIL-014"}; !slices.Equal(*all, want) || stored(t, s) != "" {
		t.Errorf("got %q", *all)
	}
	// One that is equal counts as unchanged.
	r, err = imports(t, s, series.Bars, o, write(t, "a.csv", head+rows2+rows2))
	if err != nil || counts(r) != "4 read: 2 new, 2 unchanged, 0 replaced, 0 refused" {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

func TestTicksThatDifferFromTheStoredOnesAreRefusedInAWhole(t *testing.T) {
	const ticks = "time,price,qty\n2026-01-05 09:30:00,1,1\n2026-01-05 09:30:00,2,1\n2026-01-05 09:30:01,3,1\n"
	o := ticksIn(t)
	o.Whole = true
	all := told(o)
	s := emptyStore(t)
	r, err := imports(t, s, series.Ticks, o, write(t, "a.csv", ticks))
	if err != nil || counts(r) != "3 read: 3 new, 0 unchanged, 0 replaced, 0 refused" {
		t.Fatalf("got %s, %v", counts(r), err)
	}
	before := stored(t, s)
	other := strings.Replace(ticks, ",2,1", ",2.5,1", 1) + "2026-01-05 09:30:02,4,1\n"
	r, err = Import(t.Context(), s, series.Ticks, []string{write(t, "a.csv", other)}, o)
	wantNothing(t, r, err, "1 of 4 rows were refused")
	if want := []string{"3 2026-01-05 09:30:00,2.5,1 RF-FIL-015"}; !slices.Equal(*all, want) || stored(t, s) != before {
		t.Errorf("got %q: %s", *all, stored(t, s))
	}
	// All that is wrong is told at once.
	*all = nil
	r, err = Import(t.Context(), s, series.Ticks, []string{write(t, "a.csv", other+"bad\n")}, o)
	wantNothing(t, r, err, "2 of 5 rows were refused")
	if len(*all) != 2 || stored(t, s) != before {
		t.Errorf("got %q", *all)
	}
	o.Replace = true
	r, err = imports(t, s, series.Ticks, o, write(t, "a.csv", other))
	if err != nil || counts(r) != "4 read: 1 new, 2 unchanged, 1 replaced, 0 refused" {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

// As with a place for sorting, but without one.
func TestTicksOutOfOrderAreSortedInAWhole(t *testing.T) {
	for _, disorder := range []float64{0, 0.3} {
		all := trades(9000, disorder)
		files := filesOfTrades(t, all, 3)
		sorted := emptyStore(t)
		if _, err := imports(t, sorted, series.Ticks, &Options{Scratch: scratchIn(t)}, files...); err != nil {
			t.Fatal(err)
		}
		s := emptyStore(t)
		r, err := imports(t, s, series.Ticks, &Options{Whole: true}, files...)
		if err != nil || r.New != 9000 || stored(t, s) != stored(t, sorted) {
			t.Errorf("disorder %v: got %s, %v", disorder, counts(r), err)
		}
		r, err = imports(t, s, series.Ticks, &Options{Whole: true}, files...)
		if err != nil || r.Unchanged != 9000 {
			t.Errorf("disorder %v: got %s, %v", disorder, counts(r), err)
		}
	}
	// Where the numbers are told they stay.
	o := ticksIn(t)
	o.Whole = true
	s := emptyStore(t)
	r, err := imports(t, s, series.Ticks, o, write(t, "a.csv", "time,seq,price,qty\n2026-01-05 09:30:01,5,1,1\n2026-01-05 09:30:00,3,2,1\n2026-01-05 09:30:00,1,3,1\n"))
	if got := stored(t, s); err != nil || r.New != 3 || !strings.Contains(got, "#5 ") || strings.Index(got, "#1 ") > strings.Index(got, "#3 ") {
		t.Errorf("got %s, %v: %s", counts(r), err, got)
	}
}

func TestAWholeHasALimit(t *testing.T) {
	f := func(text string, o *Options, says ...string) {
		t.Helper()
		s := emptyStore(t)
		r, err := Import(t.Context(), s, series.Bars, []string{write(t, "a.csv", text)}, o)
		wantFault(t, err, fault.FileTooLarge, append(says, "import them in parts")...)
		if !errors.Is(err, fault.Invalid) || r.New != 0 || stored(t, s) != "" {
			t.Errorf("got %s, %v", counts(r), err)
		}
	}
	var b strings.Builder
	b.WriteString("time,open,high,low,close\n")
	for i := range series.MaxRows + 1 {
		fmt.Fprintf(&b, "%d,1,1,1,1\n", 1475798400+60*i)
	}
	o := barsIn(t)
	o.Whole = true
	f(b.String(), o, "1048576 rows")
	b.Reset()
	b.WriteString("time,open,high,low,close,note\n")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 70_000 {
		fmt.Fprintf(&b, "%d,1,1,1,1,%d%s\n", 1475798400+60*i, rng.Uint64(), strings.Repeat("x", 990))
	}
	o.Keep = []Kept{{Column: "note"}}
	f(b.String(), o, "64 MB of values")
}

// As many rows as there may be are one call to the engine.
func TestAWholeIsWrittenByOneCall(t *testing.T) {
	var b strings.Builder
	b.WriteString("symbol,time,open,high,low,close\n")
	n := batchRows*2 + 10
	for i := range n {
		fmt.Fprintf(&b, "s%d.SHFE,%d,1,1,1,1\n", i%3, 1475798400+60*i)
	}
	e := &counted{Engine: memseries.NewEngine()}
	s := series.New(e, nil)
	defer s.Close()
	o := &Options{Interval: market.Minute, BarTime: Start, Whole: true}
	r, err := imports(t, s, series.Bars, o, write(t, "a.csv", b.String()))
	if err != nil || r.New != int64(n) || e.calls != 1 || r.Series != 3 {
		t.Errorf("got %s by %d calls, %v", counts(r), e.calls, err)
	}
}

// A counted engine counts its calls.
type counted struct {
	series.Engine
	calls int
}

func (c *counted) Write(ctx context.Context, frames []series.Frame) error {
	c.calls++
	return c.Engine.Write(ctx, frames)
}

func TestABrokenOrCancelledWholeKeepsNothing(t *testing.T) {
	for kind, f := range map[series.Kind]struct {
		o    *Options
		text string
	}{
		series.Bars:  {barsIn(t), manyBars(9000)},
		series.Ticks: {ticksIn(t), "time,price,qty\n" + strings.Repeat("2026-01-05 09:30:01,1,1\n2026-01-05 09:30:00,1,1\n", 4500)},
	} {
		f.o.Whole = true
		path := write(t, "a.csv", f.text)
		s := series.New(broken{memseries.NewEngine()}, nil)
		r, err := Import(t.Context(), s, kind, []string{path}, f.o)
		if !errors.Is(err, errBroken) || r.New != 0 || r.Series != 0 || stored(t, s) != "" {
			t.Errorf("%s: got %s, %v", kind, counts(r), err)
		}
		s.Close()
		for n, stopped := 0, true; stopped; n += 1 + n/2 {
			s := emptyStore(t)
			r, err := Import(newCountdown(t, n), s, kind, []string{path}, f.o)
			if stopped = err != nil; stopped && (!errors.Is(err, context.Canceled) || r.New != 0 || stored(t, s) != "") {
				t.Fatalf("%s: stopped after %d: %s, %v", kind, n, counts(r), err)
			}
			if !stopped && r.New != 9000 {
				t.Errorf("%s: got %s", kind, counts(r))
			}
		}
	}
	// What cannot be read to its end is none of it kept.
	s := emptyStore(t)
	o := barsIn(t)
	o.Whole = true
	whole := packed(t, manyBars(50_000))
	r, err := Import(t.Context(), s, series.Bars, []string{write(t, "a.csv.gz", whole[:len(whole)/2])}, o)
	wantFault(t, err, fault.FileDamaged)
	if r.New != 0 || stored(t, s) != "" {
		t.Errorf("got %s", counts(r))
	}
}

func TestAWholeOfNothingIsNothing(t *testing.T) {
	o := barsIn(t)
	o.Whole = true
	r, err := imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", head))
	if err != nil || counts(r) != "0 read: 0 new, 0 unchanged, 0 replaced, 0 refused" {
		t.Errorf("got %s, %v", counts(r), err)
	}
	o.Range = market.Range{From: 1, To: 2}
	r, err = imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", head+rows2))
	if err != nil || r.Outside != 2 || r.New != 0 {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

// Text is not held without end for rows that may yet be refused.
func TestAWholeForgetsTheTextOfVeryMuch(t *testing.T) {
	m := newImport(nil, series.Bars, []string{"a"}, Options{Whole: true})
	k := series.BarKey(rb, 60)
	m.numbersOf(k)
	b := m.builderOf(k)
	r := &rows{keys: []series.Key{k}, time: manyTimes(10), lines: make([]int64, 10), raw: make([][]byte, 10)}
	for i := range r.raw {
		r.raw[i] = []byte("text")
	}
	b.add(r, 0, 10, 0)
	f := func(bytes int, want string) {
		t.Helper()
		m.bytes = bytes
		if err := m.holdWhole(); err != nil || string(b.origins[9].raw) != want {
			t.Errorf("%d bytes: got %q, %v", bytes, b.origins[9].raw, err)
		}
	}
	f(mostWholeText, "text")
	f(mostWholeText+1, "")
}

func TestRefusedRowsAreToldWithTheirLine(t *testing.T) {
	f := func(kind series.Kind, o *Options, name, text string, want ...string) {
		t.Helper()
		for _, whole := range []bool{false, true} {
			o.Whole = whole
			all := told(o)
			path := write(t, name, text)
			r, err := Import(t.Context(), emptyStore(t), kind, []string{path}, o)
			if (err != nil) != whole || r.Refused != int64(len(want)) || len(r.Rejects) > 0 || len(beside(t, path)) > 0 {
				t.Errorf("%s: got %s %v, %v", name, counts(r), r.Rejects, err)
			}
			if !slices.Equal(*all, want) {
				t.Errorf("%s: got %q, want %q", name, *all, want)
			}
		}
	}
	f(series.Bars, barsIn(t), "a.csv", head+rows2+"bad\n", "4 bad RF-FIL-011")
	f(series.Ticks, ticksIn(t), "a.csv", "time,price,qty\n2026-01-05 09:30:00,x,1\n2026-01-05 09:30:00,1,1\n", "2 2026-01-05 09:30:00,x,1 RF-FIL-012")
	object := `{"datetime":"2026-01-05 09:30","open":1,"high":1,"low":1,"close":"x"}`
	f(series.Bars, barsIn(t), "a.ndjson", "\n"+object+"\n[]\n", "2 "+object+" RF-FIL-012", "3 [] RF-FIL-011")
	f(series.Bars, barsIn(t), "a.json", "[\n\n"+object+",\n[]\n]", "1 "+object+" RF-FIL-012", "2 [] RF-FIL-011")
}

// What was told before a disorder was found is not told again.
func TestRefusedRowsAreToldOnceThoughTheyAreReadTwice(t *testing.T) {
	o := ticksIn(t)
	o.Scratch = scratchIn(t)
	all := told(o)
	text := "time,price,qty\nbad 1\n2026-01-05 09:30:01,1,1\n" + strings.Repeat("bad 2\n", 50_000) + "2026-01-05 09:30:00,1,1\nbad 3\n"
	r, err := imports(t, emptyStore(t), series.Ticks, o, write(t, "a.csv", text))
	if err != nil || r.Refused != 50_002 || len(*all) != 50_002 || r.New != 2 {
		t.Fatalf("got %s and %d, %v", counts(r), len(*all), err)
	}
	if !strings.HasPrefix((*all)[0], "2 bad 1 ") || !strings.HasPrefix((*all)[50_001], "50005 bad 3 ") {
		t.Errorf("got %s and %s", (*all)[0], (*all)[50_001])
	}
}

// A body that lies in a file for a moment goes by another name everywhere.
func TestAFileGoesByItsName(t *testing.T) {
	folder := t.TempDir()
	f := func(kind series.Kind, o *Options, text string) (*Report, error) {
		t.Helper()
		path := filepath.Join(folder, "upload-12345")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o.Name = "body"
		o.Progress = func(p Progress) {
			if p.File != "" && p.File != "body" {
				t.Errorf("progress of %s", p.File)
			}
		}
		all := told(o)
		r, err := Import(t.Context(), emptyStore(t), kind, []string{path}, o)
		said := fmt.Sprint(err, r.Notes, r.Rejects, *all)
		if strings.Contains(said, folder) || strings.Contains(said, "upload") {
			t.Errorf("%q: got %s", text[:min(len(text), 20)], said)
		}
		for _, n := range r.Notes {
			if n.File != "body" {
				t.Errorf("a note on %s", n.File)
			}
		}
		if _, wrong := Preview(t.Context(), kind, path, 10, o); wrong != nil && strings.Contains(wrong.Error(), folder) {
			t.Error(wrong)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
			t.Errorf("got %v, %v", left, err)
		}
		return r, err
	}
	want := func(err error, code fault.Code) {
		t.Helper()
		wantFault(t, err, code, "body")
	}
	r, err := f(series.Bars, barsIn(t), strings.Replace(head, "volume", "volume,more", 1)+strings.ReplaceAll(rows2, "\n", ",1\n")+"bad\n")
	if err != nil || r.New != 2 || len(r.Notes) != 1 || r.Refused != 1 {
		t.Errorf("got %s %v, %v", counts(r), r.Notes, err)
	}
	_, err = f(series.Bars, &Options{}, head+rows2)
	want(err, fault.FileNeeds)
	_, err = f(series.Bars, barsIn(t), "")
	want(err, fault.FileEmpty)
	_, err = f(series.Bars, barsIn(t), "PAR1 and no more")
	want(err, fault.FileDamaged)
	_, err = f(series.Bars, barsIn(t), "ARROW1 and no more than that")
	want(err, fault.FileDamaged)
	stream := string(arrowBytes(t, false, numberBatches(10)))
	_, err = f(series.Bars, barsIn(t), stream)
	want(err, fault.FileColumns)
	_, err = f(series.Bars, barsIn(t), stream[:len(stream)/2])
	want(err, fault.FileDamaged)
	whole := packed(t, manyBars(50_000))
	_, err = f(series.Bars, barsIn(t), whole[:len(whole)/2])
	want(err, fault.FileDamaged)
	_, err = f(series.Ticks, ticksIn(t), "time,price,qty\n2026-01-05 09:30:01,1,1\n2026-01-05 09:30:00,1,1\n")
	want(err, fault.FileDisorder)
	if err := os.Remove(filepath.Join(folder, "upload-12345")); err != nil {
		t.Fatal(err)
	}
	o := barsIn(t)
	o.Name, o.Rejects = "body", t.TempDir()
	_, err = Import(t.Context(), emptyStore(t), series.Bars, []string{filepath.Join(folder, "upload-12345")}, o)
	wantFault(t, err, fault.FileMissing, "body")
	if strings.Contains(err.Error(), folder) {
		t.Error(err)
	}
}

func TestANameIsThatOfOneFileAndOfItsRejects(t *testing.T) {
	path := write(t, "upload", head+rows2+"bad\n")
	o := barsIn(t)
	o.Name = "body.csv"
	_, err := Import(t.Context(), emptyStore(t), series.Bars, []string{path}, o)
	wantFault(t, err, fault.FileOption, "Options.Refused")
	o.Rejects = t.TempDir()
	_, err = Import(t.Context(), emptyStore(t), series.Bars, []string{path, path}, o)
	wantFault(t, err, fault.FileOption, "one file")
	r, err := imports(t, emptyStore(t), series.Bars, o, path)
	if err != nil || !slices.Equal(r.Rejects, []string{filepath.Join(o.Rejects, "body.csv.rejects.csv")}) {
		t.Errorf("got %v, %v", r.Rejects, err)
	}
	// What a name says counts as what a path says.
	o = barsIn(t)
	o.Name, o.Path, o.Symbol = "cu2601.SHFE.csv", "{symbol}.csv", market.Symbol{}
	told(o)
	s := emptyStore(t)
	if _, err := imports(t, s, series.Bars, o, path); err != nil || !strings.HasPrefix(stored(t, s), "bars cu2601.SHFE 1m") {
		t.Errorf("got %s, %v", stored(t, s), err)
	}
}

// A million rows are looked over for their size again and again, so that may not
// take long.
func TestTheSizeOfAWholeIsKnownWithoutCounting(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,price,qty,note\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "%d,1,1,%d\n", 1475798400+i, i)
	}
	o := ticksIn(t)
	o.Whole, o.Keep = true, []Kept{{Column: "note", Type: series.Text}}
	begin := time.Now()
	r, err := imports(t, emptyStore(t), series.Ticks, o, write(t, "a.csv", b.String()))
	if err != nil || r.New != 200_000 || time.Since(begin) > 20*time.Second {
		t.Errorf("got %s, %v in %s", counts(r), err, time.Since(begin))
	}
}
