package series_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// extra returns a frame of one bar with the extra column x.
func extra(i int, c series.Column) series.Frame {
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(i, 1)})
	c.Name = "x"
	f.Cols = append(f.Cols, c)
	return f
}

var (
	integer = series.Column{Ints: []int64{7}}
	float   = series.Column{Floats: []float64{2.5}}
	text    = series.Column{Texts: &series.Texts{Dict: []string{"SHFE"}, Index: []uint32{0}}}
)

func wantTypeRefused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, fault.SeriesType) {
		t.Errorf("got %v, want fault.SeriesType", err)
	}
}

func write(t *testing.T, s *series.Store, frames ...series.Frame) {
	t.Helper()
	if _, err := s.Write(t.Context(), frames, nil); err != nil {
		t.Fatal(err)
	}
}

func TestTwoTypesInOneCallAreRefused(t *testing.T) {
	s := open(t)
	_, err := s.Write(t.Context(), []series.Frame{extra(0, integer), extra(1, text), extra(2, float)}, nil)
	wantTypeRefused(t, err)
	wantBars(t, s, market.Range{})
}

func TestAColumnWithoutAnyValueHasNoType(t *testing.T) {
	e := memseries.NewEngine()
	s := series.New(e, nil)
	none := series.Column{Floats: []float64{0}, Valid: []bool{false}}
	write(t, s, extra(0, none))
	write(t, s, extra(1, integer), extra(0, none))
	_, err := s.Write(t.Context(), []series.Frame{extra(2, float)}, nil)
	wantTypeRefused(t, err)
	empty := extra(0, float)
	empty = empty.Slice(0, 0)
	write(t, s, empty)
	if got := collect(t, s.Bars(t.Context(), rebar, market.Minute, market.Range{})); len(got) != 2 {
		t.Errorf("got %d bars, want 2", len(got))
	}
}

func TestARefusedReplaceTakesNoType(t *testing.T) {
	s := open(t)
	if _, err := s.Replace(t.Context(), market.Range{From: minute(5)}, extra(0, float), nil); !errors.Is(err, fault.SeriesOutside) {
		t.Errorf("got %v, want fault.SeriesOutside", err)
	}
	write(t, s, extra(0, integer))
}

func TestADeletedSeriesHasNoTypes(t *testing.T) {
	s := open(t)
	write(t, s, extra(0, integer))
	if _, err := s.Delete(t.Context(), bars, market.Range{}); err != nil {
		t.Fatal(err)
	}
	write(t, s, extra(0, text))
	_, err := s.Write(t.Context(), []series.Frame{extra(1, integer)}, nil)
	wantTypeRefused(t, err)
}

func TestASeriesHasAtMost64ExtraColumns(t *testing.T) {
	s := open(t)
	many := func(i int, name string) series.Frame {
		f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(i, 1)})
		for n := range 40 {
			f.Cols = append(f.Cols, series.Column{Name: fmt.Sprint(name, n), Ints: []int64{1}})
		}
		return f
	}
	if _, err := s.Write(t.Context(), []series.Frame{many(0, "a"), many(1, "b")}, nil); !errors.Is(err, fault.SeriesFrame) {
		t.Errorf("80 in one call: got %v, want fault.SeriesFrame", err)
	}
	write(t, s, many(0, "a"))
	if _, err := s.Write(t.Context(), []series.Frame{many(1, "b")}, nil); !errors.Is(err, fault.SeriesFrame) {
		t.Errorf("80 in two calls: got %v, want fault.SeriesFrame", err)
	}
	write(t, s, many(1, "a"))
}

// slow is an engine whose next write waits.
type slow struct {
	series.Engine
	begun, goOn chan struct{}
	once        sync.Once
}

func (e *slow) Write(ctx context.Context, frames []series.Frame) error {
	e.once.Do(func() {
		close(e.begun)
		<-e.goOn
	})
	return e.Engine.Write(ctx, frames)
}

func TestATypeIsTakenWhileItIsBeingWritten(t *testing.T) {
	e := &slow{Engine: memseries.NewEngine(), begun: make(chan struct{}), goOn: make(chan struct{})}
	s := series.New(e, nil)
	var calls sync.WaitGroup
	calls.Go(func() {
		if _, err := s.Write(t.Context(), []series.Frame{extra(0, float)}, nil); err != nil {
			t.Error(err)
		}
	})
	<-e.begun
	// Neither may get in between.
	calls.Go(func() {
		if _, err := s.Delete(t.Context(), bars, market.Range{From: minute(8), To: minute(9)}); err != nil {
			t.Error(err)
		}
	})
	calls.Go(func() {
		_, err := s.Write(t.Context(), []series.Frame{extra(1, integer)}, nil)
		wantTypeRefused(t, err)
	})
	ctx, cancel := context.WithCancel(t.Context())
	calls.Go(cancel)
	if _, err := s.Write(ctx, []series.Frame{extra(1, integer)}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("one that does not wait: got %v, want context.Canceled", err)
	}
	close(e.goOn)
	calls.Wait()
}

func TestOfCallsThatRefuseWhatDiffersOneWins(t *testing.T) {
	for range 100 {
		s := open(t)
		errs := make(chan error, 4)
		for i := range cap(errs) {
			go func() {
				f := extra(0, series.Column{Floats: []float64{float64(i)}})
				_, err := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{RefuseDifferent: true})
				errs <- err
			}()
		}
		refused := 0
		for range cap(errs) {
			if err := <-errs; errors.Is(err, fault.SeriesDiffers) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if refused != cap(errs)-1 {
			t.Fatalf("%d calls were refused, want all but one of %d", refused, cap(errs))
		}
	}
}

func TestCallsOverTheSameSeriesInAnyOrderDoNotWaitForEachOther(t *testing.T) {
	s := open(t)
	other := extra(0, integer)
	other.Key.Interval = market.Hour
	frames := []series.Frame{extra(0, integer), other}
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			mine := slices.Clone(frames)
			if i%2 == 0 {
				slices.Reverse(mine)
			}
			for range 200 {
				if _, err := s.Write(t.Context(), mine, &series.WriteOptions{RefuseDifferent: i%4 < 2}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	calls.Wait()
}

// seeing is an engine in memory that keeps copies of the frames it is given.
type seeing struct {
	series.Engine
	frames []series.Frame
}

func (e *seeing) Write(ctx context.Context, frames []series.Frame) error {
	for i := range frames {
		e.frames = append(e.frames, *frames[i].Clone())
	}
	return e.Engine.Write(ctx, frames)
}

func (e *seeing) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	e.frames = append(e.frames, *f.Clone())
	return e.Engine.Replace(ctx, r, f)
}

// wantTaken wants s to take f.
func wantTaken(t *testing.T, s *series.Store, name string, f series.Frame) {
	t.Helper()
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Errorf("%s: got %v, want it to be taken", name, err)
	}
}

func TestATypeIsNotTakenByACallThatWasRefused(t *testing.T) {
	refuse := &series.WriteOptions{RefuseDifferent: true}
	all := market.Range{}
	for name, call := range map[string]func(*series.Store, *unsure) error{
		"a write that is refused": func(s *series.Store, _ *unsure) error {
			_, err := s.Write(t.Context(), []series.Frame{extraBar(0, idNumber())}, refuse)
			return err
		},
		"a replace that is refused": func(s *series.Store, _ *unsure) error {
			_, err := s.Replace(t.Context(), all, extraBar(0, idNumber()), refuse)
			return err
		},
		"another frame of the call": func(s *series.Store, _ *unsure) error {
			bad := series.FrameOfTicks(rebar, []market.Tick{tick(1, 0, 1), tick(1, 0, 2)})
			_, err := s.Write(t.Context(), []series.Frame{extraBar(1, idNumber()), bad}, nil)
			return err
		},
		"a type of another column": func(s *series.Store, _ *unsure) error {
			f := extraBar(1, idNumber())
			f.Cols = append(f.Cols, series.Column{Name: "other", Ints: []int64{1}})
			_, err := s.Write(t.Context(), []series.Frame{f}, nil)
			return err
		},
	} {
		e := newUnsure()
		s := series.New(e, nil)
		wantTaken(t, s, name, extraBar(0, series.Column{Name: "other", Floats: []float64{1}}))
		if err := call(s, e); err == nil {
			t.Errorf("%s: got no error", name)
		}
		wantTaken(t, s, name, extraBar(2, idText()))
	}
}

func TestATypeIsNotTakenByAReplaceThatFailed(t *testing.T) {
	s := series.New(&replaceless{memseries.NewEngine()}, nil)
	if _, err := s.Replace(t.Context(), market.Range{}, extraBar(0, idNumber()), nil); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want fault.Unavailable", err)
	}
	wantTaken(t, s, "a text", extraBar(0, idText()))
}

// replaceless is an engine that cannot replace.
type replaceless struct{ series.Engine }

func (replaceless) Replace(context.Context, market.Range, series.Frame) error {
	return fault.Unavailable
}

func TestATypeIsForgottenByADeleteThatFailedWhenItWasDone(t *testing.T) {
	e := newUnsure()
	s := series.New(e, nil)
	wantTaken(t, s, "a number", extraBar(0, idNumber()))
	e.err = fault.Unknown
	if _, err := s.Delete(t.Context(), bars, market.Range{}); !errors.Is(err, fault.Unknown) {
		t.Fatalf("got %v, want fault.Unknown", err)
	}
	e.err = nil
	wantTaken(t, s, "a text", extraBar(0, idText()))
}

func TestAStoreKnowsTheTypesThatItsEngineHas(t *testing.T) {
	e := memseries.NewEngine()
	wantTaken(t, series.New(e, nil), "a number", extraBar(0, idNumber()))
	s := series.New(e, nil)
	if _, err := s.Write(t.Context(), []series.Frame{extraBar(1, idText())}, nil); !errors.Is(err, fault.SeriesType) {
		t.Errorf("a text by another store: got %v, want fault.SeriesType", err)
	}
	wantTaken(t, s, "a number by another store", extraBar(1, idNumber()))
	f := extraBar(2, idText())
	f.Key.Interval = market.Hour
	wantTaken(t, s, "a text in another series", f)
}

func TestATypeStaysKnownAfterAWriteWithoutTheColumn(t *testing.T) {
	s := open(t)
	wantTaken(t, s, "a number", extraBar(0, idNumber()))
	wantTaken(t, s, "another column", extraBar(1, series.Column{Name: "other", Floats: []float64{1}}))
	if _, err := s.Write(t.Context(), []series.Frame{extraBar(2, idText())}, nil); !errors.Is(err, fault.SeriesType) {
		t.Errorf("a text: got %v, want fault.SeriesType", err)
	}
}

func TestAWriteWhoseTypesCannotBeReadIsRefused(t *testing.T) {
	e := newUnsure()
	s := series.New(e, nil)
	e.reads = fault.Unavailable
	if _, err := s.Write(t.Context(), []series.Frame{extraBar(0, idNumber())}, nil); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want fault.Unavailable", err)
	}
	e.reads = nil
	wantBars(t, s, market.Range{})
	wantTaken(t, s, "a text", extraBar(0, idText()))
}

func TestEveryFrameOfACallKeepsItsTypes(t *testing.T) {
	s := open(t)
	hours := extraBar(0, idNumber())
	hours.Key.Interval = market.Hour
	wantTaken(t, s, "a number", hours)
	hours.Cols[len(hours.Cols)-1] = idText()
	if _, err := s.Write(t.Context(), []series.Frame{extraBar(0, idNumber()), hours}, nil); !errors.Is(err, fault.SeriesType) {
		t.Errorf("got %v, want fault.SeriesType", err)
	}
	wantBars(t, s, market.Range{})
}
