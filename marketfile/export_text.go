package marketfile

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A textSheet writes rows as lines of text.
type textSheet struct {
	w     io.Writer
	of    *export
	line  []byte // lines that are not written yet
	times stamps
	local stamps // of localtime
	cols  []*series.Column
}

// lineBytes is how much text is collected before it is written.
const lineBytes = 64 << 10

func newTextSheet(e *export, w io.Writer) textSheet {
	zone := e.opts.Zone
	if zone == nil {
		zone = time.UTC
	}
	return textSheet{w: w, of: e, times: stamps{zone: zone}, local: stamps{zone: zone}}
}

// find finds the columns of a frame.
func (s *textSheet) find(f *series.Frame) {
	s.cols = s.cols[:0]
	for i := range s.of.columns {
		s.cols = append(s.cols, f.Column(s.of.columns[i].Name))
	}
}

// flush writes the lines if they are many.
func (s *textSheet) flush() error {
	if len(s.line) < lineBytes {
		return nil
	}
	return s.close()
}

func (s *textSheet) close() error {
	_, err := s.w.Write(s.line)
	s.line = s.line[:0]
	return err
}

// absent reports whether a row of a column has no value.
func (c *exported) absent(col *series.Column, i int) bool {
	if !c.extra {
		return false
	}
	return col == nil || col.Valid != nil && !col.Valid[i]
}

// A csvSheet writes separated values.
type csvSheet struct {
	textSheet
	begun bool
}

func newCSVSheet(e *export, w io.Writer) *csvSheet { return &csvSheet{textSheet: newTextSheet(e, w)} }

// begin writes the header.
func (s *csvSheet) begin() {
	if s.begun {
		return
	}
	s.begun = true
	names := slices.Clone(exportedNames(s.of.Kind)[:3])
	for i := range s.of.columns {
		names = append(names, s.of.columns[i].header())
	}
	for i, name := range names {
		if i > 0 {
			s.line = append(s.line, ',')
		}
		s.line = append(s.line, name...)
	}
	s.line = append(s.line, '\n')
}

func (s *csvSheet) close() error {
	s.begin()
	return s.textSheet.close()
}

func (s *csvSheet) write(f *series.Frame) error {
	s.begin()
	s.find(f)
	if err := s.oneLine(f); err != nil {
		return err
	}
	key := append(appendCSV(nil, f.Key.Symbol.String()), ',')
	if s.of.Kind == series.Bars {
		key = append(append(key, f.Key.Interval.String()...), ',')
	}
	for i, t := range f.Time {
		s.line = append(s.line, key...)
		s.line = s.times.append(s.line, int64(t))
		if s.of.Kind == series.Ticks {
			s.line = append(s.line, ',')
			s.line = strconv.AppendUint(s.line, uint64(f.Seq[i]), 10)
		}
		for j := range s.of.columns {
			s.line = append(s.line, ',')
			s.value(&s.of.columns[j], s.cols[j], i)
		}
		s.line = append(s.line, '\n')
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// oneLine returns an error if a text has a line break: a row is a line, and those
// that read it would make two of it.
func (s *csvSheet) oneLine(f *series.Frame) error {
	for j, col := range s.cols {
		broken := func(text string) bool { return strings.Contains(text, "\n") }
		if col == nil || col.Texts == nil || !slices.ContainsFunc(col.Texts.Dict, broken) {
			continue
		}
		for i, of := range col.Texts.Index {
			text := col.Texts.Dict[of]
			if (col.Valid == nil || col.Valid[i]) && broken(text) {
				return fault.FileOption.Errorf("%s of %s at %s has a line break, %q, which does not come back from CSV: export it as Parquet or NDJSON", s.of.columns[j].Name, f.Key, f.Time[i], shown([]byte(text)))
			}
		}
	}
	return nil
}

func (s *csvSheet) value(c *exported, col *series.Column, i int) {
	switch {
	case c.absent(col, i):
	case col == nil:
		if c.Type != series.Text && c.Name != "localtime" {
			s.line = append(s.line, '0')
		}
	case c.Type == series.Float64:
		s.line = appendFloat(s.line, col.Floats[i])
	case c.Name == "localtime" && !c.extra:
		if col.Ints[i] != 0 {
			s.line = s.local.append(s.line, col.Ints[i])
		}
	case c.Type == series.Int64:
		s.line = strconv.AppendInt(s.line, col.Ints[i], 10)
	default:
		text := col.Texts.Dict[col.Texts.Index[i]]
		if text == "" && !c.extra {
			return
		}
		s.line = appendCSV(s.line, text)
	}
}

// appendCSV appends a text, in quotation marks if it needs them: an empty one
// does, since without them it is none.
func appendCSV(b []byte, text string) []byte {
	if text != "" && !bytes.ContainsAny([]byte(text), "\",\r\n") && len(bytes.TrimSpace([]byte(text))) == len(text) {
		return append(b, text...)
	}
	b = append(b, '"')
	for _, c := range []byte(text) {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// appendFloat appends the shortest text that reads back as v, with an exponent
// where it would be long.
func appendFloat(b []byte, v float64) []byte {
	form := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(b, v, form, -1, 64)
}

// stamps writes times as RFC 3339. It remembers the last minute.
type stamps struct {
	zone   *time.Location
	minute int64
	begun  bool
	before []byte // up to the seconds
	after  []byte // the offset
}

func (s *stamps) append(b []byte, t int64) []byte {
	minute := floorDiv(t, int64(time.Minute))
	if !s.begun || minute != s.minute {
		s.turn(minute)
	}
	rest := t - minute*int64(time.Minute)
	b = append(b, s.before...)
	seconds := rest / 1e9
	b = append(b, byte('0'+seconds/10), byte('0'+seconds%10))
	if nanos := rest % 1e9; nanos != 0 {
		b = append(b, '.')
		for unit := int64(1e8); nanos > 0; unit /= 10 {
			b = append(b, byte('0'+nanos/unit))
			nanos %= unit
		}
	}
	return append(b, s.after...)
}

// turn goes to a minute. An offset that is no whole minutes cannot be written: the
// time is then in UTC.
func (s *stamps) turn(minute int64) {
	at := time.Unix(minute*60, 0).In(s.zone)
	if _, offset := at.Zone(); offset%60 != 0 {
		at = at.UTC()
	}
	s.minute, s.begun = minute, true
	s.before = at.AppendFormat(s.before[:0], "2006-01-02T15:04:")
	s.after = at.AppendFormat(s.after[:0], "Z07:00")
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// An ndjsonSheet writes an object a line.
type ndjsonSheet struct {
	textSheet
	names [][]byte // of each column, as it stands in a line
}

func newNDJSONSheet(e *export, w io.Writer) *ndjsonSheet {
	s := &ndjsonSheet{textSheet: newTextSheet(e, w)}
	for i := range e.columns {
		name := appendJSON([]byte{','}, e.columns[i].header())
		s.names = append(s.names, append(name, ':'))
	}
	return s
}

func (s *ndjsonSheet) write(f *series.Frame) error {
	s.find(f)
	key := appendJSON([]byte(`{"symbol":`), f.Key.Symbol.String())
	if s.of.Kind == series.Bars {
		key = appendJSON(append(key, `,"interval":`...), f.Key.Interval.String())
	}
	key = append(key, `,"time":"`...)
	for i, t := range f.Time {
		s.line = append(s.line, key...)
		s.line = append(s.times.append(s.line, int64(t)), '"')
		if s.of.Kind == series.Ticks {
			s.line = append(s.line, `,"seq":`...)
			s.line = strconv.AppendUint(s.line, uint64(f.Seq[i]), 10)
		}
		for j := range s.of.columns {
			s.line = append(s.line, s.names[j]...)
			s.value(&s.of.columns[j], s.cols[j], i)
		}
		s.line = append(s.line, '}', '\n')
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (s *ndjsonSheet) value(c *exported, col *series.Column, i int) {
	local := c.Name == "localtime" && !c.extra
	switch {
	case c.absent(col, i) || local && (col == nil || col.Ints[i] == 0):
		s.line = append(s.line, "null"...)
	case col == nil && c.Type == series.Text:
		s.line = append(s.line, '"', '"')
	case col == nil:
		s.line = append(s.line, '0')
	case c.Type == series.Float64:
		s.line = appendFloat(s.line, col.Floats[i])
	case local:
		s.line = append(s.local.append(append(s.line, '"'), col.Ints[i]), '"')
	case c.Type == series.Int64:
		s.line = appendWhole(s.line, col.Ints[i])
	default:
		s.line = appendJSON(s.line, col.Texts.Dict[col.Texts.Index[i]])
	}
}

// appendWhole appends a number, as a text if a float64 does not hold it: most
// readers of JSON have no other numbers.
func appendWhole(b []byte, v int64) []byte {
	const most = 1 << 53
	if -most <= v && v <= most {
		return strconv.AppendInt(b, v, 10)
	}
	return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
}

// appendJSON appends a text in quotation marks.
func appendJSON(b []byte, text string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
