package market

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// An Interval is the length of a bar: a number of seconds up to a day, written
// 5 * Minute as a [time.Duration] would be, or Day or Week. 0 means none.
//
// Day and Week are trading days and weeks in the time zone of the exchange,
// not numbers of hours: Day is not 24 * Hour, and no multiple of Day is an
// interval. Intervals that mean the same are equal: 60 * Minute is Hour.
type Interval int32

// The intervals of which others are made.
const (
	Second Interval = 1
	Minute Interval = 60 * Second
	Hour   Interval = 60 * Minute

	// Day and Week are primes below zero, so that no product of an interval
	// and a number is one of them by accident.
	Day  Interval = -1_000_003
	Week Interval = -1_000_033
)

const maxFixed = 24 * Hour

var intervalText = regexp.MustCompile(`^([1-9][0-9]{0,5})(s|m|h|d|w)$`)

// ParseInterval reads an interval: 30s, 1m, 90m, 4h, 24h, and d and w, or 1d
// and 1w, for trading days and weeks. The error is [fault.Invalid].
func ParseInterval(s string) (Interval, error) {
	switch {
	case s == "d":
		return Day, nil
	case s == "w":
		return Week, nil
	case s == "tick":
		return 0, fault.MarketInterval.Errorf("interval %q is not the interval of a bar; ticks have commands of their own", s)
	case strings.HasSuffix(s, "mo"):
		return 0, fault.MarketInterval.Errorf("interval %q would be a month, which is not kept", clip(s))
	}
	m := intervalText.FindStringSubmatch(s)
	if m == nil {
		return 0, fault.MarketInterval.Errorf("interval %q is not written as in 30s, 5m, 1h, d or w", clip(s))
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil {
		return 0, fault.MarketInterval.Errorf("interval %q: %w", s, err)
	}
	unit := map[string]Interval{"s": Second, "m": Minute, "h": Hour, "d": Day, "w": Week}[m[2]]
	if n == 1 {
		return unit, nil
	}
	// The unit alone bounds n, lest the product overflow.
	if unit < 0 || n > int64(maxFixed/unit) {
		return 0, fault.MarketInterval.Errorf("interval %q is longer than 24h: beyond that there are d and w alone", s)
	}
	return Interval(n) * unit, nil
}

// Validate returns an error of kind [fault.Invalid] if v is none of the
// intervals that a bar can have. 0 is not one.
func (v Interval) Validate() error {
	if v.Daily() || 0 < v && v <= maxFixed {
		return nil
	}
	if v == 0 {
		return fault.MarketInterval.Errorf("no interval")
	}
	return fault.MarketInterval.Errorf("interval %s is not one that bars have", v)
}

// Daily reports whether v is Day or Week, whose bars are stamped by dates and not
// by the clock.
func (v Interval) Daily() bool { return v == Day || v == Week }

// Duration returns the length of v, and 0 for Day and Week, whose length is
// that of the exchange's day.
func (v Interval) Duration() time.Duration {
	if v < 0 {
		return 0
	}
	return time.Duration(v) * time.Second
}

// String returns the canonical form: the largest of h, m and s that divides,
// d, w, and "" for 0.
func (v Interval) String() string {
	switch {
	case v == 0:
		return ""
	case v == Day:
		return "d"
	case v == Week:
		return "w"
	case v < 0 || v > maxFixed:
		return "Interval(" + strconv.Itoa(int(v)) + ")"
	case v%Hour == 0:
		return strconv.Itoa(int(v/Hour)) + "h"
	case v%Minute == 0:
		return strconv.Itoa(int(v/Minute)) + "m"
	}
	return strconv.Itoa(int(v)) + "s"
}

// AppendText appends the text of [Interval.String] to b. An interval that is
// neither 0 nor valid is an error.
func (v Interval) AppendText(b []byte) ([]byte, error) {
	if v != 0 {
		if err := v.Validate(); err != nil {
			return b, err
		}
	}
	return append(b, v.String()...), nil
}

// MarshalText returns what [Interval.AppendText] appends.
func (v Interval) MarshalText() ([]byte, error) { return v.AppendText(nil) }

// UnmarshalText reads what [ParseInterval] reads, and the empty text as 0.
func (v *Interval) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*v = 0
		return nil
	}
	n, err := ParseInterval(string(text))
	if err == nil {
		*v = n
	}
	return err
}

// UnmarshalJSON reads what [Interval.UnmarshalText] reads, as a JSON string,
// and null as 0.
func (v *Interval) UnmarshalJSON(b []byte) error {
	s, err := decodeText(b, "5m")
	if err != nil {
		return err
	}
	return v.UnmarshalText(s)
}

// Window returns the window of v that holds t: from is the time of its bar
// and to is the from of the next. Windows are counted as elapsed time from
// midnight in zone, the last one of a day ending at the next midnight; a Day
// is from midnight to midnight, a Week from Monday to Monday. Where the clocks
// change, days last 23 or 25 hours, and two where a zone moved over the date
// line.
//
// It knows no trading sessions, as [Calendar.Windows] does. v must be valid and t not 0. Where a window
// begins or ends at 1970-01-01T00:00:00Z, from or to is 0: in a [Range] that
// would be an open end.
func (v Interval) Window(t Time, zone *time.Location) (from, to Time) {
	at := t.instant()
	day, next := dayOf(at, zone)
	switch v {
	case Day:
		return Time(day.UnixNano()), Time(next.UnixNano())
	case Week:
		y, m, d := day.In(zone).Date()
		back := (int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()) + 6) % 7
		return Time(midnight(y, m, d-back, zone).UnixNano()), Time(midnight(y, m, d-back+7, zone).UnixNano())
	}
	step := v.Duration()
	start := day.Add(at.Sub(day) / step * step)
	end := start.Add(step)
	if end.After(next) {
		end = next
	}
	return Time(start.UnixNano()), Time(end.UnixNano())
}
