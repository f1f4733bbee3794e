package market

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A player hands ticks to a BarCloser by a clock of its own, and asks it when a
// bar is due.
type player struct {
	t      *testing.T
	closer *BarCloser
	now    Time
	got    []string
}

func newPlayer(t *testing.T, calendar string, v Interval) *player {
	t.Helper()
	p := &player{t: t}
	p.closer = &BarCloser{Calendar: calendarOf(t, calendar), Interval: v, Now: func() time.Time { return p.now.UTC() }}
	return p
}

// until lets time go by up to an instant.
func (p *player) until(to Time) {
	if due, ok := p.closer.Due(); ok && due <= to {
		p.now = max(p.now, due)
		bar, closed := p.closer.Expire()
		if !closed {
			p.t.Errorf("at %s: nothing closed, though it was due", p.now)
		}
		p.give(bar)
	}
	p.now = to
}

func (p *player) give(b Bar) {
	zone := p.closer.Calendar.Zone()
	p.got = append(p.got, fmt.Sprintf("%s %s O%v H%v L%v C%v V%v", p.now.In(zone).Format("15:04:05"), b.Time.In(zone).Format("01-02 15:04"), b.Open, b.High, b.Low, b.Close, b.Volume))
}

// tick hands over a tick, at its time: "2019-05-08 10:14:58 100 10", with price
// and the volume of the day.
func (p *player) tick(text string) error {
	p.t.Helper()
	var day, clock string
	var price, volume float64
	if _, err := fmt.Sscan(text, &day, &clock, &price, &volume); err != nil {
		p.t.Fatal(err)
	}
	tick := Tick{Time: shanghai(p.t, day+" "+clock), LastPrice: price, Volume: volume}
	if tick.Time > p.now {
		p.until(tick.Time)
	}
	bar, closed, err := p.closer.Add(&tick)
	if closed {
		p.give(bar)
	}
	return err
}

// play hands over ticks of a date, lets time go by, and wants these bars, each
// with the time at which it was given out.
func play(t *testing.T, calendar string, v Interval, ticks, until string, want ...string) {
	t.Helper()
	p := newPlayer(t, calendar, v)
	for line := range strings.SplitSeq(ticks, "|") {
		if err := p.tick(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	p.until(shanghai(t, until))
	if !slices.Equal(p.got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(p.got, "\n"), strings.Join(want, "\n"))
	}
}

// The numbers are those of issues of vnpy/vnpy on GitHub.

func TestVNPy381NoStrayBarAtTheEndOfASession(t *testing.T) {
	play(t, "shfe_rb", Minute, "2019-05-08 10:14:57 100 9|2019-05-08 10:14:58 100 10|2019-05-08 10:14:59 101 12|2019-05-08 10:15:00 101 13|2019-05-08 10:30:00 102 20",
		"2019-05-08 10:31:05",
		"10:15:05 05-08 10:14 O100 H101 L100 C101 V4",
		"10:31:05 05-08 10:30 O102 H102 L102 C102 V7")
	play(t, "shfe_rb", Minute, "2019-05-08 11:29:58 101 11|2019-05-08 11:29:59 101 12|2019-05-08 11:30:00 101 13|2019-05-08 13:30:00 110 20|2019-05-08 13:31:00 111 25",
		"2019-05-08 13:31:30",
		"11:30:05 05-08 11:29 O101 H101 L101 C101 V2",
		"13:31:00 05-08 13:30 O110 H110 L110 C110 V7")
}

func TestVNPy565And645And888LastBarOfASessionIsClosedByTheClock(t *testing.T) {
	// No tick comes after the close.
	play(t, "shfe_rb", Minute, "2019-05-08 14:58:59 100 10|2019-05-08 14:59:00 101 12|2019-05-08 14:59:59 103 20", "2019-05-08 15:30",
		"14:59:00 05-08 14:58 O100 H100 L100 C100 V0",
		"15:00:05 05-08 14:59 O101 H103 L101 C103 V10")
	// One comes with the last trades.
	play(t, "shfe_rb", Minute, "2019-05-08 14:58:30 3582 3250000|2019-05-08 14:59:59 3582 3251100|2019-05-08 15:00:00 3583 3251118", "2019-05-08 21:00",
		"14:59:05 05-08 14:58 O3582 H3582 L3582 C3582 V0",
		"15:00:05 05-08 14:59 O3582 H3583 L3582 C3583 V1118")
	// The last minute of the night.
	play(t, "shfe_au", Minute, "2019-05-09 02:29:58 300 10|2019-05-09 02:29:59 301 12", "2019-05-09 08:00",
		"02:30:05 05-09 02:29 O300 H301 L300 C301 V2")
}

func TestClosedBarIsNotGivenOutAgain(t *testing.T) {
	p := newPlayer(t, "shfe_rb", Minute)
	if err := p.tick("2019-05-08 14:59:59 103 20"); err != nil {
		t.Fatal(err)
	}
	p.until(shanghai(t, "2019-05-08 15:00:06"))
	if err := p.tick("2019-05-08 15:00:00 104 21"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v for the tick after the close, want Conflict", err)
	}
	p.until(shanghai(t, "2019-05-08 16:00"))
	if len(p.got) != 1 {
		t.Errorf("got %q, want one bar", p.got)
	}
}

func TestVNPy2365And2775HourBarsHoldTheirOwnMinutes(t *testing.T) {
	p := newPlayer(t, "shfe_rb", Hour)
	volume := 0
	minutes := func(day, from, to string) {
		for at, end := shanghai(t, day+" "+from), shanghai(t, day+" "+to); at < end; at += Time(time.Minute) {
			volume++
			if err := p.tick(fmt.Sprintf("%s 100 %d", at.In(p.closer.Calendar.Zone()).Format("2006-01-02 15:04:05"), volume)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.tick("2020-01-13 20:59:00 100 0"); err != nil {
		t.Fatal(err)
	}
	minutes("2020-01-13", "21:00", "23:00")
	minutes("2020-01-14", "09:00", "10:15")
	minutes("2020-01-14", "10:30", "11:30")
	minutes("2020-01-14", "13:30", "15:00")
	p.until(shanghai(t, "2020-01-14 20:00"))
	want := []string{
		"22:00:00 01-13 21:00 O100 H100 L100 C100 V60",
		"23:00:05 01-13 22:00 O100 H100 L100 C100 V60",
		"10:00:00 01-14 09:00 O100 H100 L100 C100 V60",
		"11:15:00 01-14 10:00 O100 H100 L100 C100 V60",
		"14:15:00 01-14 11:15 O100 H100 L100 C100 V60",
		"15:00:05 01-14 14:15 O100 H100 L100 C100 V45",
	}
	if !slices.Equal(p.got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(p.got, "\n"), strings.Join(want, "\n"))
	}
}

func TestVNPy3270AuctionTicksAndNMinuteBars(t *testing.T) {
	play(t, "shfe_rb", Minute, "2019-05-08 20:55:00 99 0|2019-05-08 20:59:00 100 50|2019-05-08 21:00:00 101 60|2019-05-08 21:00:30 102 70|2019-05-08 21:01:00 103 75", "2019-05-08 21:01:30",
		"21:01:00 05-08 21:00 O100 H102 L100 C102 V70")
	// Half hours over the break of 10:15, and the one that noon cuts.
	play(t, "shfe_rb", 30*Minute, "2019-10-08 08:59:00 100 1|2019-10-08 10:14:00 101 2|2019-10-08 10:44:00 102 3|2019-10-08 10:45:00 103 4|2019-10-08 11:29:00 104 5|2019-10-08 13:44:00 105 6", "2019-10-08 13:50",
		"09:30:05 10-08 09:00 O100 H100 L100 C100 V1",
		"10:45:00 10-08 10:00 O101 H102 L101 C102 V2",
		"11:15:05 10-08 10:45 O103 H103 L103 C103 V1",
		"13:45:05 10-08 11:15 O104 H105 L104 C105 V2")
	// Windows that do not divide an hour.
	play(t, "shfe_rb", 2*Hour, "2019-10-08 08:59:00 100 1|2019-10-08 11:14:00 101 2|2019-10-08 14:59:00 102 3", "2019-10-08 16:00",
		"11:15:05 10-08 09:00 O100 H101 L100 C101 V2",
		"15:00:05 10-08 11:15 O102 H102 L102 C102 V1")
}

func TestVNPy3188NightIsOfTheNextTradingDay(t *testing.T) {
	play(t, "shfe_rb", Day, "2019-05-10 20:59:00 100 5|2019-05-10 21:30:00 101 6|2019-05-13 14:59:59 102 9|2019-05-13 20:59:00 103 2", "2019-05-13 21:00",
		"15:00:05 05-13 00:00 O100 H102 L100 C102 V9")
}

func TestVNPy2415TicksOfOneSecondAllCount(t *testing.T) {
	play(t, "czce_ta", Minute, "2019-05-08 08:59:00 100 10|2019-05-08 09:00:00 100 10|2019-05-08 09:00:00 105 14|2019-05-08 09:00:01 101 15|2019-05-08 09:01:00 101 16", "2019-05-08 09:01:00",
		"09:01:00 05-08 09:00 O100 H105 L100 C101 V5")
}

func TestBarCloserRefusesWhatWouldSpoilABar(t *testing.T) {
	p := newPlayer(t, "shfe_rb", Minute)
	if err := p.tick("2019-05-08 09:05:10 100 10"); err != nil {
		t.Fatal(err)
	}
	f := func(name, at string, price float64, kind error) {
		t.Helper()
		before, _ := p.closer.Forming()
		_, closed, err := p.closer.Add(&Tick{Time: shanghai(t, at), LastPrice: price, Volume: 11})
		after, forming := p.closer.Forming()
		if !errors.Is(err, kind) || closed || !forming || before != after {
			t.Errorf("%s: got %v, closed %t, bar %v", name, err, closed, after)
		}
	}
	f("ahead of the clock", "2019-05-08 21:05:10", 101, fault.Invalid)
	f("behind another", "2019-05-08 09:05:09", 101, fault.Conflict)
	f("years that nobody knows", "1980-05-08 09:05:09", 101, fault.NotFound)
	f("in the night before a holiday", "2019-04-30 21:05:09", 101, fault.NotFound)
	f("behind another, without a price", "2019-05-08 09:05:09", 0, fault.Conflict)
	if err := p.tick("2019-05-08 10:20:00 101 12"); !errors.Is(err, fault.NotFound) {
		t.Errorf("in the break: got %v", err)
	}
	if len(p.got) != 1 {
		t.Errorf("got %q", p.got)
	}
	if err := p.tick("2019-05-08 10:31:00 0 0"); err != nil {
		t.Errorf("without a price: %v", err)
	}
}

func TestBarCloserWaitsAsLongAsItIsTold(t *testing.T) {
	p := newPlayer(t, "24x7", Minute)
	p.closer.Wait, p.closer.Volume = 30*time.Second, Traded
	p.now = shanghai(t, "2019-05-08 10:00:20")
	tick := Tick{Time: p.now, LastPrice: 7, LastVolume: 3, Turnover: 21}
	if _, _, err := p.closer.Add(&tick); err != nil {
		t.Fatal(err)
	}
	if due, ok := p.closer.Due(); !ok || due != shanghai(t, "2019-05-08 10:01:30") {
		t.Errorf("due at %s, %t", due, ok)
	}
	p.now = shanghai(t, "2019-05-08 10:01:29.999")
	if _, closed := p.closer.Expire(); closed {
		t.Error("closed too early")
	}
	p.now++
	p.until(shanghai(t, "2019-05-08 10:02"))
	if want := "02:01:30 05-08 02:00 O7 H7 L7 C7 V3"; !slices.Equal(p.got, []string{want}) {
		t.Errorf("got %q, want %s", p.got, want)
	}
	if _, ok := p.closer.Due(); ok {
		t.Error("something is due though nothing forms")
	}
}

func TestTickBehindALaterOneOfAnAuctionIsLate(t *testing.T) {
	p := newPlayer(t, "shfe_rb", Minute)
	p.closer.Wait = 24 * time.Hour
	for _, text := range []string{"2019-05-08 14:59:50 100 1000", "2019-05-08 20:59:30 101 0"} {
		if err := p.tick(text); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := p.closer.Forming()
	if err := p.tick("2019-05-08 14:59:59 102 1010"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want Conflict", err)
	}
	if after, forming := p.closer.Forming(); !forming || after != before {
		t.Errorf("the bar that forms is %v, was %v", after, before)
	}
}

func TestBarCloserTakesTicksAsFarAheadAsItIsTold(t *testing.T) {
	f := func(ahead, by time.Duration, taken bool) {
		t.Helper()
		p := newPlayer(t, "24x7", Minute)
		p.closer.Ahead, p.now = ahead, shanghai(t, "2019-05-08 10:00:20")
		_, _, err := p.closer.Add(&Tick{Time: p.now + Time(by), LastPrice: 7})
		if (err == nil) != taken || err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("ahead by %s of %s: got %v", by, ahead, err)
		}
	}
	f(0, time.Minute, true)
	f(0, time.Minute+1, false)
	f(time.Second, time.Second, true)
	f(time.Second, time.Second+1, false)
	f(time.Hour, 59*time.Minute, true)
}

func TestBarsAreClosedOnceThoughTheClockGoesBack(t *testing.T) {
	p := newPlayer(t, "24x7", Minute)
	if err := p.tick("2019-05-08 10:00:20 100 5"); err != nil {
		t.Fatal(err)
	}
	p.now = shanghai(t, "2019-05-08 09:00")
	if _, closed := p.closer.Expire(); closed {
		t.Error("closed an hour before its end")
	}
	if due, forming := p.closer.Due(); !forming || due != shanghai(t, "2019-05-08 10:01:05") {
		t.Errorf("due at %s, %t", due, forming)
	}
	p.now = shanghai(t, "2019-05-08 10:01:05")
	if _, closed := p.closer.Expire(); !closed {
		t.Error("not closed when it was due")
	}
	p.now = shanghai(t, "2019-05-08 09:59:50")
	for range 2 {
		if bar, closed := p.closer.Expire(); closed {
			t.Errorf("closed again: %v", bar)
		}
	}
	if err := p.tick("2019-05-08 10:00:45 101 6"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v for a tick of the bar that was closed", err)
	}
	if _, forming := p.closer.Forming(); forming {
		t.Error("a late tick began a bar")
	}
}

func TestTickWithoutAPriceTellsOfANewDay(t *testing.T) {
	play(t, "24x7", Minute, "2019-05-08 10:00:00 100 50|2019-05-08 10:00:01 0 0|2019-05-08 10:00:02 100 60", "2019-05-08 10:02",
		"02:01:05 05-08 02:00 O100 H100 L100 C100 V60")
}

func TestBarsHaveWhatTheirTicksHave(t *testing.T) {
	p := newPlayer(t, "24x7", Minute)
	p.closer.Volume, p.now = Traded, shanghai(t, "2019-05-08 10:01")
	base := shanghai(t, "2019-05-08 10:00")
	for i, price := range []float64{5, 7, 2, 4} {
		tick := Tick{Time: base + Time(i)*1e9, LastPrice: price, LastVolume: float64(i), Volume: 1000, Turnover: 10 * float64(i), OpenInterest: 50 + float64(i)}
		if _, closed, err := p.closer.Add(&tick); closed || err != nil {
			t.Errorf("tick %d: closed %t, %v", i, closed, err)
		}
	}
	want := Bar{Time: base, Open: 5, High: 7, Low: 2, Close: 4, Volume: 6, Turnover: 60, OpenInterest: 53}
	if got, forming := p.closer.Forming(); !forming || got != want {
		t.Errorf("got %+v, %t, want %+v", got, forming, want)
	}
}

// Whatever comes in whatever order: each bar is given out once, in order, and
// what was refused has changed nothing.
func TestBarCloserInDisorder(t *testing.T) {
	for seed := range uint64(40) {
		c := &BarCloser{Calendar: calendarOf(t, "shfe_rb"), Interval: []Interval{Minute, 30 * Minute, Day}[seed%3]}
		if last := disorder(t, c, rand.New(rand.NewPCG(seed, 7))); last == 0 && c.Interval != Day {
			t.Errorf("seed %d: no bar", seed)
		}
	}
}

// disorder hands c ticks at random, and returns the time of the last bar.
func disorder(t *testing.T, c *BarCloser, r *rand.Rand) (last Time) {
	t.Helper()
	now := shanghai(t, "2019-05-08 08:50")
	begin := now
	c.Wait, c.Now = time.Duration(r.IntN(90))*time.Second, func() time.Time { return now.UTC() }
	give := func(b Bar, closed bool) {
		if closed && (b.Time <= last || b.Validate() != nil) {
			t.Errorf("%v came after the bar of %s: %v", b, last, b.Validate())
		}
		if closed {
			last = b.Time
		}
	}
	for range 3000 {
		now += Time(r.Int64N(30e9)) - 5e9
		tick := Tick{Time: now + Time(r.NormFloat64()*20e9), LastPrice: float64(r.IntN(5)), Volume: float64((now - begin) / 1e9)}
		before, forming := c.Forming()
		bar, closed, err := c.Add(&tick)
		give(bar, closed)
		if after, still := c.Forming(); err != nil && (closed || after != before || still != forming) {
			t.Fatalf("a tick that was refused, %v, made of %v %v", err, before, after)
		}
		due, _ := c.Due()
		bar, closed = c.Expire()
		give(bar, closed)
		if closed && now < due {
			t.Errorf("closed at %s, due at %s", now, due)
		}
	}
	return last
}

func TestBarCloserNeedsACalendarAndAnInterval(t *testing.T) {
	tick := Tick{Time: shanghai(t, "2019-05-08 10:00:20"), LastPrice: 1}
	for _, c := range []*BarCloser{{Interval: Minute}, {Calendar: calendarOf(t, "24x7")}, {Calendar: calendarOf(t, "24x7"), Interval: 2 * Day}} {
		if _, _, err := c.Add(&tick); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: got %v", c, err)
		}
		if bar, closed := c.Expire(); closed {
			t.Errorf("closed %+v", bar)
		}
	}
}
