package marketfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// An ndjsonReader cuts a text of JSON objects, one a line, or what an arrayReader
// makes of an array of them. Its columns are the
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
	if errors.Is(err, io.EOF) || err == nil && in.array && len(bytes.TrimSpace(b.text)) == 0 {
		return nil, fault.FileEmpty.Errorf("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	r.first = b
	o := objects{}
	for line := range bytes.Lines(b.text) {
		// One that is none is refused when the block is read.
		_ = o.read(bytes.TrimSpace(line), func(name, _ []byte) error {
			if r.head.named(string(name)) < 0 {
				r.head.columns = append(r.head.columns, headed{name: string(name)})
			}
			return nil
		})
	}
	if len(r.head.columns) == 0 {
		return nil, fault.FileForm.Errorf("no line of the first ones is a JSON object")
	}
	r.head.text = csvLine(r.head.names()...)
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
	t := &table{cells: make([]cells, len(wanted)), bytes: len(p.text), bad: p.bad}
	for i := range t.cells {
		t.cells[i].texts = [][]byte{}
	}
	r := objectRow{head: p.head, kind: p.kind, values: make([][]byte, len(p.head.columns)), seen: make([]bool, len(p.head.columns))}
	line := p.first - 1
	for text := range bytes.Lines(p.text) {
		line++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if err := r.read(text); err != nil {
			t.bad = append(t.bad, reject{line, text, err})
			continue
		}
		t.lines, t.raw = append(t.lines, line), append(t.raw, text)
		for i, c := range wanted {
			t.cells[i].texts = append(t.cells[i].texts, r.values[c])
		}
	}
	return t, nil
}

// An objectRow reads objects into the columns of a header.
type objectRow struct {
	objects
	head   *header
	kind   series.Kind
	values [][]byte // of the object that was read last, by column
	seen   []bool
}

func (r *objectRow) read(text []byte) error {
	clear(r.values)
	clear(r.seen)
	at := 0 // the column that comes next, if all objects are alike
	return r.objects.read(text, func(name, value []byte) error {
		column := at
		if column >= len(r.head.columns) || r.head.columns[column].name != string(name) {
			column = r.head.named(string(name))
		}
		switch {
		case column < 0:
			return r.unseen(string(name))
		case r.seen[column]:
			return fault.FileRow.Errorf("%q stands twice", name)
		}
		r.values[column], r.seen[column], at = value, true, column+1
		return nil
	})
}

// unseen returns an error if a name means a field and the first objects did not
// have it: it would be passed over.
func (r *objectRow) unseen(name string) error {
	for _, all := range known[r.kind] {
		if slices.Contains(all, plain(name)) {
			return fault.FileRow.Errorf("the first objects of the file have no %q", name)
		}
	}
	return nil
}

// rejectText returns an object as a line below the header of refused rows, and
// what is none as a single value.
func (r *ndjsonReader) rejectText(text []byte) []byte {
	o := objectRow{head: r.head, kind: r.kind, values: make([][]byte, len(r.head.columns)), seen: make([]bool, len(r.head.columns))}
	if err := o.read(text); err != nil {
		return csvLine(string(text))
	}
	all := make([]string, len(o.values))
	for i, v := range o.values {
		all[i] = string(v)
	}
	return csvLine(all...)
}

// objects reads JSON objects. It is no good for several goroutines.
type objects struct {
	parser fastjson.Parser
	kept   []byte // values of objects that were read; those in use stay as they are
}

// read gives name and value of each field of an object to take: texts without
// their quotation marks, null as nothing, and the rest as it stands there. The
// values stay as they are; a name is good until take returns.
func (o *objects) read(text []byte, take func(name, value []byte) error) error {
	if !utf8.Valid(text) {
		return fault.FileRow.Errorf("it is not UTF-8")
	}
	// The parser takes more than is JSON.
	if err := fastjson.ValidateBytes(text); err != nil {
		return fault.FileRow.Errorf("the line is not a JSON object: %w", err)
	}
	v, err := o.parser.ParseBytes(text)
	if err != nil {
		return fault.FileRow.Errorf("the line is not a JSON object: %w", err)
	}
	object, err := v.Object()
	if err != nil {
		return fault.FileRow.Errorf("the line is not a JSON object: %w", err)
	}
	object.Visit(func(name []byte, v *fastjson.Value) {
		if err == nil {
			err = take(name, o.keep(v))
		}
	})
	return err
}

// keep returns a value that outlives the next object.
func (o *objects) keep(v *fastjson.Value) []byte {
	const least = 64 << 10
	if cap(o.kept)-len(o.kept) < 1<<10 {
		o.kept = make([]byte, 0, least)
	}
	from := len(o.kept)
	switch v.Type() {
	case fastjson.TypeNull:
		return nil
	case fastjson.TypeString:
		text, _ := v.StringBytes() // it is one
		if len(text) == 0 {
			return []byte{}
		}
		o.kept = append(o.kept, text...)
	default:
		o.kept = v.MarshalTo(o.kept)
	}
	return o.kept[from:len(o.kept):len(o.kept)]
}

// csvLine returns values as a line of separated values, without its end.
func csvLine(values ...string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(values) // to memory
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
