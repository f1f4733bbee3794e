package marketfile

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A clock reads the times of a column, all of which have the form of the first.
// It is no good for several goroutines.
type clock struct {
	zone  *time.Location // of times without an offset
	order DateOrder
	unit  time.Duration // of numbers; 0 for what their digits say
	form  timeForm
	width glued // of times of the day without colons

	// The hour of the zone that was asked for last, and the instant at which it
	// began: the times of a file are near each other.
	hour  int64
	begin market.Time
}

// A timeForm is how times are written.
type timeForm uint8

const (
	formNone   timeForm = iota
	formNumber          // since 1970
	formWall            // date and time of some clock
	formOffset          // the same, with their offset from UTC
)

// A glued says which parts of a time of the day stand without colons. 1500 is
// three o'clock in a file of hours and minutes, and a quarter past midnight
// where seconds are written and zeros in front are not.
type glued uint8

const (
	gluedNot     glued = iota
	gluedMinutes       // 930, 0930
	gluedSeconds       // 93000, 093000
	gluedMillis        // 93000123, 093000123
)

// A reading is a time as it stands in a file.
type reading struct {
	form           timeForm
	width          glued
	year, mon, day int
	seconds        int64 // of the day
	nanos          int64
	offset         int64 // seconds east of UTC
	midnight       bool  // there is no time of the day
	monthFirst     bool  // the year is last, and nobody said what is first
}

// time returns the time of a row: that of one cell, or of date and time of the
// day in two.
func (c *clock) time(date, tod []byte) (market.Time, error) {
	r, err := c.read(date, tod)
	if err != nil {
		return 0, err
	}
	if r.form != c.form || r.monthFirst || r.width != c.width && r.width != gluedNot && c.width != gluedNot {
		return 0, fault.MarketTime.Errorf("time %q is written in another way than the first one of the file", shown(date))
	}
	switch r.form {
	case formNumber:
		return c.number(date)
	case formOffset:
		return instant(r.days()*86400+r.seconds-r.offset, r.nanos)
	}
	return c.wall(r)
}

// read reads a time but for the instant that it means.
func (c *clock) read(date, tod []byte) (reading, error) {
	if len(date) == 0 {
		return reading{}, fault.MarketNoTime.Errorf("there is no time")
	}
	if tod == nil && (isNumber(date) && !isCompact(date) || c.unit != 0) {
		return reading{form: formNumber}, nil
	}
	r := reading{form: formWall, midnight: true}
	rest, ok := r.date(date, c.order)
	if ok && tod != nil {
		rest = trimDay(rest)
		ok = len(rest) == 0
		rest = r.afterDate(tod, c.order)
	}
	if rest = trimDay(rest); ok && len(rest) > 0 {
		r.midnight = false
		rest, ok = r.clock(rest)
		ok = ok && r.zone(rest)
	}
	if !ok || !r.exists() {
		return reading{}, fault.MarketTime.Errorf("time %q cannot be read", shown(bytes.TrimRight(bytes.Join([][]byte{date, tod}, []byte(" ")), " ")))
	}
	return r, nil
}

// afterDate returns the time of the day of a text that has the date once more in
// front of it, or else the text.
func (r *reading) afterDate(tod []byte, order DateOrder) []byte {
	var again reading
	rest, ok := again.date(tod, order)
	if !ok || len(rest) == 0 || again.year != r.year || again.mon != r.mon || again.day != r.day {
		return tod
	}
	return rest
}

// isNumber reports whether b is a number without an exponent.
func isNumber(b []byte) bool {
	digits := bytes.TrimPrefix(b, []byte("-"))
	return len(digits) > 0 && len(bytes.Trim(digits, "0123456789.")) == 0 && bytes.Count(digits, []byte(".")) <= 1
}

// isCompact reports whether b has as many digits as 20260105, 202601050930,
// 20260105093000 and 20260105093000123, and begins like a year.
func isCompact(b []byte) bool {
	begin := string(b[:min(len(b), 2)])
	whole, fraction, _ := bytes.Cut(b, []byte("."))
	switch len(whole) {
	case 8, 12, 14:
		return begin == "19" || begin == "20"
	case 17:
		return fraction == nil && (begin == "19" || begin == "20")
	}
	return false
}

// units are those of numbers since 1970, by the number of their digits: from
// 1973 to 2286.
var units = map[int]time.Duration{9: time.Second, 10: time.Second, 12: time.Millisecond, 13: time.Millisecond, 15: time.Microsecond, 16: time.Microsecond, 18: 1, 19: 1}

// number reads a time that is a number since 1970.
func (c *clock) number(b []byte) (market.Time, error) {
	whole, fraction, _ := bytes.Cut(bytes.TrimPrefix(b, []byte("-")), []byte("."))
	unit := c.unit
	if unit == 0 {
		unit = units[len(whole)]
	}
	n, ok := digits(whole, 1, 19)
	if unit == 0 || !ok {
		return 0, fault.MarketTime.Errorf("time %q has no number of digits that tells its unit", shown(b))
	}
	part, scale := int64(0), int64(unit)
	for _, d := range fraction {
		if scale /= 10; d < '0' || d > '9' || scale == 0 && d != '0' {
			return 0, fault.MarketTime.Errorf("time %q is finer than a nanosecond", shown(b))
		}
		part += int64(d-'0') * scale
	}
	perSecond := int64(time.Second / unit)
	seconds, nanos := n/perSecond, n%perSecond*int64(unit)+part
	if b[0] == '-' {
		seconds, nanos = -seconds, -nanos
	}
	return instant(seconds, nanos)
}

// at returns the instant of a number since 1970 that has a unit.
func (c *clock) at(n int64, unit time.Duration) (market.Time, error) {
	perSecond := int64(time.Second / unit)
	return instant(n/perSecond, n%perSecond*int64(unit))
}

// instant returns seconds and nanoseconds since 1970 as a time.
func instant(seconds, nanos int64) (market.Time, error) {
	t := market.Time(seconds*1e9 + nanos)
	const most = int64(market.MaxTime / 1e9)
	if seconds > most || seconds < -most {
		return 0, fault.MarketTimeRange.Errorf("the time lies outside of the years 1678 to 2261")
	}
	return t, t.Validate()
}

// wall returns the instant of a time on the clock of the zone.
func (c *clock) wall(r reading) (market.Time, error) {
	return c.on(r.days()*86400+r.seconds, r.nanos)
}

// on returns the instant at which the clock of the zone shows so many seconds
// since 1970.
func (c *clock) on(seconds, nanos int64) (market.Time, error) {
	if c.zone == nil {
		return 0, fault.MarketNoZone.Errorf("the time has no offset, and no zone is given")
	}
	hour := seconds / 3600
	if seconds%3600 < 0 {
		hour--
	}
	if hour != c.hour || c.begin == 0 {
		begin, even := c.hourBegins(hour)
		if !even {
			return market.ParseTime(wallText(seconds, nanos), c.zone)
		}
		c.hour, c.begin = hour, begin
	}
	t := c.begin + market.Time((seconds-hour*3600)*1e9+nanos)
	return t, t.Validate()
}

// hourBegins returns when an hour of the zone's clock begins; even is false if
// the clock was changed within it, or it cannot be stored.
func (c *clock) hourBegins(hour int64) (begin market.Time, even bool) {
	begin, err := market.ParseTime(wallText(hour*3600, 0), c.zone)
	if err != nil {
		return 0, false
	}
	end, err := market.ParseTime(wallText(hour*3600+3599, 0), c.zone)
	return begin, err == nil && end-begin == 3599e9
}

// wallText writes seconds since 1970 as a clock shows them.
func wallText(seconds, nanos int64) string {
	return time.Unix(seconds, nanos).UTC().Format("2006-01-02T15:04:05.999999999")
}

// days returns the days from 1970-01-01.
func (r *reading) days() int64 {
	return time.Date(r.year, time.Month(r.mon), r.day, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// exists reports whether there is such a day, in either order of day and month if
// nobody said which it is.
func (r *reading) exists() bool {
	if r.monthFirst && r.mon > 12 {
		other := reading{year: r.year, mon: r.day, day: r.mon}
		return other.exists()
	}
	if r.mon < 1 || r.mon > 12 || r.day < 1 || r.day > 31 || r.year < 1 {
		return false
	}
	return r.day <= 28 || time.Date(r.year, time.Month(r.mon), r.day, 0, 0, 0, 0, time.UTC).Day() == r.day
}

// digits reads between least and most digits.
func digits(b []byte, least, most int) (n int64, ok bool) {
	if len(b) < least || len(b) > most {
		return 0, false
	}
	for _, d := range b {
		if d < '0' || d > '9' || n > (1<<63-10)/10 {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// leading returns how many digits b begins with.
func leading(b []byte) int {
	for i, d := range b {
		if d < '0' || d > '9' {
			return i
		}
	}
	return len(b)
}

// date reads the date at the beginning of b, and returns what follows.
func (r *reading) date(b []byte, order DateOrder) (rest []byte, ok bool) {
	n := leading(b)
	if n >= 8 {
		return r.compactDate(b)
	}
	first, ok := digits(b[:n], 1, 4)
	if !ok || n == len(b) {
		return nil, false
	}
	mid, rest, ok := part(b[n:], 2)
	if !ok {
		return nil, false
	}
	digits := 4
	if n == 4 {
		digits = 2
	}
	last, rest, ok := part(rest, digits)
	if !ok {
		return nil, false
	}
	rest = bytes.TrimPrefix(rest, []byte("日"))
	switch {
	case n == 4:
		r.year, r.mon, r.day = int(first), mid, last
	case order == DayMonthYear:
		r.day, r.mon, r.year = int(first), mid, last
	default:
		r.mon, r.day, r.year = int(first), mid, last
		r.monthFirst = order == ""
	}
	return rest, n == 4 || n <= 2 && r.year >= 1000
}

// compactDate reads 20260105, and leaves the time of the day if that is glued to
// it.
func (r *reading) compactDate(b []byte) (rest []byte, ok bool) {
	n, ok := digits(b[:8], 8, 8)
	r.year, r.mon, r.day = int(n/10000), int(n/100%100), int(n%100)
	return b[8:], ok
}

// separators divide the parts of a date.
var separators = []string{"-", "/", ".", "年", "月"}

// part reads a separator and some digits.
func part(b []byte, most int) (n int, rest []byte, ok bool) {
	for _, s := range separators {
		after, found := bytes.CutPrefix(b, []byte(s))
		if !found {
			continue
		}
		count := leading(after)
		v, ok := digits(after[:count], 1, most)
		return int(v), after[count:], ok
	}
	return 0, nil, false
}

// weekdays may stand behind a date.
var weekdays = []string{"星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日", "星期天", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "一", "二", "三", "四", "五", "六", "日", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// trimDay takes off what stands between a date and its time: a T, blanks, a day
// of the week.
func trimDay(b []byte) []byte {
	if len(b) > 0 && b[0] == 'T' && leading(b[1:]) > 0 {
		return b[1:]
	}
	b = bytes.TrimLeft(b, " ,-:")
	for _, day := range weekdays {
		if rest, ok := bytes.CutPrefix(b, []byte(day)); ok {
			return bytes.TrimLeft(rest, " ,.")
		}
	}
	return b
}

// clock reads the time of the day at the beginning of b, and returns what
// follows.
func (r *reading) clock(b []byte) (rest []byte, ok bool) {
	n := leading(b)
	if n == len(b) || b[n] != ':' {
		return r.compactClock(b, n)
	}
	hour, ok := digits(b[:n], 1, 2)
	var minute, second int64
	if ok {
		minute, b, ok = colon(b[n:])
	}
	if ok && len(b) > 0 && b[0] == ':' {
		second, b, ok = colon(b)
	}
	if !ok || minute > 59 || second > 59 {
		return nil, false
	}
	if b, ok = r.fraction(b); !ok {
		return nil, false
	}
	hour, b, ok = halfDay(hour, b)
	r.seconds = hour*3600 + minute*60 + second
	return b, ok && hour < 24
}

func colon(b []byte) (n int64, rest []byte, ok bool) {
	if len(b) < 3 {
		return 0, nil, false
	}
	n, ok = digits(b[1:3], 2, 2)
	return n, b[3:], ok
}

// fraction reads the part of a second.
func (r *reading) fraction(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return b, true
	}
	n := leading(b[1:])
	v, ok := digits(b[1:1+n], 1, 9)
	for range 9 - n {
		v *= 10
	}
	r.nanos = v
	return b[1+n:], ok
}

// halfDay takes AM or PM into the hour.
func halfDay(hour int64, b []byte) (h int64, rest []byte, ok bool) {
	text := bytes.TrimLeft(b, " ")
	if len(text) < 2 || !strings.EqualFold(string(text[1:2]), "m") {
		return hour, b, true
	}
	half := strings.ToUpper(string(text[:1]))
	if hour < 1 || hour > 12 || half != "A" && half != "P" {
		return 0, nil, false
	}
	hour %= 12
	if half == "P" {
		hour += 12
	}
	return hour, text[2:], true
}

// compactClock reads 930, 0930, 093000 and 093000123.
func (r *reading) compactClock(b []byte, n int) (rest []byte, ok bool) {
	v, ok := digits(b[:n], 3, 9)
	if !ok || n == 7 {
		return nil, false
	}
	switch {
	case n >= 8:
		r.width = gluedMillis
		r.nanos = v % 1000 * 1e6
		v /= 1000
	case n <= 4:
		r.width = gluedMinutes
		v *= 100
	default:
		r.width = gluedSeconds
	}
	rest = b[n:]
	if n == 5 || n == 6 {
		if rest, ok = r.fraction(rest); !ok {
			return nil, false
		}
	}
	hour, minute, second := v/10000, v/100%100, v%100
	r.seconds = hour*3600 + minute*60 + second
	return rest, hour < 24 && minute < 60 && second < 60
}

// zone reads the offset behind a time, if there is one, and nothing else.
func (r *reading) zone(b []byte) bool {
	b = bytes.TrimLeft(b, " ")
	switch {
	case len(b) == 0:
		return true
	case string(b) == "Z" || string(b) == "UTC" || string(b) == "z":
		r.form = formOffset
		return true
	case b[0] != '+' && b[0] != '-':
		return false
	}
	text := bytes.Replace(b[1:], []byte(":"), nil, 1)
	v, ok := digits(text, 2, 4)
	if len(text) == 2 {
		v *= 100
	}
	if !ok || len(text) == 3 || v/100 > 23 || v%100 > 59 {
		return false
	}
	r.form, r.offset = formOffset, v/100*3600+v%100*60
	if b[0] == '-' {
		r.offset = -r.offset
	}
	return true
}

// String returns the form as it may stand in a message.
func (f timeForm) String() string {
	switch f {
	case formNumber:
		return "number since 1970"
	case formWall:
		return "wall clock"
	case formOffset:
		return "with its offset"
	}
	return fmt.Sprint(uint8(f))
}
