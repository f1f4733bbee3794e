package series

import (
	"cmp"
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A Kind says what the rows of a series are.
type Kind uint8

// The kinds of series.
const (
	Bars Kind = iota + 1
	Ticks
	Indicator
)

var kindNames = [...]string{Bars: "bars", Ticks: "ticks", Indicator: "indicator"}

// String returns bars, ticks or indicator, and "" for no kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// KindNamed returns the kind that String calls name, 0 for none.
func KindNamed(name string) Kind { return Kind(max(0, slices.Index(kindNames[:], name))) }

// A Key names one series. It is comparable and may be a map's key.
type Key struct {
	Kind   Kind
	Symbol market.Symbol

	// Interval is that of bars and indicators, and 0 for ticks.
	Interval market.Interval

	// Name is the name of an indicator with its parameters, "rsi(14)", and ""
	// for bars and ticks. It is formed as the code of a symbol is: see
	// [market.ValidateCode].
	Name string
}

// BarKey returns the key of the bars of y with interval v.
func BarKey(y market.Symbol, v market.Interval) Key {
	return Key{Kind: Bars, Symbol: y, Interval: v}
}

// TickKey returns the key of the ticks of y.
func TickKey(y market.Symbol) Key { return Key{Kind: Ticks, Symbol: y} }

// Validate returns an error of kind [fault.Invalid] if k names no series.
func (k Key) Validate() error {
	if k.Kind.String() == "" {
		return fault.SeriesKey.Errorf("a key has no kind")
	}
	if err := k.Symbol.Validate(); err != nil {
		return fault.SeriesKey.Errorf("key %s: %w", k, err)
	}
	if k.Kind == Ticks && k.Interval != 0 {
		return fault.SeriesKey.Errorf("key %s: ticks have no interval", k)
	}
	if k.Kind != Ticks {
		if err := k.Interval.Validate(); err != nil {
			return fault.SeriesKey.Errorf("key %s: %w", k, err)
		}
	}
	return k.validateName()
}

func (k Key) validateName() error {
	if k.Kind != Indicator {
		if k.Name != "" {
			return fault.SeriesKey.Errorf("key %s: only indicators have a name", k)
		}
		return nil
	}
	if err := market.ValidateCode(k.Name); err != nil {
		return fault.SeriesKey.Errorf("key %s: the name is formed as a code is: %w", k, err)
	}
	return nil
}

// String returns the key for people: "bars rb2601.SHFE 1m".
func (k Key) String() string {
	parts := []string{k.Kind.String(), k.Symbol.String()}
	if k.Interval != 0 {
		parts = append(parts, k.Interval.String())
	}
	if k.Name != "" {
		parts = append(parts, k.Name)
	}
	return strings.Join(parts, " ")
}

// Compare orders keys by kind, code, exchange, interval (shorter first, then
// Day and Week) and name. It is the order of [Engine.Overview].
func (k Key) Compare(l Key) int {
	return cmp.Or(
		cmp.Compare(k.Kind, l.Kind),
		cmp.Compare(k.Symbol.Code, l.Symbol.Code),
		cmp.Compare(k.Symbol.Exchange, l.Symbol.Exchange),
		cmp.Compare(rank(k.Interval), rank(l.Interval)),
		cmp.Compare(k.Name, l.Name),
	)
}

func rank(v market.Interval) int64 {
	switch v {
	case market.Day:
		return 1 << 32
	case market.Week:
		return 1 << 33
	}
	return int64(v)
}
