package series_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

var (
	rebar = market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	bars  = series.BarKey(rebar, market.Minute)
	ticks = series.TickKey(rebar)
)

// minute is the time of the i-th minute after 2026-01-05T01:00:00Z.
func minute(i int) market.Time { return market.Time(1767574800+60*i) * 1e9 }

func bar(i int, price float64) market.Bar {
	return market.Bar{Time: minute(i), Open: price, High: price + 2, Low: price - 2, Close: price + 1, Volume: 10, Turnover: 31000, OpenInterest: 7}
}

func open(t *testing.T) *series.Store {
	t.Helper()
	s := memseries.Open(nil)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// collect returns the rows of seq, and fails on an error.
func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for row, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// failure returns the error of seq.
func failure[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func writeBars(t *testing.T, s *series.Store, rows ...market.Bar) {
	t.Helper()
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
}

func wantBars(t *testing.T, s *series.Store, r market.Range, want ...market.Bar) {
	t.Helper()
	if got := collect(t, s.Bars(t.Context(), rebar, market.Minute, r)); !slices.Equal(got, want) {
		t.Errorf("bars of %s: got %v, want %v", r, got, want)
	}
}

func TestBarsComeBackInOrderHoweverTheyAreWritten(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(3, 3), bar(1, 1), bar(2, 2))
	writeBars(t, s, bar(0, 0), bar(2, 20))
	wantBars(t, s, market.Range{}, bar(0, 0), bar(1, 1), bar(2, 20), bar(3, 3))
	wantBars(t, s, market.Range{From: minute(1), To: minute(3)}, bar(1, 1), bar(2, 20))
}

func TestOfTwoBarsOfOneMinuteTheLaterCounts(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(1, 1), bar(0, 0), bar(1, 2), bar(1, 3))
	wantBars(t, s, market.Range{}, bar(0, 0), bar(1, 3))
}

func TestAWriteIsRefusedWholeIfOneRowIsInvalid(t *testing.T) {
	s := open(t)
	f := func(name string, want error, spoil func(*market.Bar)) {
		t.Helper()
		bad := bar(1, 1)
		spoil(&bad)
		err := s.WriteBars(t.Context(), rebar, market.Minute, []market.Bar{bar(0, 0), bad, bar(2, 2)})
		if !errors.Is(err, want) || !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
		wantBars(t, s, market.Range{})
	}
	f("no time", fault.MarketNoTime, func(b *market.Bar) { b.Time = 0 })
	f("half a second", fault.MarketSubsecond, func(b *market.Bar) { b.Time += 5e8 })
	f("NaN", fault.MarketNotFinite, func(b *market.Bar) { b.Close = math.NaN() })
	f("infinity", fault.MarketNotFinite, func(b *market.Bar) { b.Turnover = math.Inf(-1) })
	f("year 1600", fault.MarketTimeRange, func(b *market.Bar) { b.Time = market.MinTime - 1e9 })
}

func TestAnErrorNamesTheRowAndTheColumn(t *testing.T) {
	bad := bar(1, 1)
	bad.High = math.NaN()
	err := open(t).WriteBars(t.Context(), rebar, market.Minute, []market.Bar{bar(0, 0), bad})
	const want = "series: write: high: row 1: NaN is not a finite number"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func tick(us int64, seq uint32, price float64) market.Tick {
	return market.Tick{Time: minute(0) + market.Time(us*1000), Seq: seq, LastPrice: price, LastVolume: 1}
}

func TestTicksComeBackWholeInTheOrderOfInstantAndSeq(t *testing.T) {
	s := open(t)
	full := market.Tick{
		Time: minute(0) + 5_123, Seq: 2, Depth: 5, Local: minute(0) + 9, Name: "螺纹钢2601",
		LastPrice: 3100.5, LastVolume: 2, Volume: 1e6, Turnover: 3.1e9, OpenInterest: 2e6,
		LimitUp: 3300, LimitDown: 2900, Open: 3090, High: 3111, Low: 3080, PreClose: math.Copysign(0, -1),
	}
	for i := range full.Bids {
		full.Bids[i] = market.Level{Price: 3100 - float64(i), Volume: float64(i)}
		full.Asks[i] = market.Level{Price: 3101 + float64(i), Volume: 0}
	}
	shallow := market.Tick{Time: minute(0) + 5_001, Seq: 3, Depth: 1, Bids: [5]market.Level{{Price: 1}}}
	none := market.Tick{Time: minute(0) + 5_999, Seq: 1}
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{shallow, full, none}); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s.Ticks(t.Context(), rebar, market.Range{}))
	if want := []market.Tick{none, full, shallow}; !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if len(got) == 3 && !math.Signbit(got[1].PreClose) {
		t.Error("-0 came back as 0")
	}
}

func TestTwoDifferentTicksInOnePlaceAreRefused(t *testing.T) {
	s := open(t)
	err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 0, 1), tick(1, 1, 2), tick(1, 0, 3)})
	if !errors.Is(err, fault.SeriesSamePlace) {
		t.Errorf("got %v, want fault.SeriesSamePlace", err)
	}
	// The same tick twice is the same tick.
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 1, 2), tick(1, 0, 1), tick(1, 1, 2)}); err != nil {
		t.Error(err)
	}
	if got := collect(t, s.Ticks(t.Context(), rebar, market.Range{})); len(got) != 2 {
		t.Errorf("got %d ticks, want 2", len(got))
	}
	frames := []series.Frame{series.FrameOfTicks(rebar, []market.Tick{tick(2, 0, 1)}), series.FrameOfTicks(rebar, []market.Tick{tick(2, 0, 2)})}
	if _, err := s.Write(t.Context(), frames, nil); !errors.Is(err, fault.SeriesSamePlace) {
		t.Errorf("in two frames of one call: got %v, want fault.SeriesSamePlace", err)
	}
}

func TestAWriteCountsWhatItDid(t *testing.T) {
	s := open(t)
	f := func(want series.Counts, rows ...market.Bar) {
		t.Helper()
		got, err := s.Write(t.Context(), []series.Frame{series.FrameOfBars(rebar, market.Minute, rows)}, &series.WriteOptions{Count: true})
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	f(series.Counts{New: 3}, bar(0, 0), bar(2, 2), bar(4, 4))
	f(series.Counts{Unchanged: 3}, bar(4, 4), bar(2, 2), bar(0, 0))
	f(series.Counts{New: 1, Unchanged: 1, Replaced: 1}, bar(0, 0), bar(1, 1), bar(2, 9))
	f(series.Counts{})
	wantBars(t, s, market.Range{}, bar(0, 0), bar(1, 1), bar(2, 9), bar(4, 4))
}

func TestWhatIsStoredAlreadyIsNotWrittenAgain(t *testing.T) {
	s := series.New(forgetful{memseries.NewEngine()}, nil)
	writeBars(t, s, bar(0, 0), bar(1, 1))
	write := func(attrs map[string]string, rows ...market.Bar) int {
		t.Helper()
		since := lastChange(t, s)
		f := series.FrameOfBars(rebar, market.Minute, rows)
		f.Attrs = attrs
		if _, err := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{Count: true}); err != nil {
			t.Fatal(err)
		}
		return len(collect(t, s.Changes(t.Context(), since)))
	}
	if got := write(nil, bar(1, 1), bar(0, 0)); got != 0 {
		t.Errorf("the same rows: got %d changes, want none", got)
	}
	if got := write(nil, bar(1, 1), bar(0, 2)); got == 0 {
		t.Error("another row: got no change")
	}
	if got := write(map[string]string{series.AttrSource: "x"}, bar(1, 1)); got == 0 {
		t.Error("the same row and an attribute: got no change")
	}
}

func TestARowThatDiffersIsRefusedWhereThatIsAsked(t *testing.T) {
	s := open(t)
	refuse := &series.WriteOptions{RefuseDifferent: true}
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 0, 1), tick(2, 0, 2)}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Write(t.Context(), []series.Frame{series.FrameOfTicks(rebar, []market.Tick{tick(0, 0, 9), tick(1, 0, 1), tick(2, 0, 3)})}, refuse)
	if !errors.Is(err, fault.SeriesDiffers) || !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want fault.SeriesDiffers", err)
	}
	if got := collect(t, s.Ticks(t.Context(), rebar, market.Range{})); len(got) != 2 {
		t.Errorf("the refused call left %d ticks, want the 2 from before", len(got))
	}
	counts, err := s.Write(t.Context(), []series.Frame{series.FrameOfTicks(rebar, []market.Tick{tick(0, 0, 9), tick(1, 0, 1)})}, refuse)
	if want := (series.Counts{New: 1, Unchanged: 1}); err != nil || counts != want {
		t.Errorf("got %+v, %v, want %+v", counts, err, want)
	}
}

func TestAReplaceRefusesRowsThatDifferWhereThatIsAsked(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 0), bar(1, 1))
	refuse := &series.WriteOptions{RefuseDifferent: true}
	_, err := s.Replace(t.Context(), market.Range{}, series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(1, 2)}), refuse)
	if !errors.Is(err, fault.SeriesDiffers) {
		t.Errorf("got %v, want fault.SeriesDiffers", err)
	}
	wantBars(t, s, market.Range{}, bar(0, 0), bar(1, 1))
	counts, err := s.Replace(t.Context(), market.Range{}, series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(1, 1), bar(2, 2)}), refuse)
	if want := (series.Counts{New: 1, Unchanged: 1, Deleted: 1}); err != nil || counts != want {
		t.Errorf("got %+v, %v, want %+v", counts, err, want)
	}
}

func TestReplaceExchangesARange(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 0), bar(1, 1), bar(2, 2), bar(3, 3))
	r := market.Range{From: minute(1), To: minute(3)}
	got, err := s.Replace(t.Context(), r, series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(2, 9)}), &series.WriteOptions{Count: true})
	if want := (series.Counts{Replaced: 1, Deleted: 1}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	wantBars(t, s, market.Range{}, bar(0, 0), bar(2, 9), bar(3, 3))
	_, err = s.Replace(t.Context(), r, series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(3, 9)}), nil)
	if !errors.Is(err, fault.SeriesOutside) {
		t.Errorf("a row outside the range: got %v, want fault.SeriesOutside", err)
	}
}

func TestDeleteTellsHowManyRowsThereWere(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 0), bar(1, 1), bar(2, 2))
	got, err := s.Delete(t.Context(), bars, market.Range{To: minute(2)})
	if want := (series.Counts{Deleted: 2}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	wantBars(t, s, market.Range{}, bar(2, 2))
}

func TestLatestIsTheLastRowOfEachKey(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 0), bar(1, 1))
	other := series.BarKey(market.Symbol{Code: "none", Exchange: market.DCE}, market.Minute)
	for f, err := range s.Latest(t.Context(), other, bars) {
		if err != nil || f.Key != bars || f.Len() != 1 || f.Time[0] != minute(1) {
			t.Errorf("got %+v, %v, want the bar of minute 1", f, err)
		}
	}
}

func TestAnExtraColumnKeepsItsType(t *testing.T) {
	s := open(t)
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(0, 0)})
	f.Cols = append(f.Cols, series.Column{Name: "venue", Texts: &series.Texts{Dict: []string{"N"}, Index: []uint32{0}}})
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	f.Cols[len(f.Cols)-1] = series.Column{Name: "venue", Ints: []int64{7}}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); !errors.Is(err, fault.SeriesType) {
		t.Errorf("got %v, want fault.SeriesType", err)
	}
	if _, err := s.Delete(t.Context(), bars, market.Range{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Errorf("after the series was deleted: %v", err)
	}
}

func TestAQueryThatMakesNoSenseIsRefused(t *testing.T) {
	s := open(t)
	f := func(name string, q series.Query) {
		t.Helper()
		if err := failure(s.Read(t.Context(), q)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want fault.Invalid", name, err)
		}
	}
	f("no key", series.Query{})
	f("a key twice", series.Query{Keys: []series.Key{bars, bars}})
	f("a key without a kind", series.Query{Keys: []series.Key{{Symbol: rebar}}})
	f("ticks with an interval", series.Query{Keys: []series.Key{{Kind: series.Ticks, Symbol: rebar, Interval: market.Hour}}})
	f("bars without an interval", series.Query{Keys: []series.Key{{Kind: series.Bars, Symbol: rebar}}})
	f("an indicator without a name", series.Query{Keys: []series.Key{{Kind: series.Indicator, Symbol: rebar, Interval: market.Hour}}})
	f("a negative limit", series.Query{Keys: []series.Key{bars}, Limit: -1})
	f("a range backwards", series.Query{Keys: []series.Key{bars}, Range: market.Range{From: 2e9, To: 1e9}})
	f("ticks by nanoseconds", series.Query{Keys: []series.Key{ticks}, Range: market.Range{From: 2001}})
}

func TestChangesTellWhatWasWrittenInOrder(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 0), bar(1, 1))
	if _, err := s.Delete(t.Context(), bars, market.Range{To: minute(1)}); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s.Changes(t.Context(), 0))
	want := []series.Change{
		{Seq: 1, Key: bars, Range: market.Range{From: minute(0), To: minute(1) + 1}},
		{Seq: 2, Key: bars, Range: market.Range{To: minute(1)}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := collect(t, s.Changes(t.Context(), 2)); len(got) != 0 {
		t.Errorf("after the last: got %v, want none", got)
	}
	if err := failure(s.Changes(t.Context(), 3)); !errors.Is(err, fault.SeriesChanges) {
		t.Errorf("a number from the future: got %v, want fault.SeriesChanges", err)
	}
}

// forgetful is an engine that keeps no record of changes.
type forgetful struct{ series.Engine }

func (forgetful) Changes(context.Context, uint64) iter.Seq2[series.Change, error] {
	return func(yield func(series.Change, error) bool) { yield(series.Change{}, errors.ErrUnsupported) }
}

// lastChange returns the number of the last change that s knows.
func lastChange(t *testing.T, s *series.Store) uint64 {
	t.Helper()
	var forgotten *series.Forgotten
	if err := failure(s.Changes(t.Context(), 0)); !errors.As(err, &forgotten) || !errors.Is(err, fault.Conflict) {
		t.Fatalf("got %v, want a series.Forgotten", err)
	}
	return forgotten.Last
}

func TestAStoreRemembersChangesForAnEngineThatDoesNot(t *testing.T) {
	s := series.New(forgetful{memseries.NewEngine()}, &series.Options{KnownChanges: 2})
	first := lastChange(t, s)
	for i := range 5 {
		writeBars(t, s, bar(i, 1))
	}
	got := collect(t, s.Changes(t.Context(), first+3))
	if len(got) != 2 || got[0].Seq != first+4 || got[1].Range.From != minute(4) {
		t.Errorf("after 3: got %v, want 4 and 5", got)
	}
	for _, since := range []uint64{first, first + 9, first - 1} { // forgotten, to come, of an earlier store
		if err := failure(s.Changes(t.Context(), since)); !errors.Is(err, fault.SeriesChanges) {
			t.Errorf("after %d: got %v, want fault.SeriesChanges", since, err)
		}
	}
	if got := collect(t, s.Changes(t.Context(), lastChange(t, s))); len(got) != 0 {
		t.Errorf("after the last: got %v, want none", got)
	}
}

func TestAnotherStoreDoesNotTakeTheNumbersOfOneBefore(t *testing.T) {
	e := forgetful{memseries.NewEngine()}
	before := series.New(e, nil)
	writeBars(t, before, bar(0, 1))
	since := lastChange(t, before)
	for time.Now().UnixMicro() <= int64(since) {
		runtime.Gosched()
	}
	s := series.New(e, nil)
	writeBars(t, s, bar(1, 1), bar(2, 2))
	if err := failure(s.Changes(t.Context(), since)); !errors.Is(err, fault.SeriesChanges) {
		t.Errorf("got %v, want fault.SeriesChanges", err)
	}
}

func TestAfterCloseEverythingIsClosed(t *testing.T) {
	s := memseries.Open(nil)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, deleted := s.Delete(ctx, bars, market.Range{})
	_, replaced := s.Replace(ctx, market.Range{}, series.FrameOfBars(rebar, market.Minute, nil), nil)
	_, nothing := s.Write(ctx, nil, nil)
	_, sequencer := s.Sequencer(ctx)
	_, profile := s.Profile(ctx, bars, market.Range{}, 1)
	for name, err := range map[string]error{
		"write": s.WriteBars(ctx, rebar, market.Minute, []market.Bar{bar(0, 0)}), "delete": deleted, "replace": replaced,
		"write of nothing": nothing, "sequencer": sequencer, "profile": profile,
		"resample": failure(s.Resample(ctx, series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: time.UTC})),
		"read":     failure(s.Bars(ctx, rebar, market.Minute, market.Range{})), "latest": failure(s.Latest(ctx, bars)),
		"overview": failure(s.Overview(ctx, series.Filter{})), "changes": failure(s.Changes(ctx, 0)),
	} {
		if !errors.Is(err, fault.Closed) {
			t.Errorf("%s: got %v, want fault.Closed", name, err)
		}
	}
}

func TestOverviewTellsWhatIsStored(t *testing.T) {
	s := open(t)
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(1, 1), bar(5, 5)})
	f.Attrs = map[string]string{series.AttrZone: "Asia/Shanghai"}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s.Overview(t.Context(), series.Filter{Exchange: market.SHFE}))
	if len(got) != 1 || got[0].Key != bars || got[0].Count != 2 || got[0].First != minute(1) || got[0].Last != minute(5) || got[0].Attrs["zone"] != "Asia/Shanghai" {
		t.Errorf("got %+v", got)
	}
	if got := collect(t, s.Overview(t.Context(), series.Filter{Kind: series.Ticks})); len(got) != 0 {
		t.Errorf("ticks: got %+v, want none", got)
	}
}

func TestACallThatIsCancelledBeforeItBeginsChangesNothing(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WriteBars(ctx, rebar, market.Minute, []market.Bar{bar(0, 0)}); !errors.Is(err, context.Canceled) || errors.Is(err, fault.Unknown) {
		t.Errorf("write: got %v, want context.Canceled alone", err)
	}
	if err := failure(s.Bars(ctx, rebar, market.Minute, market.Range{})); !errors.Is(err, context.Canceled) {
		t.Errorf("read: got %v, want context.Canceled", err)
	}
	wantBars(t, s, market.Range{})
}

// unsure is an engine that keeps no record of changes, does what it is told and
// then says err; what it reads ends with reads.
type unsure struct {
	forgetful
	err, reads error
	then       func() // before it returns; nil for nothing
}

func (u *unsure) said(err error) error {
	if u.then != nil {
		u.then()
	}
	return errors.Join(err, u.err)
}

func (u *unsure) Write(ctx context.Context, frames []series.Frame) error {
	return u.said(u.Engine.Write(ctx, frames))
}

func (u *unsure) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	return u.said(u.Engine.Replace(ctx, r, f))
}

func (u *unsure) Delete(ctx context.Context, k series.Key, r market.Range) error {
	return u.said(u.Engine.Delete(ctx, k, r))
}

func (u *unsure) Close() error { return u.said(u.Engine.Close()) }

func (u *unsure) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	return ending(u.Engine.Read(ctx, q), u.reads)
}

func (u *unsure) Overview(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
	return ending(u.Engine.Overview(ctx, f), u.reads)
}

// ending yields what seq does, and then err if there is one.
func ending[T any](seq iter.Seq2[T, error], err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if !yield(v, err) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

func newUnsure() *unsure { return &unsure{forgetful: forgetful{memseries.NewEngine()}} }

// extraBar is a frame of the bar of minute i with one extra column.
func extraBar(i int, c series.Column) series.Frame {
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(i, 1)})
	f.Cols = append(f.Cols, c)
	return f
}

func idNumber() series.Column { return series.Column{Name: "id", Ints: []int64{1}} }

func idText() series.Column {
	return series.Column{Name: "id", Texts: &series.Texts{Dict: []string{"a"}, Index: []uint32{0}}}
}

func TestEveryChangeIsRememberedAlsoOneThatFailed(t *testing.T) {
	hours, r := series.BarKey(rebar, market.Hour), market.Range{From: minute(0), To: minute(9)}
	want := []series.Change{
		{Seq: 1, Key: bars, Range: market.Range{From: 1e9, To: 1e9 + 1}},
		{Seq: 2, Key: hours, Range: market.Range{From: 1e9, To: 2e9 + 1}},
		{Seq: 3, Key: bars, Range: r}, {Seq: 4, Key: bars, Range: r},
	}
	for _, fails := range []error{nil, fault.Unknown} {
		e := newUnsure()
		e.err = fails
		s := series.New(e, nil)
		since := lastChange(t, s)
		_, wrote := s.Write(t.Context(), []series.Frame{manyRows(bars, 1, 1), manyRows(hours, 2, 1)}, nil)
		_, replaced := s.Replace(t.Context(), r, series.FrameOfBars(rebar, market.Minute, nil), nil)
		_, deleted := s.Delete(t.Context(), bars, r)
		for name, err := range map[string]error{"write": wrote, "replace": replaced, "delete": deleted} {
			if !errors.Is(err, fails) {
				t.Errorf("%s: got %v, want %v", name, err, fails)
			}
		}
		got := collect(t, s.Changes(t.Context(), since))
		for i := range got {
			got[i].Seq -= since
		}
		if !slices.Equal(got, want) {
			t.Errorf("with %v: got %v, want %v", fails, got, want)
		}
	}
}

func TestAWriteThatIsCancelledInTheEngineIsToldAsAChange(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := newUnsure()
	e.err, e.then = errors.Join(fault.Unknown, context.Canceled), cancel
	s := series.New(e, nil)
	since := lastChange(t, s)
	if err := s.WriteBars(ctx, rebar, market.Minute, []market.Bar{bar(0, 1)}); !errors.Is(err, fault.Unknown) {
		t.Fatalf("got %v, want fault.Unknown", err)
	}
	if got := collect(t, s.Changes(t.Context(), since)); len(got) != 1 || got[0].Key != bars {
		t.Errorf("got %v, want the change that may have happened", got)
	}
}

func TestATickThatIsNotValidIsRefusedWithItsRow(t *testing.T) {
	s := open(t)
	bad := tick(2, 0, 2)
	bad.Name = "\xff"
	err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 0, 1), bad})
	if !errors.Is(err, fault.SeriesFrame) || !strings.Contains(err.Error(), "name: row 1") {
		t.Errorf("got %v, want fault.SeriesFrame with name: row 1", err)
	}
	if got := collect(t, s.Ticks(t.Context(), rebar, market.Range{})); len(got) != 0 {
		t.Errorf("got %v, want nothing stored", got)
	}
}

func TestReplaceAndDeleteRefuseWhatMakesNoSense(t *testing.T) {
	s := open(t)
	f := func(name string, k series.Key, r market.Range) {
		t.Helper()
		g := series.Frame{Key: k, Time: []market.Time{}}
		if k.Kind == series.Ticks {
			g.Seq = []uint32{}
		}
		_, replaced := s.Replace(t.Context(), r, g, nil)
		_, deleted := s.Delete(t.Context(), k, r)
		if fault.KindOf(replaced) != fault.Invalid || fault.KindOf(deleted) != fault.Invalid {
			t.Errorf("%s: got %v and %v, want both fault.Invalid", name, replaced, deleted)
		}
	}
	f("a range backwards", bars, market.Range{From: minute(2), To: minute(1)})
	f("ticks by nanoseconds", ticks, market.Range{From: minute(0) + 1})
	f("a key without a kind", series.Key{Symbol: rebar}, market.Range{})
	f("bars without an interval", series.Key{Kind: series.Bars, Symbol: rebar}, market.Range{})
	if got := collect(t, s.Changes(t.Context(), 0)); len(got) != 0 {
		t.Errorf("got changes %v, want none", got)
	}
}

func TestReplaceTakesRowsInAnyOrder(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(1, 5), bar(4, 4))
	r := market.Range{To: minute(4)}
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(3, 3), bar(0, 0), bar(1, 8), bar(1, 1)})
	got, err := s.Replace(t.Context(), r, f, &series.WriteOptions{Count: true})
	if want := (series.Counts{New: 2, Replaced: 1}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	wantBars(t, s, market.Range{}, bar(0, 0), bar(1, 1), bar(3, 3), bar(4, 4))
	wantBars(t, s, market.Range{From: minute(1), To: minute(2)}, bar(1, 1))
}

func TestADeleteThatCannotCountDeletesNothing(t *testing.T) {
	e := newUnsure()
	s := series.New(e, nil)
	writeBars(t, s, bar(0, 0), bar(1, 1))
	e.reads = fault.Unavailable
	counts, err := s.Delete(t.Context(), bars, market.Range{})
	if !errors.Is(err, fault.Unavailable) || counts != (series.Counts{}) {
		t.Errorf("got %+v, %v, want fault.Unavailable", counts, err)
	}
	e.reads = nil
	wantBars(t, s, market.Range{}, bar(0, 0), bar(1, 1))
}

func TestAReaderMayStopAtAnyElement(t *testing.T) {
	s := series.New(forgetful{memseries.NewEngine()}, nil)
	hours := series.BarKey(rebar, market.Hour)
	for range 2 {
		if _, err := s.Write(t.Context(), []series.Frame{manyRows(bars, 2, 7), manyRows(hours, 2, 7)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 0, 1), tick(2, 0, 2)}); err != nil {
		t.Fatal(err)
	}
	wantFirst(t, s.Read(t.Context(), series.Query{Keys: []series.Key{bars, hours}}))
	wantFirst(t, s.Bars(t.Context(), rebar, market.Minute, market.Range{}))
	wantFirst(t, s.Ticks(t.Context(), rebar, market.Range{}))
	wantFirst(t, s.Overview(t.Context(), series.Filter{}))
	wantFirst(t, s.Changes(t.Context(), lastChange(t, s)-1))
}

// wantFirst stops at the first element, of which there must be one. A sequence
// that goes on nevertheless panics.
func wantFirst[T any](t *testing.T, seq iter.Seq2[T, error]) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Errorf("got %v, want an element", err)
		}
		_ = v
		return
	}
	t.Error("got no element, want one")
}

func TestAReaderOfRowsMayStopBetweenFrames(t *testing.T) {
	f := series.FrameOfBars(rebar, market.Minute, manyBars(3))
	g := series.FrameOfTicks(rebar, []market.Tick{tick(1, 0, 1), tick(2, 0, 2)})
	wantFirst(t, series.New(twice{still{frame: &f}}, nil).Bars(t.Context(), rebar, market.Minute, market.Range{}))
	wantFirst(t, series.New(twice{still{frame: &g}}, nil).Ticks(t.Context(), rebar, market.Range{}))
}

// twice is an engine that answers with its frame two times.
type twice struct{ still }

func (e twice) Read(context.Context, series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		for range 2 {
			if !yield(e.frame, nil) {
				return
			}
		}
	}
}

func TestAnErrorOfCloseIsTold(t *testing.T) {
	e := newUnsure()
	e.err = fault.Unavailable
	if err := series.New(e, nil).Close(); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want fault.Unavailable", err)
	}
}

func TestACallThatCannotReadWhatItCountsChangesNothing(t *testing.T) {
	e := newUnsure()
	s := series.New(e, nil)
	writeBars(t, s, bar(0, 0))
	e.reads = fault.Unavailable
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(0, 9), bar(1, 9)})
	_, wrote := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{Count: true})
	_, replaced := s.Replace(t.Context(), market.Range{}, f, &series.WriteOptions{Count: true})
	if !errors.Is(wrote, fault.Unavailable) || !errors.Is(replaced, fault.Unavailable) {
		t.Errorf("got %v and %v, want fault.Unavailable", wrote, replaced)
	}
	e.reads = nil
	wantBars(t, s, market.Range{}, bar(0, 0))
}

func TestACountOfSeveralFramesIsTheSumOfAll(t *testing.T) {
	s := open(t)
	two := market.Symbol{Code: "cu2601", Exchange: market.SHFE}
	frames := func(rows ...market.Bar) []series.Frame {
		return []series.Frame{series.FrameOfBars(rebar, market.Minute, rows), series.FrameOfBars(two, market.Minute, rows)}
	}
	f := func(want series.Counts, rows ...market.Bar) {
		t.Helper()
		got, err := s.Write(t.Context(), frames(rows...), &series.WriteOptions{Count: true})
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	f(series.Counts{New: 6}, bar(0, 0), bar(1, 1), bar(2, 2))
	f(series.Counts{New: 2, Unchanged: 4, Replaced: 2}, bar(0, 0), bar(1, 9), bar(2, 2), bar(3, 3))
}

func TestARefusalTellsHowManyRowsDifferAndWhereTheFirstIs(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 0), bar(1, 1), bar(2, 2), bar(3, 3))
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(0, 0), bar(1, 7), bar(2, 2), bar(3, 8)})
	_, err := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{RefuseDifferent: true})
	want := fmt.Sprintf("2 rows of %s differ from those stored, the first of them at %s", bars, minute(1))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
}

func TestMinusZeroIsNotZero(t *testing.T) {
	s := open(t)
	zero, minus := bar(0, 0), bar(0, 0)
	minus.Open = math.Copysign(0, -1)
	writeBars(t, s, zero)
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{minus})
	got, err := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{Count: true})
	if want := (series.Counts{Replaced: 1}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
