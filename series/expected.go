package series

import (
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// An ExpectedQuery asks how stored bars stand to those that a calendar expects.
type ExpectedQuery struct {
	// Keys are series of bars.
	Keys []Key

	// Range is the time to look at. An open end is that of the stored rows.
	Range market.Range

	// Calendar returns the calendar of a symbol. It is called by several
	// goroutines.
	Calendar func(market.Symbol) (*market.Calendar, error)
}

func (q ExpectedQuery) validate() error {
	if err := (Query{Keys: q.Keys, Range: q.Range}).validate(); err != nil {
		return err
	}
	if q.Calendar == nil {
		return fault.SeriesQuery.Errorf("no calendar is named, by which bars are expected")
	}
	for _, k := range q.Keys {
		if k.Kind != Bars {
			return fault.SeriesQuery.Errorf("key %s: only bars are expected at certain times", k)
		}
	}
	return nil
}

// A matcher holds the times of rows, in order, against the bars that are expected,
// and tells what it finds.
type matcher struct {
	expect *market.Expectation
	run    market.Run
	more   bool        // there is a run
	want   market.Time // the next bar of the run that is expected

	// present and missing tell of n bars of a run from one on, stray of a row
	// that is none of them.
	present func(run *market.Run, first market.Time, n int)
	missing func(run *market.Run, first market.Time, n int)
	stray   func(row int, t market.Time)
}

func (m *matcher) begin(calendar *market.Calendar, v market.Interval, r market.Range) (err error) {
	if m.expect, err = calendar.Expect(v, r); err == nil {
		m.nextRun()
	}
	return err
}

func (m *matcher) nextRun() {
	m.run, m.more = m.expect.Next()
	m.want = m.run.First
}

// rows compares the times of some rows.
func (m *matcher) rows(times []market.Time) {
	for i := 0; i < len(times); {
		t := times[i]
		switch {
		case m.more && t > m.run.Last():
			m.lackRest()
		case m.more && t > m.want:
			n := int((t - m.want + m.run.Step - 1) / m.run.Step)
			m.missing(&m.run, m.want, n)
			m.pass(n)
		case m.more && t == m.want:
			n, step := 1, m.run.Step
			most := min(int((m.run.Last()-m.want)/step)+1, len(times)-i)
			for n < most && times[i+n] == t+market.Time(n)*step {
				n++
			}
			m.present(&m.run, t, n)
			m.pass(n)
			i += n
		default:
			m.stray(i, t)
			i++
		}
	}
}

// pass goes on behind n expected bars of the run.
func (m *matcher) pass(n int) {
	if m.want += market.Time(n) * m.run.Step; m.want > m.run.Last() {
		m.nextRun()
	}
}

// lackRest tells that what is left of the run is missing.
func (m *matcher) lackRest() {
	m.missing(&m.run, m.want, int((m.run.Last()-m.want)/m.run.Step)+1)
	m.nextRun()
}

// end tells what is missing behind the last row, of the runs that count.
func (m *matcher) end(counts func(*market.Run) bool) {
	for m.more && counts(&m.run) {
		m.lackRest()
	}
}
