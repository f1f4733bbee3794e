package market

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
)

// UnmarshalJSON reads the form that b is written in. The four prices must be
// given; other fields that are left out become 0. Unknown or repeated ones,
// null prices and values of another type are [fault.Invalid], with the field's
// name. It does not validate b.
func (b *Bar) UnmarshalJSON(text []byte) error {
	var v Bar
	if err := decodeObject(text, map[string]any{
		"time": &v.Time, "open": &v.Open, "high": &v.High, "low": &v.Low, "close": &v.Close,
		"volume": &v.Volume, "turnover": &v.Turnover, "open_interest": &v.OpenInterest,
	}, "open", "high", "low", "close"); err != nil {
		return err
	}
	*b = v
	return nil
}

// MarshalJSON returns t as one flat object with vn.py's field names, so that
// a table can be made of many; levels of the book beyond Depth are left out.
// A tick that cannot be stored has no such form: the error is that of
// [Tick.Validate], but a missing Time is written as null.
func (t Tick) MarshalJSON() ([]byte, error) {
	if err := t.validateGiven(); err != nil {
		return nil, err
	}
	type plain Tick // without methods, lest json.Marshal call this one again
	text, err := json.Marshal(plain(t))
	if err != nil {
		return nil, fault.MarketForm.Errorf("tick: %w", err)
	}
	text = bytes.TrimSuffix(text, []byte("}"))
	for level := range int(t.Depth) {
		for _, f := range t.level(level) {
			value, err := json.Marshal(f.value)
			if err != nil {
				return nil, fault.MarketForm.Errorf("%s: %w", f.name, err)
			}
			text = append(text, `,"`+f.name+`":`...)
			text = append(text, value...)
		}
	}
	return append(text, '}'), nil
}

// UnmarshalJSON reads the form that [Tick.MarshalJSON] writes. Fields that
// are left out become 0, but depth: it becomes the highest level of which
// anything is given. In a level, a time or depth null is as good as left out.
// Unknown or repeated fields, null elsewhere, values of another type and
// levels beyond the given depth are [fault.Invalid], with the field's name. It
// validates nothing else.
func (t *Tick) UnmarshalJSON(text []byte) error {
	var v Tick
	var depth *uint8
	var levels [5]struct{ bidPrice, bidVolume, askPrice, askVolume *float64 }
	fields := map[string]any{
		"time": &v.Time, "seq": &v.Seq, "depth": &depth, "localtime": &v.Local, "name": &v.Name,
		"last_price": &v.LastPrice, "last_volume": &v.LastVolume, "volume": &v.Volume,
		"turnover": &v.Turnover, "open_interest": &v.OpenInterest,
		"limit_up": &v.LimitUp, "limit_down": &v.LimitDown,
		"open_price": &v.Open, "high_price": &v.High, "low_price": &v.Low, "pre_close": &v.PreClose,
	}
	for i, names := range levelNames {
		l := &levels[i]
		fields[names[0]], fields[names[1]], fields[names[2]], fields[names[3]] = &l.bidPrice, &l.bidVolume, &l.askPrice, &l.askVolume
	}
	if err := decodeObject(text, fields); err != nil {
		return err
	}
	for i, l := range levels {
		for _, f := range []struct{ to, from *float64 }{
			{&v.Bids[i].Price, l.bidPrice}, {&v.Bids[i].Volume, l.bidVolume},
			{&v.Asks[i].Price, l.askPrice}, {&v.Asks[i].Volume, l.askVolume},
		} {
			if f.from != nil {
				*f.to, v.Depth = *f.from, uint8(i+1)
			}
		}
	}
	if depth != nil {
		v.Depth = *depth
	}
	if err := v.validateBook(); err != nil {
		return err
	}
	*t = v
	return nil
}

// MarshalJSON returns r as an object with from and to; an open end is left
// out.
func (r Range) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		From Time `json:"from,omitzero"`
		To   Time `json:"to,omitzero"`
	}{r.From, r.To})
}

// UnmarshalJSON reads the form that [Range.MarshalJSON] writes, and null for
// an open end. The ends are read as by [ParseRange], without a zone.
func (r *Range) UnmarshalJSON(text []byte) error {
	var from, to *string
	if err := decodeObject(text, map[string]any{"from": &from, "to": &to}); err != nil {
		return err
	}
	var ends [2]string
	for i, end := range []*string{from, to} {
		if end != nil {
			ends[i] = *end
		}
	}
	v, err := ParseRange(ends[0], ends[1], nil)
	if err != nil {
		return err
	}
	*r = v
	return nil
}

// decodeObject reads a JSON object into fields, which holds a pointer for each
// name that may occur; those that are required must. It is stricter than [json.Unmarshal], for which null
// leaves a price as it was, and which lets unknown and repeated names pass.
func decodeObject(text []byte, fields map[string]any, required ...string) error {
	if err := validJSON(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fault.MarketForm.Errorf("%q is not a JSON object", clip(string(text)))
	}
	seen := make(map[string]bool, len(fields))
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fault.MarketForm.Errorf("not JSON: %w", err)
		}
		name := token.(string) // the decoder takes nothing else for a name
		if err := decodeField(d, name, fields, seen); err != nil {
			return fault.At(fault.Place{Field: clip(name)}, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fault.MarketForm.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.MarketForm.Errorf("something stands after the JSON object")
	}
	for _, name := range required {
		if !seen[name] {
			return fault.At(fault.Place{Field: name}, fault.MarketForm.Errorf("the field is missing"))
		}
	}
	return nil
}

func decodeField(d *json.Decoder, name string, fields map[string]any, seen map[string]bool) error {
	to, known := fields[name]
	if !known {
		return fault.MarketForm.Errorf("there is no such field; there are %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	if seen[name] {
		return fault.MarketForm.Errorf("the field stands twice")
	}
	seen[name] = true
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return fault.MarketForm.Errorf("not JSON: %w", err)
	}
	if bytes.Equal(raw, []byte("null")) && !mayBeNull(to) {
		return fault.MarketForm.Errorf("null stands where a value is wanted; leave the field out, or write 0, if there is none")
	}
	if err := json.Unmarshal(raw, to); err != nil {
		if fault.KindOf(err) != "" {
			return err
		}
		return misfit(clip(string(raw)), to)
	}
	return nil
}

// misfit returns the error for a value that does not go into to.
func misfit(raw string, to any) error {
	switch to.(type) {
	case *uint32:
		return fault.MarketForm.Errorf("%s stands where a whole number from 0 to 4294967295 is wanted", raw)
	case **uint8:
		return fault.MarketForm.Errorf("%s stands where a whole number from 0 to 5 is wanted", raw)
	case *float64, **float64:
		return fault.MarketForm.Errorf("%s stands where a number within 1.8e308 is wanted", raw)
	}
	return fault.MarketForm.Errorf("%s stands where a string is wanted", raw)
}

// mayBeNull reports whether null is a value of what to points to: of times,
// and of what is a pointer itself.
func mayBeNull(to any) bool {
	switch to.(type) {
	case *Time, **float64, **uint8, **string:
		return true
	}
	return false
}

// decodeText reads a JSON string, and null as the empty text.
func decodeText(b []byte, example string) ([]byte, error) {
	if err := validJSON(b); err != nil {
		return nil, err
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fault.MarketForm.Errorf("%s is not a string as in %q", clip(string(b)), example)
	}
	if s == nil {
		return nil, nil
	}
	return []byte(*s), nil
}

// validJSON returns an error for what [json.Unmarshal] would repair silently:
// it puts U+FFFD in the place of bytes that are not UTF-8.
func validJSON(text []byte) error {
	if !utf8.Valid(text) {
		return fault.MarketText.Errorf("%q is not UTF-8", clip(string(text)))
	}
	return nil
}

// validName returns an error if a tick's name could not be written and read
// back as the same text.
func validName(name string) error {
	if !utf8.ValidString(name) {
		return fault.MarketText.Errorf("%q is not UTF-8", clip(name))
	}
	return nil
}
