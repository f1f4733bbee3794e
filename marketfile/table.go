package marketfile

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A header says what columns a file has.
type header struct {
	columns []headed
	line    int64  // where it stands, 0 if nowhere
	text    []byte // as it stands there
	notes   []error
}

func (h *header) names() []string {
	names := make([]string, len(h.columns))
	for i, c := range h.columns {
		names[i] = c.name
	}
	return names
}

// A headed is a column of a file.
type headed struct {
	name  string
	typed cellType // what Parquet says of it
}

// named returns the place of the first column of that name, none if there is none.
func (h *header) named(name string) int {
	return slices.IndexFunc(h.columns, func(c headed) bool { return c.name == name })
}

// index returns the place of a column by its name, or by its number from 1, "#1",
// and none if there is no such column.
func (h *header) index(name string) int {
	if i := h.named(name); i >= 0 {
		return i
	}
	number, ok := strings.CutPrefix(name, "#")
	if n, err := strconv.Atoi(number); ok && err == nil && 1 <= n && n <= len(h.columns) {
		return n - 1
	}
	return none
}

// A cellType is what a file says of the values of a column.
type cellType struct {
	kind cellKind
	unit time.Duration // of an instant
}

type cellKind uint8

const (
	cellText cellKind = iota // and what has no type
	cellFloat
	cellInt
	cellInstant // since 1970 UTC
	cellWall    // since 1970 on some clock
	cellOther   // lists and the like
)

// A table holds consecutive rows of a file by columns.
type table struct {
	lines []int64  // of each row: its line, or its number
	raw   [][]byte // of each row: its text, for refusing it
	bytes int      // of text that raw holds
	cells []cells  // of the columns that were wanted, in their order
	bad   []reject // rows that could not be cut into cells

	remarks bool // lines that are no rows were passed over
}

func (t *table) len() int { return len(t.lines) }

// cells are the values of a column: texts or numbers.
type cells struct {
	typed  cellType
	texts  [][]byte
	floats []float64
	ints   []int64
	null   []bool // of each value, whether there is none; nil: there are all
	exact  bool   // an empty text is one
}

// empty reports whether row i has no value.
func (c *cells) empty(i int) bool {
	if c.texts != nil {
		return len(c.texts[i]) == 0
	}
	return c.null != nil && c.null[i]
}

// absent reports whether row i has no value, of which an empty text is one.
func (c *cells) absent(i int) bool {
	if c.texts != nil {
		return c.texts[i] == nil
	}
	return c.empty(i)
}

// text returns the value of row i as text.
func (c *cells) text(i int) []byte {
	switch {
	case c.empty(i):
		return nil
	case c.texts != nil:
		return c.texts[i]
	case c.floats != nil:
		return strconv.AppendFloat(nil, c.floats[i], 'g', -1, 64)
	case c.typed.kind == cellWall:
		return wallCell(c.ints[i], c.typed.unit)
	}
	return strconv.AppendInt(nil, c.ints[i], 10)
}

// wallCell writes what a clock shows so many units after 1970: at midnight the
// date alone.
func wallCell(n int64, unit time.Duration) []byte {
	perDay := int64(24 * time.Hour / unit)
	days, rest := n/perDay, n%perDay
	if rest < 0 {
		days, rest = days-1, rest+perDay
	}
	t := time.Unix(0, 0).UTC().AddDate(0, 0, int(days)).Add(time.Duration(rest) * unit)
	if rest == 0 {
		return t.AppendFormat(nil, time.DateOnly)
	}
	return t.AppendFormat(nil, "2006-01-02T15:04:05.999999999")
}

// float returns the value of row i as a number.
func (c *cells) float(i int) (float64, error) {
	switch {
	case c.texts != nil:
		return number(c.texts[i])
	case c.floats != nil:
		return finite(c.floats[i])
	}
	v := float64(c.ints[i])
	if int64(v) != c.ints[i] {
		return 0, fault.FileCell.Errorf("%d has more digits than a price or a volume can keep", c.ints[i])
	}
	return v, nil
}

// number reads a decimal number. Infinity and what is not a number are told by
// their names; ParseFloat reads 0x1p4 and 1_000 too.
func number(text []byte) (float64, error) {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || bytes.IndexByte(text, '_') >= 0 || bytes.IndexByte(text, 'x') >= 0 || bytes.IndexByte(text, 'X') >= 0 {
		return 0, fault.FileCell.Errorf("%q is not a number", shown(text))
	}
	return finite(v)
}

func finite(v float64) (float64, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fault.MarketNotFinite.Errorf("%v is not a number that can be stored", v)
	}
	return v, nil
}

// int returns the value of row i as a whole number.
func (c *cells) int(i int) (int64, error) {
	if c.texts == nil && c.floats == nil {
		return c.ints[i], nil
	}
	text := c.text(i)
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err == nil {
		return v, nil
	}
	// pandas writes whole numbers with ".0" where a column has gaps.
	f, err := number(text)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fault.FileCell.Errorf("%q is not a whole number", shown(text))
	}
	return int64(f), nil
}

// shown returns a cell as it may stand in a message.
func shown(b []byte) string {
	const most = 60
	if len(b) <= most {
		return string(b)
	}
	return string(b[:most]) + "…"
}

// A reader cuts a file into tables. Pieces come in order, from one goroutine;
// several goroutines may make tables of them.
type reader interface {
	header() *header
	// next returns the next piece, io.EOF after the last.
	next() (piece, error)
}

// A piece is a part of a file that was read and not yet cut into cells.
type piece interface {
	// table returns the values of the wanted columns.
	table(wanted []int) (*table, error)
}
