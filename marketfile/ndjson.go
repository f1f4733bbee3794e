package marketfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/redfire-quant/redfire/fault"
)

// An ndjsonReader cuts a text of JSON objects, one a line. Its columns are the
// names in the first of them that is sound.
type ndjsonReader struct {
	lines *lines
	head  *header
	first *block
}

func newNDJSON(in *input) (*ndjsonReader, error) {
	r := &ndjsonReader{lines: newLines(in), head: &header{}}
	b, err := r.lines.block()
	if errors.Is(err, io.EOF) {
		return nil, fault.FileEmpty.Errorf("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	r.first = b
	for line := range bytes.Lines(b.text) {
		names, _, err := object(bytes.TrimSpace(line))
		if err != nil || len(names) == 0 {
			continue
		}
		r.head.columns = headedBy(names)
		r.head.text = csvLine("row")
		return r, nil
	}
	return nil, fault.FileForm.Errorf("no line of the first ones is a JSON object")
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
	return ndjsonPiece{b, r.head}, nil
}

// An ndjsonPiece is a block of lines of objects.
type ndjsonPiece struct {
	*block
	head *header
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
		raw := csvLine(string(text))
		names, values, err := object(text)
		if err != nil {
			t.bad = append(t.bad, reject{line, raw, fault.FileRow.Errorf("the line is not a JSON object: %w", err)})
			continue
		}
		t.lines, t.raw = append(t.lines, line), append(t.raw, raw)
		for i, c := range wanted {
			var value []byte
			if at := slices.Index(names, p.head.columns[c].name); at >= 0 {
				value = values[at]
			}
			t.cells[i].texts = append(t.cells[i].texts, value)
		}
	}
	return t, nil
}

// object returns names and values of a JSON object: texts without their quotation
// marks, null as nothing, and the rest as it stands there.
func object(text []byte) (names []string, values [][]byte, err error) {
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
