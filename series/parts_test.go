package series_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// counting is an engine in memory that notes what it is given, and fails from
// one call on.
type counting struct {
	series.Engine
	calls [][]int // the rows of the frames of each
	attrs int
	texts int // the most in one dictionary
	fails int // the call that fails, from 1; 0 for none
	err   error
}

func (c *counting) Write(ctx context.Context, frames []series.Frame) error {
	var rows []int
	for i := range frames {
		rows = append(rows, frames[i].Len())
		if frames[i].Attrs != nil {
			c.attrs++
		}
		for _, column := range frames[i].Cols {
			if column.Texts != nil {
				c.texts = max(c.texts, len(column.Texts.Dict))
			}
		}
	}
	c.calls = append(c.calls, rows)
	if len(c.calls) == c.fails {
		return c.err
	}
	return c.Engine.Write(ctx, frames)
}

// manyRows returns bars of so many base columns, all 0.
func manyRows(k series.Key, rows, columns int) series.Frame {
	f := series.Frame{Key: k, Time: make([]market.Time, rows)}
	for i := range f.Time {
		f.Time[i] = market.Time(i+1) * 1e9
	}
	values := make([]float64, rows)
	for i := range columns {
		f.Cols = append(f.Cols, series.Column{Name: series.BaseColumns(series.Bars)[i].Name, Floats: values})
	}
	return f
}

func TestWhatIsTooLargeForOneCallIsWrittenInSeveral(t *testing.T) {
	other := series.BarKey(rebar, market.Hour)
	f := func(want string, frames ...series.Frame) {
		t.Helper()
		e := &counting{Engine: memseries.NewEngine()}
		frames[0].Attrs = map[string]string{"source": "x"}
		if _, err := series.New(e, nil).Write(t.Context(), frames, nil); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(e.calls); got != want || e.attrs != 1 {
			t.Errorf("got calls of %s rows, attributes in %d frames, want %s and 1", got, e.attrs, want)
		}
	}
	f("[[0]]", manyRows(bars, 0, 0))
	f("[[1]]", manyRows(bars, 1, 7))
	f("[[1 2]]", manyRows(bars, 1, 7), manyRows(other, 2, 7))
	f(fmt.Sprintf("[[%d]]", series.MaxRows), manyRows(bars, series.MaxRows, 0))
	f(fmt.Sprintf("[[%d] [1 3]]", series.MaxRows), manyRows(bars, series.MaxRows+1, 0), manyRows(other, 3, 0))
	f(fmt.Sprintf("[[3] [%d]]", series.MaxRows), manyRows(bars, 3, 0), manyRows(other, series.MaxRows, 0))
	const most = series.MaxBytes / 72 // at 9 cells a row
	f(fmt.Sprintf("[[%d] [%d]]", most, 1_000_000-most), manyRows(bars, 1_000_000, 7))
}

func TestTextsCountByTheirLengthAndGoWhereTheyAreUsed(t *testing.T) {
	const rows = 100_000 // of a kilobyte each: more than one call holds
	f := manyRows(bars, rows, 0)
	note := series.Column{Name: "note", Texts: &series.Texts{Index: make([]uint32, rows)}}
	for i := range rows {
		note.Texts.Dict = append(note.Texts.Dict, fmt.Sprintf("%07d", i)+strings.Repeat("x", 1000))
		note.Texts.Index[i] = uint32(i)
	}
	f.Cols = []series.Column{note}
	e := &counting{Engine: memseries.NewEngine()}
	s := series.New(e, nil)
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	if want := series.MaxBytes / (24 + 1007); e.texts != want || len(e.calls) != 2 {
		t.Errorf("got calls of %v rows with up to %d texts, want 2 with up to %d", e.calls, e.texts, want)
	}
	got, row := "", f.Time[rows-1]
	for g, err := range s.Read(t.Context(), series.Query{Keys: []series.Key{bars}, Range: market.Range{From: row}}) {
		if err != nil {
			t.Fatal(err)
		}
		c := g.Column("note")
		got = c.Texts.Dict[c.Texts.Index[0]]
	}
	if want := note.Texts.Dict[rows-1]; got != want {
		t.Errorf("the last row has %.20q, want %.20q", got, want)
	}
}

func TestAWriteThatFailsMidwayIsUnknownAndMayBeRepeated(t *testing.T) {
	for _, cause := range []error{context.Canceled, fault.Unavailable, fault.Exhausted} {
		e := &counting{Engine: memseries.NewEngine(), fails: 2, err: cause}
		s := series.New(e, nil)
		call := []series.Frame{manyRows(bars, series.MaxRows+5, 0)}
		_, err := s.Write(t.Context(), call, nil)
		if fault.KindOf(err) != fault.Unknown || !errors.Is(err, cause) || !errors.Is(err, fault.SeriesPartly) {
			t.Errorf("got %v of kind %s, want SeriesPartly with %v", err, fault.KindOf(err), cause)
		}
		counts, err := s.Write(t.Context(), call, &series.WriteOptions{Count: true})
		if want := (series.Counts{New: 5, Unchanged: series.MaxRows}); err != nil || counts != want {
			t.Errorf("the same again: got %+v, %v, want %+v", counts, err, want)
		}
	}
}

func TestAWriteThatFailsAtOnceStoredNothing(t *testing.T) {
	for _, cause := range []error{context.Canceled, fault.Unavailable} {
		e := &counting{Engine: memseries.NewEngine(), fails: 1, err: cause}
		_, err := series.New(e, nil).Write(t.Context(), []series.Frame{manyRows(bars, series.MaxRows+5, 0)}, nil)
		if !errors.Is(err, cause) || errors.Is(err, fault.Unknown) {
			t.Errorf("got %v, want %v alone", err, cause)
		}
	}
}

func TestAWriteThatIsUnknownIsToldAsAChange(t *testing.T) {
	e := &counting{Engine: forgetful{memseries.NewEngine()}, fails: 1, err: fault.Unknown}
	s := series.New(e, nil)
	now := lastChange(t, s)
	if err := s.WriteBars(t.Context(), rebar, market.Minute, []market.Bar{bar(0, 1)}); !errors.Is(err, fault.Unknown) {
		t.Fatalf("got %v, want fault.Unknown", err)
	}
	if got := collect(t, s.Changes(t.Context(), now)); len(got) != 1 || got[0].Key != bars {
		t.Errorf("got %v, want the change that may have happened", got)
	}
}

func TestAReplaceIsGivenToTheEngineWhole(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 1))
	counts, err := s.Replace(t.Context(), market.Range{}, manyRows(bars, series.MaxRows+1, 1), &series.WriteOptions{Count: true})
	if want := (series.Counts{New: series.MaxRows + 1, Deleted: 1}); err != nil || counts != want {
		t.Errorf("got %+v, %v, want %+v", counts, err, want)
	}
	got := collect(t, s.Changes(t.Context(), 1))
	if len(got) != 1 {
		t.Errorf("got changes %v, want one", got)
	}
}

func TestATypeIsNotTakenByAWriteThatFailed(t *testing.T) {
	one := func(i int, c series.Column) []series.Frame {
		f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(i, 1)})
		f.Cols = append(f.Cols, c)
		return []series.Frame{f}
	}
	e := &counting{Engine: memseries.NewEngine(), fails: 2, err: fault.Unavailable}
	s := series.New(e, nil)
	writeBars(t, s, bar(0, 9))
	number, text := series.Column{Name: "id", Ints: []int64{1}}, series.Column{Name: "id", Texts: &series.Texts{Dict: []string{"a"}, Index: []uint32{0}}}
	if _, err := s.Write(t.Context(), one(0, number), &series.WriteOptions{RefuseDifferent: true}); !errors.Is(err, fault.SeriesDiffers) {
		t.Errorf("got %v, want fault.SeriesDiffers", err)
	}
	if _, err := s.Write(t.Context(), one(1, number), nil); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want fault.Unavailable", err)
	}
	if _, err := s.Write(t.Context(), one(2, text), nil); err != nil {
		t.Errorf("a text where no number was stored: %v", err)
	}
	if _, err := s.Write(t.Context(), one(3, number), nil); !errors.Is(err, fault.SeriesType) {
		t.Errorf("a number where a text is stored: got %v, want fault.SeriesType", err)
	}
}

func TestOfTwoTypesAtOnceOneIsRefused(t *testing.T) {
	for range 50 {
		s := open(t)
		errs := make(chan error, 2)
		for i, c := range []series.Column{{Name: "id", Ints: []int64{1}}, {Name: "id", Floats: []float64{1}}} {
			f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(i, 1)})
			f.Cols = append(f.Cols, c)
			go func() {
				_, err := s.Write(t.Context(), []series.Frame{f}, nil)
				errs <- err
			}()
		}
		got := []error{<-errs, <-errs}
		if !slices.ContainsFunc(got, func(err error) bool { return err == nil }) || !slices.ContainsFunc(got, func(err error) bool { return errors.Is(err, fault.SeriesType) }) {
			t.Fatalf("got %v, want one to be fault.SeriesType", got)
		}
	}
}

// sizes is an engine that notes the rows of the frames of each call, and keeps
// nothing.
type sizes struct {
	series.Engine
	calls [][]int
}

func (e *sizes) Write(_ context.Context, frames []series.Frame) error {
	var rows []int
	for i := range frames {
		rows = append(rows, frames[i].Len())
	}
	e.calls = append(e.calls, rows)
	return nil
}

// wideTicks returns ticks of 30 columns, which with Time and Seq are 256 bytes
// a row.
func wideTicks(code string, rows int) series.Frame {
	f := manyRows(series.TickKey(market.Symbol{Code: code, Exchange: market.SHFE}), rows, 0)
	f.Seq = make([]uint32, rows)
	values := make([]float64, rows)
	for _, c := range series.BaseColumns(series.Ticks)[:30] {
		f.Cols = append(f.Cols, series.Column{Name: c.Name, Floats: values})
	}
	return f
}

func TestACallIsFilledUpToTheLastByteAndRow(t *testing.T) {
	f := func(want string, frames ...series.Frame) {
		t.Helper()
		e := &sizes{}
		if _, err := series.New(e, nil).Write(t.Context(), frames, nil); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(e.calls); got != want {
			t.Errorf("got calls of %s rows, want %s", got, want)
		}
	}
	const full = series.MaxBytes / 256
	f(fmt.Sprintf("[[%d]]", full), wideTicks("a", full))
	f(fmt.Sprintf("[[%d] [1]]", full), wideTicks("a", full+1))
	f(fmt.Sprintf("[[%d 1]]", full-1), wideTicks("a", full-1), wideTicks("b", 1))
	f(fmt.Sprintf("[[%d] [1]]", full), wideTicks("a", full), wideTicks("b", 1))
	f("[[150000] [150000] [150000]]", wideTicks("a", 150_000), wideTicks("b", 150_000), wideTicks("c", 150_000))
	f(fmt.Sprintf("[[%d] [%[1]d] [1]]", series.MaxRows), manyRows(bars, series.MaxRows, 0),
		manyRows(series.BarKey(rebar, market.Hour), series.MaxRows, 0), manyRows(series.BarKey(rebar, market.Day), 1, 0))
	attrs := wideTicks("b", 1)
	attrs.Attrs = map[string]string{"source": "x"}
	f(fmt.Sprintf("[[%d] [1]]", full-1), wideTicks("a", full-1), attrs)
}

func TestAWriteOfManyPartsEndsWithTheCallThatFails(t *testing.T) {
	for fails, want := range []error{1: fault.Unavailable, 2: fault.SeriesPartly, 3: fault.SeriesPartly} {
		e := &counting{Engine: memseries.NewEngine(), fails: fails, err: fault.Unavailable}
		_, err := series.New(e, nil).Write(t.Context(), []series.Frame{manyRows(bars, 2*series.MaxRows+5, 0)}, nil)
		if !errors.Is(err, want) {
			t.Errorf("call %d fails: got %v, want %v", fails, err, want)
		}
		stored := fmt.Sprintf("%d rows are stored, and the next ", (fails-1)*series.MaxRows)
		if fails > 1 && !strings.Contains(err.Error(), stored) {
			t.Errorf("call %d fails: got %v, want it to say %q", fails, err, stored)
		}
		if fails > 0 && len(e.calls) != fails {
			t.Errorf("call %d fails: got %d calls", fails, len(e.calls))
		}
	}
}

func TestPartsTakeNoTextOfARowWithoutAValue(t *testing.T) {
	const rows = series.MaxRows + 2
	f := manyRows(bars, rows, 0)
	note := series.Column{Name: "note", Valid: make([]bool, rows), Texts: &series.Texts{Dict: []string{"a", "b", "c"}, Index: make([]uint32, rows)}}
	for i := range rows {
		note.Texts.Index[i] = 99 // which has no meaning where there is no value
	}
	note.Texts.Index[rows-1], note.Valid[rows-1] = 2, true
	note.Texts.Index[5], note.Valid[5] = 1, true
	f.Cols = []series.Column{note}
	e := &seeing{Engine: memseries.NewEngine()}
	if _, err := series.New(e, nil).Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	if len(e.frames) != 2 {
		t.Fatalf("got %d frames, want 2", len(e.frames))
	}
	a, b := e.frames[0].Cols[0], e.frames[1].Cols[0]
	got := fmt.Sprintf("%s %s %s %s %v", a.Texts.Dict, b.Texts.Dict, cellText(&a, 5), cellText(&b, 1), b.Valid)
	if want := `[b] [c] note="b" note="c" [false true]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
