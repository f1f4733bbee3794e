package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// A stream is a result of which no more than a row is held, but for a table,
// whose columns are laid out by all of them.
type stream struct {
	p       *program
	columns []column
	empty   []bool // of each column: the table leaves it out if no row has a value

	count int
	rows  [][]any
	csv   *csv.Writer
	line  []string
	b     []byte
}

// stream begins a result. Names of columns may be hidden where a table has no
// values in them.
func (p *program) stream(columns []column, empty []bool) (*stream, error) {
	s := &stream{p: p, columns: columns, empty: empty}
	if p.format != formatCSV {
		return s, nil
	}
	s.csv = csv.NewWriter(p.stdout)
	for _, c := range columns {
		s.line = append(s.line, c.key)
	}
	return s, s.csv.Write(s.line)
}

// row writes a row. The slice is the caller's again when it returns.
func (s *stream) row(cells []any) error {
	s.count++
	switch s.p.format {
	case formatCSV:
		for i, v := range cells {
			cell, err := plain(v)
			if err != nil {
				return err
			}
			s.line[i] = cell
		}
		return s.csv.Write(s.line)
	case formatNDJSON:
		return s.object(cells, marks{"{", `"`, `":`, ",", "}\n"})
	case formatJSON:
		m := marks{",\n  {\n", `    "`, `": `, ",\n", "\n  }"}
		if s.count == 1 {
			m.begin = "[\n  {\n"
		}
		return s.object(cells, m)
	}
	s.rows = append(s.rows, append([]any(nil), cells...))
	return nil
}

// marks are what stands around and between the fields of a JSON object.
type marks struct{ begin, before, behind, between, end string }

// object writes a row as a JSON object. Names of columns need no escaping.
func (s *stream) object(cells []any, m marks) error {
	b := append(s.b[:0], m.begin...)
	for i, v := range cells {
		if i > 0 {
			b = append(b, m.between...)
		}
		b = append(b, m.before...)
		b = append(b, s.columns[i].key...)
		b = append(b, m.behind...)
		var err error
		if b, err = appendJSON(b, v); err != nil {
			return err
		}
	}
	s.b = append(b, m.end...)
	_, err := s.p.stdout.Write(s.b)
	return err
}

// end writes what is left.
func (s *stream) end() error {
	switch s.p.format {
	case formatCSV:
		s.csv.Flush()
		return s.csv.Error()
	case formatNDJSON:
		return nil
	case formatJSON:
		text := "\n]\n"
		if s.count == 0 {
			text = "[]\n"
		}
		_, err := s.p.stdout.WriteString(text)
		return err
	}
	columns := append([]column(nil), s.columns...)
	for i := range columns {
		if s.empty != nil && s.empty[i] && !s.hasValue(i) {
			columns[i].title = message{}
		}
	}
	p := s.p
	return p.print(result{columns: columns, rows: s.rows})
}

func (s *stream) hasValue(column int) bool {
	for _, row := range s.rows {
		switch v := row[column].(type) {
		case nil:
		case decimal:
			if v != 0 {
				return true
			}
		case int64:
			if v != 0 {
				return true
			}
		case string:
			if v != "" {
				return true
			}
		default:
			return true
		}
	}
	return false
}

func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case decimal:
		return v.append(b), nil
	case stamp:
		b = append(b, '"')
		b = v.append(b)
		return append(b, '"'), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

// A decimal is a number that is written as the shortest decimal that is read
// back as the same.
type decimal float64

// append appends its text. Digits go on for ever in numbers that no market has:
// those get an exponent.
func (d decimal) append(b []byte) []byte {
	x := float64(d)
	if size := math.Abs(x); size != 0 && (size < 1e-12 || size >= 1e21) {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}

// String returns the text.
func (d decimal) String() string { return string(d.append(nil)) }

// MarshalJSON returns the text, which is a number of JSON's too.
func (d decimal) MarshalJSON() ([]byte, error) { return d.append(nil), nil }

// A stamp is a time in a zone, for machines.
type stamp struct {
	t    market.Time
	zone *time.Location
}

// append appends the time as RFC 3339 has it. An offset with seconds, as clocks
// had before there were zones, cannot be written: such a time is in UTC.
func (s stamp) append(b []byte) []byte {
	t := s.t.In(s.zone)
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	return t.AppendFormat(b, time.RFC3339Nano)
}

// String returns the text.
func (s stamp) String() string { return string(s.append(nil)) }

// MarshalJSON returns the text as a string.
func (s stamp) MarshalJSON() ([]byte, error) { return appendJSON(nil, s) }

// clock returns t for people, as the clock of zone shows it: the date alone where
// that says it all.
func clock(t market.Time, zone *time.Location, daily bool) string {
	at := t.In(zone)
	if daily && at.Format(time.TimeOnly) == "00:00:00" {
		return at.Format(time.DateOnly)
	}
	return at.Format("2006-01-02 15:04:05.999999999")
}

// timeCell returns a time as a cell of a result, nil for none.
func (p *program) timeCell(t market.Time, zone *time.Location, daily bool) any {
	switch {
	case t == 0:
		return nil
	case p.format == formatTable:
		return clock(t, zone, daily)
	}
	return stamp{t, zone}
}
