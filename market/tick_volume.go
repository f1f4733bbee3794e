package market

// A TickVolume says how the volume and the turnover of ticks count.
type TickVolume string

// The ways in which ticks count.
const (
	// Traded means that last_volume, and turnover, are what was traded in the
	// tick itself.
	Traded TickVolume = "traded"

	// Cumulative means that volume and turnover are what was traded since the
	// start of the trading day, as vn.py's gateways give it.
	Cumulative TickVolume = "cumulative"
)

// Counted is what a tick counts.
type Counted struct{ Volume, Turnover float64 }

// A TickCounter tells what was traded from what [Cumulative] ticks count, in the
// order of time. The zero TickCounter has seen no tick.
type TickCounter struct {
	before Counted // the last tick
	known  bool    // there was one
}

// Known reports whether the counter has something to count from.
func (c *TickCounter) Known() bool { return c.known }

// NewDay tells that a trading day has begun, so that the next tick counts from 0.
func (c *TickCounter) NewDay() { *c = TickCounter{known: true} }

// Since returns what was traded between the tick before and one that counts now:
// nothing if there was none before, and all that it counts where that is less
// than before, since a trading day has begun.
func (c *TickCounter) Since(now Counted) Counted {
	before, known := c.before, c.known
	c.before, c.known = now, true
	if !known {
		return Counted{}
	}
	return Counted{above(now.Volume, before.Volume), above(now.Turnover, before.Turnover)}
}

// above returns what x is above before, and x if it is less.
func above(x, before float64) float64 {
	if x < before {
		return x
	}
	return x - before
}

// Pass passes over a tick without a price, which may tell that a day has begun.
func (c *TickCounter) Pass(now Counted) {
	c.before.Volume = min(c.before.Volume, now.Volume)
	c.before.Turnover = min(c.before.Turnover, now.Turnover)
}

// A DayCounter is a [TickCounter] that is told by a calendar when a trading day
// begins.
type DayCounter struct {
	TickCounter
	days     *Windows
	win      Window
	until    Time // up to it, win and standing hold
	standing Standing
	day      Date // of the last tick
}

// DayCounter returns a [DayCounter] that has seen no tick.
func (c *Calendar) DayCounter() *DayCounter {
	return &DayCounter{days: c.Windows(Day), until: MinTime}
}

// SinceAt is [TickCounter.Since] for a tick of time t, and false outside of
// sessions: what is told then may be of the day before or of the next, and does
// not count. A tick in the auction with which a trading day opens counts from 0,
// also if it is the first.
func (c *DayCounter) SinceAt(t Time, now Counted) (Counted, bool) {
	if t >= c.until {
		c.win, c.until, c.standing = c.days.At(t)
	}
	if !c.standing.Trades() {
		return Counted{}, false
	}
	opens := c.standing == InAuction && t < c.win.From
	if c.day != c.win.Day && (c.day != 0 || opens) {
		c.NewDay()
	}
	c.day = c.win.Day
	return c.Since(now), true
}
