package seriesbench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/bench/raw"
	"github.com/redfire-quant/redfire/market"
)

// A work is something that engines are timed at.
type work struct {
	name, unit string
	less       bool // less is better
	run        func(ctx context.Context, s *session) (measure, error)
	limits     []limit
}

// A measure is the figure of an engine and over how many rows it was taken.
type measure struct {
	value float64
	rows  int
}

// A scene is works that are done one after the other on one store, which begins
// empty. The first fills it: where an engine lacks that it does none of the
// others. An engine that fails at one of them, or reads what was not written,
// has no figure in the whole scene.
type scene struct {
	name  string
	works []work
}

const (
	rate   = "rows/s"
	millis = "ms"
)

// hourSymbols are those of which 200,000 minutes in all are made hours.
const hourSymbols = 2

// scenes are all that is measured.
func scenes() []scene {
	bulk := func(p plan) (int, int) { return p.barSymbols, p.barRows }
	batches := func(p plan) (int, int) { return p.batches, batchRows }
	ticks := func(p plan) (int, int) { return p.tickSymbols, p.tickRows }
	return []scene{
		{"bars", []work{
			{"write bars in bulk", rate, false, writeBulk, []limit{rawWrite(bulk, barBytes)}},
			{"bytes a row on disk", "B", true, sizeOnDisk, nil},
			{"open the store after close", millis, true, reopen, nil},
			{"read columns", rate, false, readColumns, []limit{codecAlone, rawRead(bulk, columnBytes)}},
			{"read rows", rate, false, readRows, []limit{rawRead(bulk, barBytes)}},
			{"200k minutes to hours", millis, true, makeHours, []limit{foldAlone}},
			{"count the bars of each day", rate, false, countDays, []limit{timesAlone}},
		}},
		{"batches", []work{
			{"write batches of 5,000 rows of 50 symbols", rate, false, writeBatches, []limit{rawWrite(batches, barBytes)}},
		}},
		{"instants", []work{
			{"write one bar of each of 5,000 symbols at once", millis, true, writeInstants, []limit{oneSync(allSymbols * barBytes)}},
		}},
		{"ticks", []work{
			{"write ticks", rate, false, writeTicks, []limit{rawWrite(ticks, tickBytes)}},
			{"read ticks", rate, false, readTicks, []limit{rawRead(ticks, tickBytes)}},
		}},
	}
}

// writeBulk writes symbol by symbol, a call each. What it wrote is checked by
// the works after it.
func writeBulk(ctx context.Context, s *session) (measure, error) {
	s.bars = s.data.makeBars(s.plan.barSymbols, s.plan.barRows)
	var took time.Duration
	for i := range s.bars {
		d, err := s.clock(ctx, func() error { return s.engine.WriteBars(ctx, s.bars[i:i+1]) })
		if err != nil {
			return measure{}, err
		}
		took += d
	}
	n := countBars(s.bars)
	return measure{float64(n) / took.Seconds(), n}, nil
}

// sizeOnDisk looks at what lies there after the second Close: some clear away
// what they no longer need when they are opened.
func sizeOnDisk(ctx context.Context, s *session) (measure, error) {
	if err := s.lasts(); err != nil {
		return measure{}, err
	}
	if err := s.reopen(ctx); err != nil {
		return measure{}, err
	}
	if err := s.engine.Close(); err != nil {
		return measure{}, err
	}
	bytes, err := raw.Size(s.dir)
	if err != nil {
		return measure{}, err
	}
	n := countBars(s.bars)
	return measure{float64(bytes) / float64(n), n}, s.open(ctx)
}

// reopen closes and opens a few times; the works after it read what came back.
func reopen(ctx context.Context, s *session) (measure, error) {
	if err := s.lasts(); err != nil {
		return measure{}, err
	}
	if s.entry.noOpen != "" {
		return measure{}, unsupported(s.entry.noOpen)
	}
	var took []time.Duration
	for range 3 {
		if err := s.engine.Close(); err != nil {
			return measure{}, err
		}
		d, err := s.clock(ctx, func() error { return s.open(ctx) })
		if err != nil {
			return measure{}, err
		}
		took = append(took, d)
	}
	return measure{milliseconds(median(took)), countBars(s.bars)}, nil
}

// readColumns checks once and then reads for time.
func readColumns(ctx context.Context, s *session) (measure, error) {
	if err := s.checkColumns(ctx, s.bars); err != nil {
		return measure{}, err
	}
	symbols, want := symbolsOf(s.bars), countBars(s.bars)
	took, err := s.repeat(ctx, func() error {
		n := 0
		err := s.engine.ReadColumns(ctx, symbols, func(c *columns) error {
			n += len(c.time)
			s.touch(c.close)
			return nil
		})
		return counted(n, want, err)
	})
	return measure{float64(want) / took.Seconds(), want}, err
}

func readRows(ctx context.Context, s *session) (measure, error) {
	symbols, want := symbolsOf(s.bars), countBars(s.bars)
	check := checkBars(s.bars, differentBar)
	err := s.engine.ReadRows(ctx, symbols, func(b market.Bar) error { return check.next(&b) })
	if err != nil {
		return measure{}, err
	}
	if err := check.end(); err != nil {
		return measure{}, err
	}
	took, err := s.repeat(ctx, func() error {
		n, sum := 0, uint64(0)
		err := s.engine.ReadRows(ctx, symbols, func(b market.Bar) error {
			n++
			sum ^= math.Float64bits(b.Close) // as touch does
			return nil
		})
		s.sink ^= sum
		return counted(n, want, err)
	})
	return measure{float64(want) / took.Seconds(), want}, err
}

func makeHours(ctx context.Context, s *session) (measure, error) {
	all := s.bars[:min(hourSymbols, len(s.bars))]
	var want bars
	if err := hours(all, func(b market.Bar) error { want.rows = append(want.rows, b); return nil }); err != nil {
		return measure{}, err
	}
	symbols, check := symbolsOf(all), checkBars([]bars{want}, differentHour)
	if err := s.engine.Hours(ctx, symbols, func(b market.Bar) error { return check.next(&b) }); err != nil {
		return measure{}, err
	}
	if err := check.end(); err != nil {
		return measure{}, err
	}
	if len(all)*s.plan.barRows != hourSymbols*callRows {
		return measure{}, unsupported("its plan has fewer minutes")
	}
	took, err := s.repeat(ctx, func() error {
		n := 0
		err := s.engine.Hours(ctx, symbols, func(market.Bar) error { n++; return nil })
		return counted(n, len(want.rows), err)
	})
	return measure{milliseconds(took), countBars(all)}, err
}

// countDays checks once and then counts for time.
func countDays(ctx context.Context, s *session) (measure, error) {
	e, ok := s.engine.(counting)
	if !ok {
		return measure{}, unsupported("it counts no bars")
	}
	symbols, want, all := symbolsOf(s.bars), days(s.bars), countBars(s.bars)
	var got []int
	if err := e.Days(ctx, symbols, func(bars int) error { got = append(got, bars); return nil }); err != nil {
		return measure{}, err
	}
	if !slices.Equal(got, want) {
		return measure{}, fmt.Errorf("it counted %v bars of days, written were %v", got, want)
	}
	took, err := s.repeat(ctx, func() error {
		n := 0
		err := e.Days(ctx, symbols, func(bars int) error { n += bars; return nil })
		return counted(n, all, err)
	})
	return measure{float64(all) / took.Seconds(), all}, err
}

// writeBatches writes batches that are made of 100 bars of each of 50 symbols.
func writeBatches(ctx context.Context, s *session) (measure, error) {
	const each = batchRows / batchParts
	all := s.data.makeBars(batchParts, each*s.plan.batches)
	var took time.Duration
	parts := make([]bars, batchParts)
	for i := range s.plan.batches {
		for j := range parts {
			parts[j] = bars{all[j].symbol, all[j].rows[i*each : (i+1)*each]}
		}
		d, err := s.clock(ctx, func() error { return s.engine.WriteBars(ctx, parts) })
		if err != nil {
			return measure{}, err
		}
		took += d
	}
	n := countBars(all)
	return measure{float64(n) / took.Seconds(), n}, s.checkColumns(ctx, all)
}

// writeInstants writes a bar of every symbol at once, into series that have
// some bars already. If the plan has fewer symbols the time is scaled.
func writeInstants(ctx context.Context, s *session) (measure, error) {
	const before = 10
	all := s.data.makeBars(s.plan.instantSymbols, before+s.plan.instants)
	parts := make([]bars, len(all))
	slice := func(from, to int) []bars {
		for i := range all {
			parts[i] = bars{all[i].symbol, all[i].rows[from:to]}
		}
		return parts
	}
	if err := s.engine.WriteBars(ctx, slice(0, before)); err != nil {
		return measure{}, err
	}
	var took []time.Duration
	for i := range s.plan.instants {
		slice(before+i, before+i+1)
		d, err := s.clock(ctx, func() error { return s.engine.WriteBars(ctx, parts) })
		if err != nil {
			return measure{}, err
		}
		took = append(took, d)
	}
	value := milliseconds(median(took)) * allSymbols / float64(len(all))
	return measure{value, len(all) * s.plan.instants}, s.checkColumns(ctx, all)
}

func writeTicks(ctx context.Context, s *session) (measure, error) {
	s.ticks = s.data.makeTicks(s.plan.tickSymbols, s.plan.tickRows)
	var took time.Duration
	for i := range s.ticks {
		d, err := s.clock(ctx, func() error { return s.engine.WriteTicks(ctx, s.ticks[i].symbol, s.ticks[i].rows) })
		if err != nil {
			return measure{}, err
		}
		took += d
	}
	n := countTicks(s.ticks)
	return measure{float64(n) / took.Seconds(), n}, nil
}

func readTicks(ctx context.Context, s *session) (measure, error) {
	if s.lasts() == nil {
		if err := s.reopen(ctx); err != nil {
			return measure{}, err
		}
	}
	if err := s.checkTicks(ctx); err != nil {
		return measure{}, err
	}
	symbols, want := symbolsOfTicks(s.ticks), countTicks(s.ticks)
	took, err := s.repeat(ctx, func() error {
		n := 0
		err := s.engine.ReadTicks(ctx, symbols, func(c *tickColumns) error {
			n += len(c.time)
			s.touch(c.price)
			return nil
		})
		return counted(n, want, err)
	})
	return measure{float64(want) / took.Seconds(), want}, err
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
