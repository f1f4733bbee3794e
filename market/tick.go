package market

import (
	"fmt"
	"math"

	"github.com/redfire-quant/redfire/fault"
)

// A Tick is one update of the market: the last trade, the day so far, and up
// to five levels of the order book. Its fields are those of vn.py's TickData;
// one that the source does not give is 0.
//
// A tick is told from the others of its symbol by the microsecond of Time,
// [Time.Micro], and by Seq; they are read in that order.
type Tick struct {
	// Time is the exchange's time. All its nanoseconds are kept.
	Time Time `json:"time"`

	// Seq is the place among the ticks of the same microsecond, from 0.
	Seq uint32 `json:"seq"`

	// Depth is how many levels of the book the source gave, 0 to 5. Levels
	// beyond it are 0 and are not stored.
	Depth uint8 `json:"depth"`

	// Local is when the recorder received the tick, 0 if that is not known.
	Local Time `json:"localtime"`

	// Name is what the exchange calls the contract, for people: 螺纹钢2601.
	Name string `json:"name"`

	// LastPrice and LastVolume are the price and the volume of the last trade.
	LastPrice  float64 `json:"last_price"`
	LastVolume float64 `json:"last_volume"`

	// Volume and Turnover are what was traded. A feed counts either since the
	// start of the trading day, as vn.py's gateways do, or within the tick;
	// which of them is said of the whole series.
	Volume   float64 `json:"volume"`
	Turnover float64 `json:"turnover"`

	// OpenInterest is the number of open contracts.
	OpenInterest float64 `json:"open_interest"`

	// LimitUp and LimitDown are the highest and the lowest price of the day
	// that the exchange allows.
	LimitUp   float64 `json:"limit_up"`
	LimitDown float64 `json:"limit_down"`

	// Open, High and Low are those of the trading day so far; PreClose is the
	// close of the one before.
	Open     float64 `json:"open_price"`
	High     float64 `json:"high_price"`
	Low      float64 `json:"low_price"`
	PreClose float64 `json:"pre_close"`

	// Bids and Asks are the book, the best level first.
	Bids [5]Level `json:"-"`
	Asks [5]Level `json:"-"`
}

// A Level is a price of the order book and the volume that waits there.
type Level struct{ Price, Volume float64 }

// Validate returns an error of kind [fault.Invalid], with the field's name,
// if t cannot be stored: it has no time or one that is out of bounds, Local is
// out of bounds, a field is NaN or infinite, Depth is above 5, a level beyond
// it is not zero, or Name is not UTF-8.
func (t *Tick) Validate() error {
	if t.Time == 0 {
		return fault.At(fault.Place{Field: "time"}, t.Time.Validate())
	}
	return t.validateGiven()
}

// validateGiven is Validate for a tick whose Time may be missing.
func (t *Tick) validateGiven() error {
	if t.Time != 0 {
		if err := t.Time.Validate(); err != nil {
			return fault.At(fault.Place{Field: "time"}, err)
		}
	}
	if t.Local != 0 {
		if err := t.Local.Validate(); err != nil {
			return fault.At(fault.Place{Field: "localtime"}, err)
		}
	}
	if err := validName(t.Name); err != nil {
		return fault.At(fault.Place{Field: "name"}, err)
	}
	for _, f := range t.fields() {
		if err := finite(f); err != nil {
			return err
		}
	}
	return t.validateBook()
}

func (t *Tick) validateBook() error {
	if int(t.Depth) > len(t.Bids) {
		return fault.At(fault.Place{Field: "depth"}, fault.MarketDepth.Errorf("depth %d is above 5", t.Depth))
	}
	for level := range t.Bids {
		for _, f := range t.level(level) {
			if err := finite(f); err != nil {
				return err
			}
			if level >= int(t.Depth) && math.Float64bits(f.value) != 0 { // -0 too would be lost
				return fault.At(fault.Place{Field: f.name}, fault.MarketDepth.Errorf("%v stands in a level beyond depth %d", f.value, t.Depth))
			}
		}
	}
	return nil
}

// Findings tells what in t contradicts itself. None of it keeps t from being
// stored. t must be valid.
func (t *Tick) Findings() []Finding {
	var found []Finding
	if t.High != 0 && t.Low != 0 && t.High < t.Low {
		found = append(found, Finding{"high_price", HighBelowLow, fmt.Sprintf("high_price %v is below low_price %v", t.High, t.Low)})
	}
	for i, f := range t.fields() {
		found = appendNegative(found, f, i < tickPrices)
	}
	for level := range int(t.Depth) {
		for i, f := range t.level(level) {
			found = appendNegative(found, f, i%2 == 0)
		}
	}
	return found
}

// tickPrices is how many of fields are prices: they come first.
const tickPrices = 7

func (t *Tick) fields() [11]field {
	return [...]field{
		{"last_price", t.LastPrice}, {"limit_up", t.LimitUp}, {"limit_down", t.LimitDown},
		{"open_price", t.Open}, {"high_price", t.High}, {"low_price", t.Low}, {"pre_close", t.PreClose},
		{"last_volume", t.LastVolume}, {"volume", t.Volume}, {"turnover", t.Turnover},
		{"open_interest", t.OpenInterest},
	}
}

// levelNames are the names of a level's four fields, as vn.py has them.
var levelNames = [5][4]string{
	{"bid_price_1", "bid_volume_1", "ask_price_1", "ask_volume_1"},
	{"bid_price_2", "bid_volume_2", "ask_price_2", "ask_volume_2"},
	{"bid_price_3", "bid_volume_3", "ask_price_3", "ask_volume_3"},
	{"bid_price_4", "bid_volume_4", "ask_price_4", "ask_volume_4"},
	{"bid_price_5", "bid_volume_5", "ask_price_5", "ask_volume_5"},
}

func (t *Tick) level(i int) [4]field {
	n := &levelNames[i]
	return [...]field{
		{n[0], t.Bids[i].Price}, {n[1], t.Bids[i].Volume},
		{n[2], t.Asks[i].Price}, {n[3], t.Asks[i].Volume},
	}
}
