package main

import (
	"fmt"
	"strings"

	"github.com/redfire-quant/redfire/market"
)

// isDrawn reports whether results go to a terminal that can show a drawing.
func (p *program) isDrawn() bool {
	return isTerminal(p.out) && p.variable("TERM") != "dumb"
}

// A palette colours candles; the zero value does not.
type palette struct{ up, down, none string }

// palette returns the colours of the language's markets: in China what rises is
// red, elsewhere green.
func (p *program) palette() palette {
	const red, green, reset = "\x1b[31m", "\x1b[32m", "\x1b[0m"
	switch {
	case p.variable("NO_COLOR") != "":
		return palette{}
	case p.lang == "zh":
		return palette{red, green, reset}
	}
	return palette{green, red, reset}
}

const (
	candleRows  = 16 // height of a drawing
	candleWidth = 3  // of a candle and the gap behind it
)

// drawCandles draws bars beside each other, with prices at the left and the hours
// of UTC below. What fell is drawn in another shade, for where there are no
// colours.
func drawCandles(w *strings.Builder, bars []market.Bar, colours palette) {
	low, high := bars[0].Low, bars[0].High
	for _, b := range bars {
		low, high = min(low, b.Low), max(high, b.High)
	}
	step := max((high-low)/candleRows, high*1e-9, 1e-9)
	for row := candleRows - 1; row >= 0; row-- {
		from := low + float64(row)*step
		fmt.Fprintf(w, "%10.2f ", from+step/2)
		for _, b := range bars {
			w.WriteString(candle(b, from, from+step, colours))
		}
		w.WriteByte('\n')
	}
	w.WriteString(strings.Repeat(" ", 11))
	for i, b := range bars {
		if i%4 == 0 {
			hour := b.Time.UTC().Format("15:04")
			w.WriteString(hour + strings.Repeat(" ", 4*candleWidth-len(hour)))
		}
	}
	w.WriteByte('\n')
}

// candle returns what a bar shows between two prices.
func candle(b market.Bar, from, to float64, colours palette) string {
	colour, body := colours.up, "██"
	if b.Close < b.Open {
		colour, body = colours.down, "▒▒"
	}
	bottom, top := min(b.Open, b.Close), max(b.Open, b.Close)
	cell := "  "
	switch {
	case from <= top && to > bottom:
		cell = body
	case from <= b.High && to > b.Low:
		cell = "│ "
	default:
		colour = ""
	}
	if colour != "" {
		cell = colour + cell + colours.none
	}
	return cell + " "
}
