package marketfile

import (
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
	w        io.Writer
	of       *shape
	line     []byte // lines that are not written yet
	texts    []string
	times    stamps
	local    stamps // of localtime
	decimals []int  // of the last number of each column
}

// lineBytes is how much text is collected before it is written.
const lineBytes = 64 << 10

func newTextSheet(m *shape, w io.Writer) textSheet {
	zone := m.Zone
	if zone == nil {
		zone = time.UTC
	}
	return textSheet{w: w, of: m, times: stamps{zone: zone}, local: stamps{zone: zone}, decimals: make([]int, len(m.columns))}
}

// reserve makes room for the lines of a frame.
func (s *textSheet) reserve(f *series.Frame) {
	const value = 20 // bytes with its name, about
	s.line = slices.Grow(s.line, min(f.Len()*(len(s.of.columns)+4)*value, lineBytes+lineBytes/8-len(s.line)))
}

// flush writes the lines if they are many.
func (s *textSheet) flush() error {
	if len(s.line) < lineBytes {
		return nil
	}
	return s.close()
}

func (s *textSheet) close() error {
	if len(s.line) == 0 {
		return nil
	}
	_, err := s.w.Write(s.line)
	s.line = s.line[:0]
	return err
}

// A csvSheet writes separated values.
type csvSheet struct {
	textSheet
	begun bool
}

func newCSVSheet(m *shape, w io.Writer) *csvSheet { return &csvSheet{textSheet: newTextSheet(m, w)} }

// begin writes the header.
func (s *csvSheet) begin() {
	if s.begun {
		return
	}
	s.begun = true
	names := append(keyFields(s.of.kind), fieldTime)
	if s.of.kind == series.Ticks {
		names = append(names, fieldSeq)
	}
	for i := range s.of.columns {
		names = append(names, s.of.header(&s.of.columns[i]))
	}
	s.line = append(s.line, strings.Join(names, ",")...)
	s.line = append(s.line, '\n')
}

func (s *csvSheet) close() error {
	s.begin()
	return s.textSheet.close()
}

func (s *csvSheet) write(f *series.Frame) error {
	s.begin()
	s.reserve(f)
	if err := s.oneLine(f); err != nil {
		return err
	}
	var key []byte
	s.texts = appendKey(s.texts[:0], f.Key)
	for _, text := range s.texts {
		key = append(appendCSV(key, text), ',')
	}
	for i, t := range f.Time {
		s.line = append(s.line, key...)
		s.line = s.times.append(s.line, int64(t))
		if f.Seq != nil {
			s.line = append(s.line, ',')
			s.line = strconv.AppendUint(s.line, uint64(f.Seq[i]), 10)
		}
		for j := range s.of.columns {
			s.line = append(s.line, ',')
			if x := s.of.columns[j].floats; x != nil {
				s.line = appendFloat(s.line, x[i], &s.decimals[j])
				continue
			}
			s.value(j, i)
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
	broken := func(text string) bool { return strings.Contains(text, "\n") }
	for j := range s.of.columns {
		c := &s.of.columns[j]
		if c.col == nil || c.col.Texts == nil || !slices.ContainsFunc(c.col.Texts.Dict, broken) {
			continue
		}
		for i, of := range c.col.Texts.Index {
			if c.absent(i) || !broken(c.col.Texts.Dict[of]) {
				continue
			}
			return fault.FileOption.Errorf("%s of %s at %s has a line break, %q, which does not come back from CSV: export it as Parquet or NDJSON", c.Name, f.Key, f.Time[i], shown([]byte(c.col.Texts.Dict[of])))
		}
	}
	return nil
}

// value writes the value of column j in row i.
func (s *csvSheet) value(j, i int) {
	c := &s.of.columns[j]
	switch {
	case c.absent(i):
	case c.col == nil:
		if c.Type != series.Text && !c.isLocal() {
			s.line = append(s.line, '0')
		}
	case c.Type == series.Float64:
		s.line = appendFloat(s.line, c.col.Floats[i], &s.decimals[j])
	case c.isLocal():
		if c.col.Ints[i] != 0 {
			s.line = s.local.append(s.line, c.col.Ints[i])
		}
	case c.Type == series.Int64:
		s.line = strconv.AppendInt(s.line, c.col.Ints[i], 10)
	default:
		text := c.col.Texts.Dict[c.col.Texts.Index[i]]
		if text == "" && !c.extra {
			return
		}
		s.line = appendCSV(s.line, text)
	}
}

// appendCSV appends a text, in quotation marks if it needs them: an empty one
// does, since without them it is none.
func appendCSV(b []byte, text string) []byte {
	if text != "" && !strings.ContainsAny(text, "\",\r\n") && len(strings.TrimSpace(text)) == len(text) {
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

// stamps writes times as RFC 3339. It remembers the last day and the last offset.
type stamps struct {
	zone         *time.Location
	since, until int64  // the nanoseconds from and to which the zone has offset
	offset       int64  // in nanoseconds
	from, to     int64  // the day, or the part of it that has the offset
	midnight     int64  // when the day began, had it that offset
	before       []byte // up to the hours
	after        []byte // the offset
}

func (s *stamps) append(b []byte, t int64) []byte {
	if t < s.from || t >= s.to {
		s.turn(t)
	}
	rest := uint64(t - s.midnight)
	seconds := rest / 1e9
	nanos := rest - seconds*1e9
	hour, minute, second := 2*(seconds/3600), 2*(seconds/60%60), 2*(seconds%60)
	b = append(b, s.before...)
	b = append(b, pairs[hour], pairs[hour+1], ':', pairs[minute], pairs[minute+1], ':', pairs[second], pairs[second+1])
	if nanos != 0 {
		b = append(b, '.')
		for unit := uint64(1e8); nanos > 0; unit /= 10 {
			b = append(b, byte('0'+nanos/unit))
			nanos %= unit
		}
	}
	return append(b, s.after...)
}

// turn goes to the day of t.
func (s *stamps) turn(t int64) {
	const day = int64(24 * time.Hour)
	if t < s.since || t >= s.until {
		s.turnOffset(t)
	}
	s.midnight = t - modulo(t%day+s.offset, day)
	s.from, s.to = max(s.midnight, s.since), min(s.midnight+day, s.until)
	y, m, d := time.Unix(0, t).UTC().Add(time.Duration(s.offset)).Date()
	year, month := uint64(y), uint64(m)
	var text [11]byte
	putPair(text[:], year/100)
	putPair(text[2:], year)
	putPair(text[5:], month)
	putPair(text[8:], uint64(d))
	text[4], text[7], text[10] = '-', '-', 'T'
	s.before = append(s.before[:0], text[:]...)
}

// turnOffset finds the offset at t, and from when until when it is that of the
// zone. One that is no whole minutes cannot be written: the times are then in UTC.
func (s *stamps) turnOffset(t int64) {
	at := time.Unix(0, t).In(s.zone)
	since, until := at.ZoneBounds() // zero where there is none
	s.since, s.until = math.MinInt64, math.MaxInt64
	if x := since.Unix(); x > math.MinInt64/int64(time.Second) {
		s.since = x * 1e9
	}
	if x := until.Unix(); !until.IsZero() && x < math.MaxInt64/int64(time.Second) {
		s.until = x * 1e9
	}
	_, offset := at.Zone()
	if offset%60 != 0 {
		at, offset = at.UTC(), 0
	}
	s.offset = int64(offset) * 1e9
	s.after = at.AppendFormat(s.after[:0], "Z07:00")
}

// modulo returns what is left of a beyond a multiple of b, from 0 to b.
func modulo(a, b int64) int64 {
	if a %= b; a < 0 {
		a += b
	}
	return a
}

// A jsonSheet writes an object a line, and for JSON makes an array of them.
type jsonSheet struct {
	textSheet
	names [][]byte // of each column, as it stands in a line
	begun bool
}

func newJSONSheet(m *shape, w io.Writer) *jsonSheet {
	s := &jsonSheet{textSheet: newTextSheet(m, w)}
	for i := range m.columns {
		name := appendJSON([]byte{','}, m.header(&m.columns[i]))
		s.names = append(s.names, append(name, ':'))
	}
	return s
}

// begin writes what stands in front of an object: the array, or what divides it
// from the one before.
func (s *jsonSheet) begin() {
	switch {
	case s.of.Format != JSON:
	case s.begun:
		s.line = append(s.line, ',', '\n')
	default:
		s.line = append(s.line, '[')
	}
	s.begun = true
}

func (s *jsonSheet) close() error {
	if s.of.Format == JSON {
		if !s.begun {
			s.line = append(s.line, '[')
		}
		s.line = append(s.line, ']', '\n')
	}
	return s.textSheet.close()
}

func (s *jsonSheet) write(f *series.Frame) error {
	var key []byte
	s.texts = appendKey(s.texts[:0], f.Key)
	for i, name := range keyFields(s.of.kind) {
		key = append(append(append(key, ",\""...), name...), "\":"...)
		key = appendJSON(key, s.texts[i])
	}
	key[0] = '{'
	key = append(key, `,"time":"`...)
	s.reserve(f)
	for i, t := range f.Time {
		s.begin()
		s.line = append(s.line, key...)
		s.line = append(s.times.append(s.line, int64(t)), '"')
		if f.Seq != nil {
			s.line = append(s.line, `,"seq":`...)
			s.line = strconv.AppendUint(s.line, uint64(f.Seq[i]), 10)
		}
		for j := range s.of.columns {
			s.line = append(s.line, s.names[j]...)
			if x := s.of.columns[j].floats; x != nil {
				s.line = appendFloat(s.line, x[i], &s.decimals[j])
				continue
			}
			s.value(j, i)
		}
		s.line = append(s.line, '}')
		if s.of.Format == NDJSON {
			s.line = append(s.line, '\n')
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// value writes the value of column j in row i.
func (s *jsonSheet) value(j, i int) {
	c := &s.of.columns[j]
	switch {
	case c.absent(i) || c.isLocal() && (c.col == nil || c.col.Ints[i] == 0):
		s.line = append(s.line, "null"...)
	case c.col == nil && c.Type == series.Text:
		s.line = append(s.line, '"', '"')
	case c.col == nil:
		s.line = append(s.line, '0')
	case c.Type == series.Float64:
		s.line = appendFloat(s.line, c.col.Floats[i], &s.decimals[j])
	case c.isLocal():
		s.line = append(s.local.append(append(s.line, '"'), c.col.Ints[i]), '"')
	case c.Type == series.Int64:
		s.line = appendWhole(s.line, c.col.Ints[i])
	default:
		s.line = appendJSON(s.line, c.col.Texts.Dict[c.col.Texts.Index[i]])
	}
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
