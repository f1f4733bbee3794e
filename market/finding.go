package market

import "fmt"

// A Finding is a contradiction in a row that can be stored all the same. Real
// files hold them: Chinese contracts without a trade have a close above a high
// of 0, oil was traded below zero.
type Finding struct {
	// Field is the name of the field, as in the row's JSON form.
	Field string `json:"field" doc:"The field that is wrong."`

	// Rule is what the field breaks.
	Rule Rule `json:"rule" doc:"The rule that it breaks."`

	// Text says it with the values.
	Text string `json:"text" doc:"What is wrong, with the values."`
}

// A Rule is something that rows of market data keep as a rule.
type Rule string

// The rules that findings tell of.
const (
	// HighBelowLow is a high less than the low.
	HighBelowLow Rule = "high-below-low"

	// OutsideHighLow is an open or a close above the high or below the low.
	OutsideHighLow Rule = "outside-high-low"

	// NegativePrice is a price below zero.
	NegativePrice Rule = "negative-price"

	// NegativeAmount is a volume, turnover or open interest below zero.
	NegativeAmount Rule = "negative-amount"

	// OffGrid is a bar whose time is not the start of a bar of its interval.
	OffGrid Rule = "off-grid"
)

func appendOrder(found []Finding, open, high, low, closing float64) []Finding {
	if high < low {
		return append(found, Finding{"high", HighBelowLow, fmt.Sprintf("high %v is below low %v", high, low)})
	}
	for _, f := range []field{{"open", open}, {"close", closing}} {
		if f.value > high {
			found = append(found, Finding{f.name, OutsideHighLow, fmt.Sprintf("%s %v is above high %v", f.name, f.value, high)})
		}
		if f.value < low {
			found = append(found, Finding{f.name, OutsideHighLow, fmt.Sprintf("%s %v is below low %v", f.name, f.value, low)})
		}
	}
	return found
}

func appendNegative(found []Finding, f field, price bool) []Finding {
	if f.value >= 0 {
		return found
	}
	rule := NegativeAmount
	if price {
		rule = NegativePrice
	}
	return append(found, Finding{f.name, rule, fmt.Sprintf("%s is %v", f.name, f.value)})
}
