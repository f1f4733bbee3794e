package market_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestParseSpan(t *testing.T) {
	f := func(s string, from, to time.Duration) {
		t.Helper()
		p, err := market.ParseSpan(s)
		if want := (market.Span{From: from, To: to}); err != nil || p != want || p.String() != s {
			t.Errorf("%q: got %v, %v, want %v", s, p, err, want)
		}
	}
	f("00:00-24:00", 0, 24*time.Hour)
	f("09:05-10:15", 9*time.Hour+5*time.Minute, 10*time.Hour+15*time.Minute)
	f("23:59-48:00", 24*time.Hour-time.Minute, 48*time.Hour)
	for _, s := range []string{
		"", "-", "09:00", "09:00-", "-10:00", "10:00-09:00", "09:00-09:00", "9:00-10:00", "09:00-10:60", "24:00-25:00", "23:00-48:01", "09:00-99:00",
		"09:00-256:00", "+9:00-10:00", "09:00--1:00", "09:00 10:00", "0x:00-10:00", "09:00-10:00-11:00", "09:00:00-10:00", "09:00-10:+1", "０９:00-10:00",
	} {
		p, err := market.ParseSpan(s)
		if p != (market.Span{}) {
			t.Errorf("%q: got %v", s, p)
		}
		wantFault(t, s, err, fault.MarketHours, "")
	}
}

func TestParseHours(t *testing.T) {
	span := func(from, to int) market.Span {
		return market.Span{From: time.Duration(from) * time.Hour, To: time.Duration(to) * time.Hour}
	}
	f := func(s, again string, want market.Hours) {
		t.Helper()
		h, err := market.ParseHours(s)
		if err != nil || !reflect.DeepEqual(h, want) || h.String() != again {
			t.Errorf("%q: got %v, %v, written %q, want %v, %q", s, h, err, h, want, again)
		}
	}
	f("09:00-10:00", "09:00-10:00", market.Hours{Day: []market.Span{span(9, 10)}})
	f(" day  09:00-10:00 10:00-12:00", "09:00-10:00 10:00-12:00", market.Hours{Day: []market.Span{span(9, 10), span(10, 12)}})
	f("night 21:00-26:00 day 09:00-10:00", "night 21:00-26:00 day 09:00-10:00", market.Hours{Night: []market.Span{span(21, 26)}, Day: []market.Span{span(9, 10)}})
	f("day 00:00-16:00 eve 17:00-24:00 night 01:00-02:00", "night 01:00-02:00 eve 17:00-24:00 day 00:00-16:00",
		market.Hours{Night: []market.Span{span(1, 2)}, Eve: []market.Span{span(17, 24)}, Day: []market.Span{span(0, 16)}})
	f("day 09:00-10:00 night 21:00-22:00 day 11:00-12:00", "night 21:00-22:00 day 09:00-10:00 11:00-12:00",
		market.Hours{Night: []market.Span{span(21, 22)}, Day: []market.Span{span(9, 10), span(11, 12)}})
	one := datesOf(t, "2026-12-24")
	f("2026-12-24 09:00-13:00", "2026-12-24 09:00-13:00", market.Hours{Days: one, Day: []market.Span{span(9, 13)}})
	f("2026-12-24.. eve 20:00-21:00", "2026-12-24.. eve 20:00-21:00", market.Hours{Days: market.Dates{First: one.First}, Eve: []market.Span{span(20, 21)}})
	f("..2026-12-24 09:00-13:00", "..2026-12-24 09:00-13:00", market.Hours{Days: market.Dates{Last: one.First}, Day: []market.Span{span(9, 13)}})
	f(".. 09:00-13:00", "09:00-13:00", market.Hours{Day: []market.Span{span(9, 13)}})
	for s, code := range map[string]fault.Code{
		"": fault.MarketHours, "day": fault.MarketHours, "2026-12-24": fault.MarketHours, "night day eve": fault.MarketHours,
		"09:00-10:00 09:59-11:00": fault.MarketHours, "DAY 09:00-10:00": fault.MarketHours, "09:00-10:00,11:00-12:00": fault.MarketHours,
		"09:00-10:00 2026-12-24": fault.MarketHours, "2026-02-30 09:00-10:00": fault.MarketHours, "2026-12-24..2026-12-23 09:00-10:00": fault.MarketHours,
	} {
		_, err := market.ParseHours(s)
		wantFault(t, s, err, code, "")
	}
}

func TestParseWeekdays(t *testing.T) {
	f := func(s, again string, want market.Weekdays) {
		t.Helper()
		w, err := market.ParseWeekdays(s)
		if err != nil || w != want || w.String() != again {
			t.Errorf("%q: got %d, %v, written %q, want %d, %q", s, w, err, w, want, again)
		}
	}
	f("mon-fri", "mon-fri", market.MondayToFriday)
	f("sun-sat", "mon-sun", market.EveryDay)
	f("mon-sun", "mon-sun", market.EveryDay)
	f("wed", "wed", 1<<time.Wednesday)
	f("wed-wed", "wed", 1<<time.Wednesday)
	f("fri-mon", "sun,mon,fri,sat", 1<<time.Friday|1<<time.Saturday|1<<time.Sunday|1<<time.Monday)
	f("tue,sun-mon,tue", "sun,mon,tue", 1<<time.Sunday|1<<time.Monday|1<<time.Tuesday)
	for _, s := range []string{"", "Mon", "mon,", "mon-", "-fri", "mon-fri-sun", "monday", "mon - fri", "mon–fri"} {
		w, err := market.ParseWeekdays(s)
		if w != 0 {
			t.Errorf("%q: got %s", s, w)
		}
		wantFault(t, s, err, fault.MarketHours, "")
	}
	sunday := market.DateOf(2026, time.January, 4)
	for d := range market.Date(7) {
		for w := range 7 {
			if has := market.Weekdays(1 << w).Has(sunday + d); has != (int(d) == w) {
				t.Errorf("weekday %d has %s: %t", w, sunday+d, has)
			}
		}
	}
}

func TestTextsThatCannotBeReadLeaveWhatWasThere(t *testing.T) {
	h, w, ds, d := hoursOf(t, "09:00-10:00")[0], market.EveryDay, datesOf(t, "2026-01-05.."), market.DateOf(2026, time.January, 5)
	if h.UnmarshalText([]byte("9-10")) == nil || w.UnmarshalText([]byte("x")) == nil || ds.UnmarshalText([]byte("x..")) == nil || ds.UnmarshalText([]byte("..x")) == nil || d.UnmarshalText([]byte("x")) == nil {
		t.Error("a text was read")
	}
	if h.String() != "09:00-10:00" || w != market.EveryDay || ds.String() != "2026-01-05.." || d.String() != "2026-01-05" {
		t.Errorf("got %s, %s, %s, %s", h, w, ds, d)
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"", "09:00-10:15", "21:00-26:30", "00:00-48:00", "24:00-25:00", "9:00-10:00", "09:00-10:60", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := market.ParseSpan(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		if p.String() != s || p.From < 0 || p.From >= p.To || p.To > 48*time.Hour {
			t.Errorf("%q: got %v", s, p)
		}
	})
}

func FuzzParseHours(f *testing.F) {
	for _, s := range []string{
		"", "09:30-11:30 13:00-15:00", "2026-12-24 09:30-13:00", "2016-05-03.. night 21:00-23:00 day 09:00-10:15 10:30-11:30 13:30-15:00",
		"eve 17:00-24:00 day 00:00-16:00", ".. 09:00-10:00", "..2026-12-24 night 21:00-22:00", "day night", "2026-12-24..2026-12-24 eve 20:00-21:00", "\x00-\x1b-",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := market.ParseHours(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		var back market.Hours
		text, err := h.MarshalText()
		if err != nil || back.UnmarshalText(text) != nil || !reflect.DeepEqual(back, h) {
			t.Errorf("%q: got %v, written %q, read as %v, %v", s, h, text, back, err)
		}
	})
}

func FuzzParseWeekdays(f *testing.F) {
	for _, s := range []string{"", "mon-fri", "sun-thu", "fri-mon", "mon,wed", "mon-sun", "mon,", "Mon", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := market.ParseWeekdays(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		if w == 0 || w > market.EveryDay {
			t.Errorf("%q: got %d", s, w)
		}
		wantRoundTrip(t, w)
	})
}
