package market

import (
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Time is an instant: nanoseconds since 1970-01-01T00:00:00Z, without leap
// seconds, as Unix counts. It is stored and written in UTC.
//
// 0 means that there is no time, so that instant itself cannot be stored.
type Time int64

// The first and the last instant that can be stored: the years 1678 to 2261,
// the whole years that 64 bits of nanoseconds reach.
const (
	MinTime Time = -9214560000 * 1e9
	MaxTime Time = 9214646400*1e9 - 1
)

// TimeOf returns the instant of t. The zero [time.Time] becomes 0; an instant
// outside MinTime to MaxTime, or the one that 0 stands for, is
// [fault.Invalid].
func TimeOf(t time.Time) (Time, error) {
	if t.IsZero() {
		return 0, nil
	}
	ns, err := nanoseconds(t)
	if err == nil && ns == 0 {
		return 0, noInstant(t)
	}
	return ns, err
}

func noInstant(t time.Time) error {
	return fault.MarketTimeRange.Errorf("time %s stands for no time and cannot be stored", t.UTC().Format(time.RFC3339Nano))
}

// nanoseconds is TimeOf for callers to whom the instant 0 and the first
// instant of the year 1 are times like any other.
func nanoseconds(t time.Time) (Time, error) {
	if s := t.Unix(); s < int64(MinTime/1e9) || s > int64(MaxTime/1e9) {
		return 0, fault.MarketTimeRange.Errorf("time %s is not within the years 1678 to 2261", t.UTC().Format(time.RFC3339Nano))
	}
	return Time(t.UnixNano()), nil
}

// Validate returns an error if t is 0 or outside MinTime to MaxTime.
func (t Time) Validate() error {
	if t == 0 {
		return fault.MarketNoTime.Errorf("no time")
	}
	if t < MinTime || t > MaxTime {
		return fault.MarketTimeRange.Errorf("time %s is not within the years 1678 to 2261", t)
	}
	return nil
}

// In returns t as the clock of zone shows it. 0 becomes the zero [time.Time].
func (t Time) In(zone *time.Location) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return t.instant().In(zone)
}

// UTC returns t as a [time.Time] in UTC. 0 becomes the zero time.Time.
func (t Time) UTC() time.Time { return t.In(time.UTC) }

func (t Time) instant() time.Time { return time.Unix(0, int64(t)).UTC() }

// Micro returns the microseconds from 1970 to t, rounded down. It is the
// instant by which ticks are told apart.
func (t Time) Micro() int64 {
	us := int64(t) / 1000
	if int64(t)%1000 < 0 {
		us--
	}
	return us
}

// String returns t as RFC 3339 in UTC with as many fractional digits as it
// needs, nine at most, and "" for 0.
func (t Time) String() string {
	return string(t.append(nil))
}

func (t Time) append(b []byte) []byte {
	if t == 0 {
		return b
	}
	return t.instant().AppendFormat(b, time.RFC3339Nano)
}

// AppendText appends the text of [Time.String] to b. A time outside MinTime to
// MaxTime is an error, since no parser would read it.
func (t Time) AppendText(b []byte) ([]byte, error) {
	if t != 0 {
		if err := t.Validate(); err != nil {
			return b, err
		}
	}
	return t.append(b), nil
}

// MarshalText returns what [Time.AppendText] appends.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// UnmarshalText reads what [ParseTime] reads without a zone, and the empty
// text as 0.
func (t *Time) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = 0
		return nil
	}
	v, err := ParseTime(string(text), nil)
	if err == nil {
		*t = v
	}
	return err
}

// MarshalJSON returns what [Time.AppendText] appends as a JSON string, and
// null for 0.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	b, err := t.AppendText(append(make([]byte, 0, 40), '"'))
	return append(b, '"'), err
}

// UnmarshalJSON reads what [Time.UnmarshalText] reads, as a JSON string, and
// null as 0. It refuses numbers, since their unit cannot be seen.
func (t *Time) UnmarshalJSON(b []byte) error {
	s, err := decodeText(b, "2026-01-05T09:30:00+08:00")
	if err != nil {
		return err
	}
	return t.UnmarshalText(s)
}

// ParseTime reads an instant. With an offset the forms are those of RFC 3339,
// the T may be a space, and zone is not used:
//
//	2026-01-05T01:30:00Z   2026-01-05 09:30:00.123456789+08:00
//
// Without an offset they are a date and a time as the clock of zone shows
// them; seconds, or the whole time, may be left out:
//
//	2026-01-05T09:30:00.5   2026-01-05 09:30   2026-01-05
//
// It returns [fault.Invalid] for a text in another form, for a date that does
// not exist, for more than nine fractional digits, for an instant that cannot
// be stored, for a missing offset if zone is nil, and for a wall-clock time
// that zone skipped or had twice.
func ParseTime(s string, zone *time.Location) (Time, error) {
	t, err := parseInstant(s, zone)
	if err != nil {
		return 0, err
	}
	ns, err := nanoseconds(t)
	if err == nil && ns == 0 {
		return 0, noInstant(t)
	}
	return ns, err
}

func parseInstant(s string, zone *time.Location) (time.Time, error) {
	layout, hasOffset, ok := timeLayout(s)
	if !ok {
		return time.Time{}, fault.MarketTime.Errorf("time %q is not written as in 2026-01-05T09:30:00+08:00", clip(s))
	}
	t, err := time.Parse(layout, s)
	switch {
	case err != nil, hasOffset && !offsetInRange(s):
		return time.Time{}, fault.MarketTime.Errorf("time %q does not exist: its month, day, hour, minute, second or offset is out of range", s)
	case hasOffset:
		return t.UTC(), nil
	case zone == nil:
		return time.Time{}, fault.MarketNoZone.Errorf("time %q has no offset and no time zone is given beside it", s)
	}
	return onlyInstant(t, zone)
}

// timeLayouts are the layouts of a date and a time, by their shapes.
var timeLayouts = map[string]string{
	"0000-00-00T00:00:00": "2006-01-02T15:04:05",
	"0000-00-00 00:00:00": "2006-01-02 15:04:05",
	"0000-00-00T00:00":    "2006-01-02T15:04",
	"0000-00-00 00:00":    "2006-01-02 15:04",
	"0000-00-00":          "2006-01-02",
}

// timeLayout returns the layout by which [time.Parse] reads s. Parse alone is
// too lenient: it takes hours of one digit, a comma before the fraction, and
// cuts a fraction after nine digits.
func timeLayout(s string) (layout string, hasOffset, ok bool) {
	shape := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '0'
		}
		return r
	}, s)
	if rest, zulu := strings.CutSuffix(shape, "Z"); zulu {
		shape, hasOffset = rest, true
	} else if n := len(shape) - len("+00:00"); n > len("0000-00-00") && (shape[n:] == "+00:00" || shape[n:] == "-00:00") {
		shape, hasOffset = shape[:n], true
	}
	shape, fraction, hasFraction := strings.Cut(shape, ".")
	if hasFraction && (fraction == "" || len(fraction) > 9 || strings.Trim(fraction, "0") != "") {
		return "", false, false
	}
	layout, ok = timeLayouts[shape]
	seconds := strings.HasSuffix(layout, ":05")
	if !ok || (hasFraction || hasOffset) && !seconds {
		return "", false, false
	}
	if hasOffset {
		layout += "Z07:00"
	}
	return layout, hasOffset, true
}

// offsetInRange reports whether the offset at the end of s, of a form that
// [time.Parse] takes, is one of RFC 3339: Parse takes +24:00 and +08:60 too.
func offsetInRange(s string) bool {
	return strings.HasSuffix(s, "Z") || s[len(s)-len("00:00"):] < "24" && s[len(s)-len("00"):] < "60"
}

// clip shortens a text that goes into a message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
