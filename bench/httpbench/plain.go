package httpbench

import (
	"bufio"
	"encoding/json"
	"io"
	"iter"
	"net/http"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A plainBar is a bar as our server writes it, for encoding/json.
type plainBar struct {
	Symbol       string      `json:"symbol"`
	Interval     string      `json:"interval"`
	Time         market.Time `json:"time"`
	Open         float64     `json:"open"`
	High         float64     `json:"high"`
	Low          float64     `json:"low"`
	Close        float64     `json:"close"`
	Volume       float64     `json:"volume"`
	Turnover     float64     `json:"turnover"`
	OpenInterest float64     `json:"open_interest"`
}

// plainWays are how a program may write bars as an array of JSON.
var plainWays = map[string]func(io.Writer, iter.Seq2[plainBar, error]) error{
	"encoder": byEncoder, "rows": byMarshal, "slice": bySlice,
}

// byEncoder has a json.Encoder write each row.
func byEncoder(w io.Writer, bars iter.Seq2[plainBar, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	before := byte('[')
	for b, err := range bars {
		if err != nil {
			return err
		}
		if err := out.WriteByte(before); err != nil {
			return err
		}
		before = ','
		if err := enc.Encode(&b); err != nil {
			return err
		}
	}
	return end(out, before)
}

// byMarshal marshals each row.
func byMarshal(w io.Writer, bars iter.Seq2[plainBar, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	before := byte('[')
	for b, err := range bars {
		if err != nil {
			return err
		}
		text, err := json.Marshal(&b)
		if err != nil {
			return err
		}
		if err := out.WriteByte(before); err != nil {
			return err
		}
		before = ','
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	return end(out, before)
}

func end(out *bufio.Writer, before byte) error {
	text := "]"
	if before == '[' {
		text = "[]"
	}
	if _, err := out.WriteString(text); err != nil {
		return err
	}
	return out.Flush()
}

// bySlice collects all rows and marshals them at once.
func bySlice(w io.Writer, bars iter.Seq2[plainBar, error]) error {
	all := []plainBar{}
	for b, err := range bars {
		if err != nil {
			return err
		}
		all = append(all, b)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// plainBars answers with bars as somebody would who has nothing but the store and
// the standard library.
type plainBars struct {
	store *series.Store
	write func(io.Writer, iter.Seq2[plainBar, error]) error
}

// ServeHTTP answers with the one-minute bars of a symbol in a range.
func (p *plainBars) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	symbol, err := market.ParseSymbol(r.FormValue("symbol"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	in, err := market.ParseRange(r.FormValue("from"), r.FormValue("to"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	name := symbol.String()
	rows := func(yield func(plainBar, error) bool) {
		for b, err := range p.store.Bars(r.Context(), symbol, market.Minute, in) {
			row := plainBar{name, "1m", b.Time, b.Open, b.High, b.Low, b.Close, b.Volume, b.Turnover, b.OpenInterest}
			if !yield(row, err) {
				return
			}
		}
	}
	if err := p.write(w, rows); err != nil {
		panic(http.ErrAbortHandler)
	}
}
