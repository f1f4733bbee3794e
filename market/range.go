package market

import (
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Range is a stretch of time: From is in it and To is not. An end that is 0
// is open, so the zero Range holds every time.
type Range struct{ From, To Time }

// openEnd stands for an open end in the text form, as in ISO 8601-2.
const openEnd = ".."

// ParseRange reads the two ends of a range, each as [ParseTime] does with
// zone; "" and ".." are open. A date alone is the beginning of that day, so a
// To of 2026-01-06 ends with the day before.
//
// An end of exactly 1970-01-01T00:00:00Z becomes one nanosecond later. It
// holds the same rows, since none can be stored at that instant.
func ParseRange(from, to string, zone *time.Location) (Range, error) {
	var r Range
	for _, end := range []struct {
		name, text string
		to         *Time
	}{{"from", from, &r.From}, {"to", to, &r.To}} {
		t, err := parseEnd(end.text, zone)
		if err != nil {
			return Range{}, fault.At(fault.Place{Field: end.name}, err)
		}
		*end.to = t
	}
	if err := r.Validate(); err != nil {
		return Range{}, err
	}
	return r, nil
}

func parseEnd(s string, zone *time.Location) (Time, error) {
	if s == "" || s == openEnd {
		return 0, nil
	}
	at, err := parseInstant(s, zone)
	if err != nil {
		return 0, err
	}
	t, err := nanoseconds(at)
	if t == 0 && err == nil {
		return 1, nil
	}
	return t, err
}

// Validate returns an error of kind [fault.Invalid] if an end is out of the
// bounds of [Time] or From is after To. A range whose ends are equal is valid
// and holds nothing.
func (r Range) Validate() error {
	for _, end := range []struct {
		name string
		at   Time
	}{{"from", r.From}, {"to", r.To}} {
		if end.at == 0 {
			continue
		}
		if err := end.at.Validate(); err != nil {
			return fault.At(fault.Place{Field: end.name}, err)
		}
	}
	if r.From != 0 && r.To != 0 && r.From > r.To {
		return fault.MarketRange.Errorf("range from %s to %s goes backwards", r.From, r.To)
	}
	return nil
}

// ValidateTicks returns the error of [Range.Validate], and one if an end is
// not a whole microsecond, by which ticks are told apart. The nanosecond that
// [ParseRange] makes of 1970 is as good as that instant.
func (r Range) ValidateTicks() error {
	for _, end := range []struct {
		name string
		at   Time
	}{{"from", r.From}, {"to", r.To}} {
		if end.at != 1 && end.at%1000 != 0 {
			return fault.At(fault.Place{Field: end.name}, fault.MarketRange.Errorf("%s is not a whole microsecond, as the end of a range of ticks must be", end.at))
		}
	}
	return r.Validate()
}

// Contains reports whether t lies in r. No range contains 0, which is no time.
func (r Range) Contains(t Time) bool {
	return t != 0 && (r.From == 0 || r.From <= t) && (r.To == 0 || t < r.To)
}

// String returns "from/to" with the ends as [Time.String] writes them, and
// ".." for an open one.
func (r Range) String() string {
	return endText(r.From) + "/" + endText(r.To)
}

func endText(t Time) string {
	if t == 0 {
		return openEnd
	}
	return t.String()
}

// MarshalText returns the text of [Range.String]. A range that is not valid is
// an error.
func (r Range) MarshalText() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads the form of [Range.String], the ends as by [ParseRange]
// without a zone.
func (r *Range) UnmarshalText(text []byte) error {
	from, to, ok := strings.Cut(string(text), "/")
	if !ok {
		return fault.MarketRange.Errorf("range %q is not written as in 2026-01-05T01:30:00Z/2026-01-06T01:30:00Z", clip(string(text)))
	}
	v, err := ParseRange(from, to, nil)
	if err == nil {
		*r = v
	}
	return err
}
