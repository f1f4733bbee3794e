package marketfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// An ndjsonReader cuts a text of JSON objects, one a line. Its columns are the
// names in the first block of them.
type ndjsonReader struct {
	lines *lines
	head  *header
	kind  series.Kind
	first *block
}

func newNDJSON(in *input, kind series.Kind) (*ndjsonReader, error) {
	r := &ndjsonReader{lines: newLines(in), head: &header{}, kind: kind}
	b, err := r.lines.block()
	if errors.Is(err, io.EOF) {
		return nil, fault.FileEmpty.Errorf("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	r.first = b
	var all []string
	seen := map[string]bool{}
	for line := range bytes.Lines(b.text) {
		names, _, err := object(bytes.TrimSpace(line))
		if err != nil {
			continue
		}
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				all = append(all, name)
			}
		}
	}
	if len(all) == 0 {
		return nil, fault.FileForm.Errorf("no line of the first ones is a JSON object")
	}
	r.head.columns = headedBy(all)
	r.head.text = csvLine(all...)
	return r, nil
}

func (r *ndjsonReader) header() *header { return r.head }

func (r *ndjsonReader) next() (piece, error) {
	b := r.first
	if r.first = nil; b == nil {
		var err error
		if b, err = r.lines.block(); err != nil {
			return nil, err
		}
	}
	return ndjsonPiece{b, r.head, r.kind}, nil
}

// An ndjsonPiece is a block of lines of objects.
type ndjsonPiece struct {
	*block
	head *header
	kind series.Kind
}

func (p ndjsonPiece) table(wanted []int) (*table, error) {
	t := &table{cells: make([]cells, len(wanted)), bad: p.bad}
	for i := range t.cells {
		t.cells[i].texts = [][]byte{}
	}
	line := p.first - 1
	for text := range bytes.Lines(p.text) {
		line++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		names, values, err := object(text)
		if err == nil {
			err = p.unseen(names)
		} else {
			err = fault.FileRow.Errorf("the line is not a JSON object: %w", err)
		}
		if err != nil {
			t.bad = append(t.bad, reject{line, csvLine(string(text)), err})
			continue
		}
		raw := p.raw(names, values)
		t.lines, t.raw, t.bytes = append(t.lines, line), append(t.raw, raw), t.bytes+len(raw)
		for i, c := range wanted {
			t.cells[i].texts = append(t.cells[i].texts, valueOf(p.head.columns[c].name, names, values))
		}
	}
	return t, nil
}

func valueOf(name string, names []string, values [][]byte) []byte {
	if at := slices.Index(names, name); at >= 0 {
		return values[at]
	}
	return nil
}

// raw returns the values of an object as a line below the header of refused rows.
func (p ndjsonPiece) raw(names []string, values [][]byte) []byte {
	all := make([]string, len(p.head.columns))
	for i, c := range p.head.columns {
		all[i] = string(valueOf(c.name, names, values))
	}
	return csvLine(all...)
}

// unseen returns an error if a name means a field and the first objects did not
// have it: it would be passed over.
func (p ndjsonPiece) unseen(names []string) error {
	for _, name := range names {
		if p.head.index(name) >= 0 {
			continue
		}
		for _, all := range known[p.kind] {
			if slices.Contains(all, plain(name)) {
				return fault.FileRow.Errorf("the first objects of the file have no %q", name)
			}
		}
	}
	return nil
}

// object returns names and values of a JSON object: texts without their quotation
// marks, null as nothing, and the rest as it stands there.
func object(text []byte) (names []string, values [][]byte, err error) {
	if !utf8.Valid(text) {
		return nil, nil, fault.FileRow.Errorf("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	begin, err := d.Token()
	if err != nil {
		return nil, nil, err
	}
	if begin != json.Delim('{') {
		return nil, nil, fault.FileRow.Errorf("it begins with %v", begin)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		key, _ := name.(string) // names are strings, or Token fails
		if slices.Contains(names, key) {
			return nil, nil, fault.FileRow.Errorf("%q stands twice", key)
		}
		names, values = append(names, key), append(values, plainValue(value))
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, fault.FileRow.Errorf("there is something behind the object")
	}
	return names, values, nil
}

func plainValue(value json.RawMessage) []byte {
	switch {
	case bytes.Equal(value, []byte("null")):
		return nil
	case value[0] != '"':
		return value
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return value
	}
	return []byte(s)
}

// csvLine returns values as a line of separated values, without its end.
func csvLine(values ...string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(values) // to memory
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
