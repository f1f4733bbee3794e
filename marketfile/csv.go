package marketfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A csvReader cuts a text of separated values.
type csvReader struct {
	lines *lines
	head  *header
	comma byte
	own   bool
	first *block // what is left of the block of the header
}

// headerLines is how many lines are looked at for a header: Chinese terminals
// write a title above it.
const headerLines = 20

// newCSV finds the header of a text, or takes the names of columns for it.
func newCSV(in *input, kind series.Kind, opts *Options) (*csvReader, error) {
	r := &csvReader{lines: newLines(in), head: &header{}}
	b, err := r.lines.block()
	if errors.Is(err, io.EOF) {
		return nil, fault.FileEmpty.Errorf("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	r.first = b
	if len(b.text) == 0 && len(b.bad) > 0 {
		return nil, fault.At(fault.Place{Line: int(b.bad[0].line)}, b.bad[0].err)
	}
	columns := opts.Columns
	if p := presetOf(kind, opts.Preset); len(columns) == 0 && p != nil && hasNoHeader(b.text, p) {
		columns = p.columns
	}
	if len(columns) > 0 {
		first, _, _ := bytes.Cut(bytes.TrimLeft(b.text, "\r\n"), []byte("\n"))
		r.comma = commaOf(first)
		r.head.columns = headedBy(columns)
		r.head.text = csvLine(columns...)
		if r.comma != ',' {
			r.head.text = bytes.Join(bytes.Split(r.head.text, []byte(",")), []byte{r.comma})
		}
		return r, nil
	}
	err = r.findHeader(kind, opts.Map)
	r.own = isOwn(kind, r.head.columns) && r.comma == ','
	return r, err
}

// hasNoHeader reports whether a text of a known form begins with a row: with a
// number, where a header has names.
func hasNoHeader(text []byte, p *preset) bool {
	first, _, _ := bytes.Cut(text, []byte(","))
	_, err := number(bytes.TrimSpace(first))
	return len(p.columns) > 0 && err == nil
}

func headedBy(names []string) []headed {
	all := make([]headed, len(names))
	for i, name := range names {
		all[i].name = name
	}
	return all
}

// findHeader takes the first of the lines that names the fields without which
// there are no rows, and if none does, the first.
func (r *csvReader) findHeader(kind series.Kind, named map[string]string) error {
	type candidate struct {
		*header
		comma byte
		below []byte
	}
	var first *candidate
	rest, line := r.first.text, r.first.first
	for n := 0; n < headerLines && len(rest) > 0; n++ {
		text, below, _ := bytes.Cut(rest, []byte("\n"))
		if rest = below; len(bytes.TrimSpace(text)) > 0 {
			h, comma := headerOf(text, line)
			now := &candidate{h, comma, below}
			if first == nil {
				first = now
			}
			if names(kind, h, named) {
				h.notes = above(first.line, line)
				first = now
				break
			}
		}
		line++
	}
	if first == nil {
		return fault.FileEmpty.Errorf("the first %d lines are empty", line-r.first.first)
	}
	r.head, r.comma = first.header, first.comma
	r.first = &block{text: first.below, first: first.line + 1, bad: r.first.bad}
	return nil
}

// above notes the lines above a header.
func above(first, line int64) []error {
	if first == line {
		return nil
	}
	return []error{fault.FileForm.Errorf("%d lines above the header were passed over", line-first)}
}

// headerOf reads a line as a header.
func headerOf(text []byte, line int64) (*header, byte) {
	text = bytes.TrimRight(text, "\r")
	comma := commaOf(text)
	cells, err := cut(text, comma, nil)
	if err != nil {
		cells = [][]byte{text}
	}
	h := &header{line: line, text: text}
	for _, c := range cells {
		h.columns = append(h.columns, headed{name: string(c)})
	}
	return h, comma
}

// names reports whether a header has names of the fields that are needed.
func names(kind series.Kind, h *header, named map[string]string) bool {
	found := 0
	for _, field := range needed[kind] {
		if name := named[field]; name != "" && h.index(name) >= 0 {
			found++
		} else if slices.ContainsFunc(h.columns, func(c headed) bool { return slices.Contains(known[kind][field], plain(c.name)) }) {
			found++
		}
	}
	return found == len(needed[kind])
}

// commaOf returns what separates the values of a line.
func commaOf(line []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte{c}); n > most {
			best, most = c, n
		}
	}
	return best
}

func (r *csvReader) header() *header { return r.head }

func (r *csvReader) next() (piece, error) {
	if b := r.first; b != nil {
		r.first = nil
		return csvPiece{b, r, r.lines.in.decoded}, nil
	}
	b, err := r.lines.block()
	if err != nil {
		return nil, err
	}
	return csvPiece{b, r, r.lines.in.decoded}, nil
}

// A csvPiece is a block of lines of separated values.
type csvPiece struct {
	*block
	of      *csvReader
	decoded bool // from another encoding
}

func (p csvPiece) table(wanted []int) (*table, error) {
	// Of empty lines there may be more than of rows.
	n := min(bytes.Count(p.text, []byte("\n")), len(p.text)/len(p.of.head.columns)) + 1
	t := &table{bytes: len(p.text), lines: make([]int64, 0, n), raw: make([][]byte, 0, n), cells: make([]cells, len(wanted)), bad: p.bad}
	for i := range t.cells {
		t.cells[i].texts = make([][]byte, 0, n)
	}
	var row [][]byte
	line := p.first
	for rest := p.text; len(rest) > 0; line++ {
		text, more, _ := bytes.Cut(rest, []byte("\n"))
		rest = more
		text = bytes.TrimSuffix(text, []byte("\r"))
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		var err error
		if row, err = p.row(text, row); err != nil {
			if len(row) == 1 && isRemark(row[0]) {
				t.remarks = true
				continue
			}
			t.bad = append(t.bad, reject{line, text, err})
			continue
		}
		t.lines, t.raw = append(t.lines, line), append(t.raw, text)
		for i, c := range wanted {
			t.cells[i].texts = append(t.cells[i].texts, row[c])
		}
	}
	return t, nil
}

// isRemark reports whether a line of one value is none of a row: Chinese
// terminals write where the data comes from below them.
func isRemark(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, "# "), []byte("数据来源")) || bytes.HasPrefix(text, []byte("#"))
}

func remarksNote() error {
	return fault.FileForm.Errorf("lines that are remarks were passed over: #…, 数据来源…")
}

// row returns the cells of a line, as many as the header has.
func (p csvPiece) row(text []byte, row [][]byte) ([][]byte, error) {
	h := p.of.head
	row, err := p.of.cut(text, row[:0])
	switch {
	case p.decoded && bytes.Contains(text, []byte("\uFFFD")):
		return row, fault.FileRow.Errorf("the line holds bytes that are not of the file's encoding")
	case err != nil:
		return row, fault.FileRow.Errorf("the quotation marks do not close: %w", err)
	case len(row) == len(h.columns)+1 && len(row[len(row)-1]) == 0: // a comma at the end
	case len(row) != len(h.columns):
		return row, fault.FileRow.Errorf("the line has %d values, the header %d", len(row), len(h.columns))
	case len(h.text) > 0 && bytes.Equal(text, h.text):
		return row, fault.FileRow.Errorf("the line is the header once more")
	}
	return row, nil
}

func (r *csvReader) cut(text []byte, row [][]byte) ([][]byte, error) {
	if r.own && bytes.IndexByte(text, '"') >= 0 {
		return cutOwn(text, row)
	}
	return cut(text, r.comma, row)
}

// cut appends the values of a line to row, without the blanks around them.
func cut(text []byte, comma byte, row [][]byte) ([][]byte, error) {
	if bytes.IndexByte(text, '"') >= 0 {
		return cutQuoted(text, comma, row)
	}
	for {
		i := bytes.IndexByte(text, comma)
		if i < 0 {
			return append(row, trim(text)), nil
		}
		row = append(row, trim(text[:i]))
		text = text[i+1:]
	}
}

// trim takes off blanks, which most values do not have.
func trim(b []byte) []byte {
	if len(b) > 0 && b[0] > ' ' && b[len(b)-1] > ' ' && b[0] < 0x80 && b[len(b)-1] < 0x80 {
		return b
	}
	return bytes.TrimSpace(b)
}

func cutQuoted(text []byte, comma byte, row [][]byte) ([][]byte, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.TrimLeadingSpace = rune(comma), comma != '\t'
	values, err := r.Read()
	if err != nil {
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return row, err
	}
	for _, v := range values {
		row = append(row, trim([]byte(v)))
	}
	return row, nil
}
