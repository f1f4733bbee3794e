package market

import (
	"fmt"
	"math"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Bar is what was traded in one interval. It is 64 bytes without a pointer;
// the symbol and the interval it belongs to are named beside it.
type Bar struct {
	// Time is the start of the bar, a whole second. Bars of a Day or a Week
	// start at 00:00 of the trading day in the exchange's time zone.
	Time Time `json:"time"`

	// Open, High, Low and Close are prices, in the currency of the quote.
	Open  float64 `json:"open"`
	High  float64 `json:"high"`
	Low   float64 `json:"low"`
	Close float64 `json:"close"`

	// Volume is how much was traded within the bar, in the units that the
	// exchange counts (lots, shares, coins); Turnover is its value in money.
	// They are 0 where the source has none.
	Volume   float64 `json:"volume"`
	Turnover float64 `json:"turnover"`

	// OpenInterest is the number of open contracts at the end of the bar, 0
	// where there is no such thing.
	OpenInterest float64 `json:"open_interest"`
}

// Validate returns an error of kind [fault.Invalid], with the field's name,
// if b cannot be stored: it has no time, or one that is not a whole second or
// out of bounds, or a field is NaN or infinite.
func (b *Bar) Validate() error {
	if err := b.Time.Validate(); err != nil {
		return fault.At(fault.Place{Field: "time"}, err)
	}
	if b.Time%1e9 != 0 {
		return fault.At(fault.Place{Field: "time"}, fault.MarketSubsecond.Errorf("%s is not a whole second", b.Time))
	}
	for _, f := range b.fields() {
		if err := finite(f); err != nil {
			return err
		}
	}
	return nil
}

// Findings tells what in b contradicts itself, of a bar of interval v whose
// days are counted in zone. None of it keeps b from being stored. b and v must
// be valid.
func (b *Bar) Findings(v Interval, zone *time.Location) []Finding {
	var found []Finding
	if from, _ := v.Window(b.Time, zone); from != b.Time {
		found = append(found, Finding{"time", OffGrid, fmt.Sprintf("%s is not the start of a bar of %s in %s: that is %s", b.Time, v, zone, from)})
	}
	found = appendOrder(found, b.Open, b.High, b.Low, b.Close)
	for i, f := range b.fields() {
		found = appendNegative(found, f, i < 4)
	}
	return found
}

func (b *Bar) fields() [7]field {
	return [...]field{
		{"open", b.Open}, {"high", b.High}, {"low", b.Low}, {"close", b.Close},
		{"volume", b.Volume}, {"turnover", b.Turnover}, {"open_interest", b.OpenInterest},
	}
}

type field struct {
	name  string
	value float64
}

func finite(f field) error {
	if math.IsNaN(f.value) || math.IsInf(f.value, 0) {
		return fault.At(fault.Place{Field: f.name}, fault.MarketNotFinite.Errorf("%v is not a finite number", f.value))
	}
	return nil
}
