package market

import (
	"cmp"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// The waits of a [BarCloser] that says none.
const (
	closerWait  = 5 * time.Second
	closerAhead = time.Minute
)

// A BarCloser makes bars of the ticks of one symbol as they arrive. A bar is
// closed when its window is over by the clock, so that the last one of a session
// does not wait for the next session, or sooner by a tick of a later window. It
// makes the bars that Store.Resample of package series makes of the same ticks.
//
// Its caller hands it each tick, and asks it again at the time that it says:
//
//	bar, closed, err := c.Add(&tick)   // on each tick
//	bar, closed := c.Expire()          // when Due has come
//
// A bar is given out once. A tick that comes for a bar that was given out is an
// error and changes nothing; the bar can be made anew of the stored ticks. The
// fields must not be changed after the first call. It is not for several
// goroutines.
type BarCloser struct {
	// Calendar and Interval are needed. They say the windows.
	Calendar *Calendar
	Interval Interval

	// Volume says how the volume of the ticks counts; "" means Cumulative, as
	// that of vn.py's gateways does.
	Volume TickVolume

	// Wait is how long after the end of a window its last tick may arrive, the
	// difference between the clocks included; 0 means 5 seconds.
	Wait time.Duration

	// Ahead is how far a tick may be ahead of the clock; 0 means a minute. One
	// that is farther is an error: it would close the bar, and keep the right
	// ones out.
	Ahead time.Duration

	// Now tells the time; nil means time.Now.
	Now func() time.Time

	windows *Windows
	days    *DayCounter
	bar     Bar
	window  Window // of bar
	forming bool   // bar has ticks
	last    Time   // of the last tick that counted, 0 for none
	given   Time   // of the last bar that was closed, 0 for none
}

// Add takes the next tick. If that closes the bar before, it returns it.
//
// A tick without a price makes no bar, nor does one in an auction that traded
// nothing. The error is [fault.Invalid] for a tick that cannot be stored or is
// ahead of the clock, [fault.NotFound] for one outside of sessions, and
// [fault.Conflict] for one that came too late: for a bar that was given out, or
// behind a later tick.
func (c *BarCloser) Add(t *Tick) (bar Bar, closed bool, err error) {
	if c.windows == nil {
		if c.Calendar == nil {
			return Bar{}, false, fault.MarketCalendar.Errorf("a BarCloser has no calendar, by which bars are closed")
		}
		if err := c.Interval.Validate(); err != nil {
			return Bar{}, false, err
		}
		c.windows, c.days = c.Calendar.Windows(c.Interval), c.Calendar.DayCounter()
	}
	if err := t.Validate(); err != nil {
		return Bar{}, false, err
	}
	if now := c.now(); t.Time > now+Time(cmp.Or(c.Ahead, closerAhead)) {
		return Bar{}, false, fault.MarketAhead.Errorf("the tick of %s is ahead of the clock, which shows %s", t.Time, now)
	}
	if t.LastPrice == 0 && t.Time >= c.last {
		c.days.Pass(Counted{t.Volume, t.Turnover})
		return Bar{}, false, nil
	}
	win, _, standing := c.windows.At(t.Time)
	switch {
	case standing == OutOfCalendar:
		_, err := c.Calendar.TradingDay(t.Time)
		return Bar{}, false, err
	case standing == OutOfSession:
		return Bar{}, false, fault.MarketClosed.Errorf("the tick of %s lies in no session of the calendar %s", t.Time, c.Calendar.Name())
	case t.Time < c.last:
		return Bar{}, false, fault.MarketLate.Errorf("the tick of %s came after one of %s", t.Time, c.last)
	case c.given != 0 && win.Time <= c.given:
		return Bar{}, false, fault.MarketLate.Errorf("the tick of %s came after its bar of %s was closed", t.Time, win.Time)
	}
	traded := Counted{t.LastVolume, t.Turnover}
	if c.Volume != Traded {
		traded, _ = c.days.SinceAt(t.Time, Counted{t.Volume, t.Turnover})
	}
	c.last = t.Time
	if standing == InAuction && traded.Volume <= 0 {
		return Bar{}, false, nil
	}
	if c.forming && c.window.Time != win.Time {
		bar, closed = c.close(), true
	}
	c.add(t, win, traded)
	return bar, closed, nil
}

func (c *BarCloser) add(t *Tick, win Window, traded Counted) {
	if !c.forming {
		c.window, c.forming = win, true
		c.bar = Bar{Time: win.Time, Open: t.LastPrice, High: t.LastPrice, Low: t.LastPrice}
	}
	if t.LastPrice > c.bar.High {
		c.bar.High = t.LastPrice
	}
	if t.LastPrice < c.bar.Low {
		c.bar.Low = t.LastPrice
	}
	c.bar.Close, c.bar.OpenInterest = t.LastPrice, t.OpenInterest
	c.bar.Volume += traded.Volume
	c.bar.Turnover += traded.Turnover
}

func (c *BarCloser) close() Bar {
	c.forming, c.given = false, c.bar.Time
	return c.bar
}

// Due returns when the bar that is forming is to be closed, by [BarCloser.Expire],
// and false if none is.
func (c *BarCloser) Due() (Time, bool) {
	return c.window.To + Time(cmp.Or(c.Wait, closerWait)), c.forming
}

// Expire closes the bar that is forming if its time has come, and returns it.
func (c *BarCloser) Expire() (bar Bar, closed bool) {
	if due, forming := c.Due(); !forming || c.now() < due {
		return Bar{}, false
	}
	return c.close(), true
}

// Forming returns the bar as it stands, and false if no tick has come since the
// last was closed.
func (c *BarCloser) Forming() (Bar, bool) { return c.bar, c.forming }

func (c *BarCloser) now() Time {
	if c.Now == nil {
		return Time(time.Now().UnixNano())
	}
	return Time(c.Now().UnixNano())
}
