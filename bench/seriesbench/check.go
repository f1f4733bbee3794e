package seriesbench

import (
	"fmt"
	"math"

	"github.com/redfire-quant/redfire/market"
)

// A checker holds rows that are read against those that were written: each
// value against its own, which tells more than a checksum would.
type checker[T any] struct {
	want      [][]T
	part, row int
	differ    func(got, want *T) bool
}

// next takes the next row that was read.
func (c *checker[T]) next(got *T) error {
	for c.part < len(c.want) && c.row == len(c.want[c.part]) {
		c.part, c.row = c.part+1, 0
	}
	if c.part == len(c.want) {
		return fmt.Errorf("it read more rows than were written: %+v", *got)
	}
	if want := &c.want[c.part][c.row]; c.differ(got, want) {
		return fmt.Errorf("symbol %d, row %d: it read %+v, written was %+v", c.part, c.row, *got, *want)
	}
	c.row++
	return nil
}

// end takes that all was read.
func (c *checker[T]) end() error {
	got, want := c.row, 0
	for i, rows := range c.want {
		want += len(rows)
		if i < c.part {
			got += len(rows)
		}
	}
	if got != want {
		return fmt.Errorf("it read %d rows, written were %d", got, want)
	}
	return nil
}

// checkBars checks bars with all their fields, or those that columns have.
func checkBars(all []bars, differ func(got, want *market.Bar) bool) *checker[market.Bar] {
	c := &checker[market.Bar]{differ: differ}
	for i := range all {
		c.want = append(c.want, all[i].rows)
	}
	return c
}

func checkTicks(all []ticks) *checker[market.Tick] {
	c := &checker[market.Tick]{differ: func(got, want *market.Tick) bool {
		return got.Time != want.Time || got.Seq != want.Seq || got.LastPrice != want.LastPrice || got.LastVolume != want.LastVolume
	}}
	for i := range all {
		c.want = append(c.want, all[i].rows)
	}
	return c
}

func differentBar(got, want *market.Bar) bool { return *got != *want }

func differentColumns(got, want *market.Bar) bool {
	return got.Time != want.Time || got.Open != want.Open || got.High != want.High ||
		got.Low != want.Low || got.Close != want.Close || got.Volume != want.Volume
}

// differentHour lets the volume be a little off: whoever adds up in several
// threads rounds otherwise.
func differentHour(got, want *market.Bar) bool {
	g := *got
	if math.Abs(g.Volume-want.Volume) <= 1e-9*math.Abs(want.Volume) {
		g.Volume = want.Volume
	}
	return differentColumns(&g, want)
}

// columns takes a stretch of columns.
func (c *columns) each(row func(*market.Bar) error) error {
	n := len(c.time)
	for _, other := range [][]float64{c.open, c.high, c.low, c.close, c.volume} {
		if len(other) != n {
			return fmt.Errorf("it read %d times and %d values to them", n, len(other))
		}
	}
	for i := range n {
		b := market.Bar{Time: c.time[i], Open: c.open[i], High: c.high[i], Low: c.low[i], Close: c.close[i], Volume: c.volume[i]}
		if err := row(&b); err != nil {
			return err
		}
	}
	return nil
}

func (c *tickColumns) each(row func(*market.Tick) error) error {
	n := len(c.time)
	if len(c.seq) != n || len(c.price) != n || len(c.volume) != n {
		return fmt.Errorf("it read %d times, %d numbers, %d prices and %d volumes", n, len(c.seq), len(c.price), len(c.volume))
	}
	for i := range n {
		t := market.Tick{Time: c.time[i], Seq: c.seq[i], LastPrice: c.price[i], LastVolume: c.volume[i]}
		if err := row(&t); err != nil {
			return err
		}
	}
	return nil
}
