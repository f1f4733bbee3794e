package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// The forms of a result, by the flag -o.
const (
	formatTable  = "table"
	formatJSON   = "json"
	formatNDJSON = "ndjson"
	formatCSV    = "csv"
)

var formats = []string{formatTable, formatJSON, formatNDJSON, formatCSV}

// A result is what a command has to say: rows of values under the same
// columns.
type result struct {
	columns []column
	rows    [][]any

	// single tells that there is always one row: JSON is then an object and
	// not a list.
	single bool

	// prose is what people read in place of a table, "" for a table.
	prose string
}

// A column has a key, for machines, and a title, for people. Without a title
// the table leaves it out.
type column struct {
	key   string
	title message
}

// print writes r in the form that was asked for. Errors of writing are kept
// by the writer until the end of the run.
func (p *program) print(r result) error {
	switch p.format {
	case formatJSON:
		return p.printJSON(r)
	case formatNDJSON:
		for _, row := range r.rows {
			if err := encoder(p.stdout).Encode(record(r.columns, row)); err != nil {
				return err
			}
		}
		return nil
	case formatCSV:
		return p.printCSV(r)
	}
	if r.prose != "" {
		fmt.Fprintln(p.stdout, strings.TrimRight(r.prose, "\n"))
		return nil
	}
	p.printTable(r)
	return nil
}

func (p *program) printJSON(r result) error {
	records := make([]fields, len(r.rows))
	for i, row := range r.rows {
		records[i] = record(r.columns, row)
	}
	e := encoder(p.stdout)
	e.SetIndent("", "  ")
	if r.single {
		return e.Encode(records[0])
	}
	return e.Encode(records)
}

// encoder returns an encoder that leaves <, > and & as they are: the result is
// not for a web page.
func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

func (p *program) printCSV(r result) error {
	w := csv.NewWriter(p.stdout)
	line := make([]string, len(r.columns))
	for i, c := range r.columns {
		line[i] = c.key
	}
	if err := w.Write(line); err != nil {
		return err
	}
	for _, row := range r.rows {
		for i, v := range row {
			cell, err := plain(v)
			if err != nil {
				return err
			}
			line[i] = cell
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// plain returns v as one cell: text as it is, what has parts as JSON.
func plain(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case fmt.Stringer:
		return v.String(), nil
	case nil:
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

func (p *program) printTable(r result) {
	t := table.NewWriter()
	t.SetOutputMirror(p.stdout)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(p.tableRow(r.columns, func(i int) any { return p.say(r.columns[i].title) }))
	for _, row := range r.rows {
		t.AppendRow(p.tableRow(r.columns, func(i int) any { return row[i] }))
	}
	t.SetColumnConfigs(r.numbers())
	t.SuppressTrailingSpaces()
	t.Render()
}

// numbers says which columns of the table hold numbers, which end below each
// other.
func (r result) numbers() []table.ColumnConfig {
	var all []table.ColumnConfig
	shown := 0
	for i, c := range r.columns {
		if c.title.en == "" {
			continue
		}
		shown++
		if r.isNumeric(i) {
			all = append(all, table.ColumnConfig{Number: shown, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	return all
}

// isNumeric reports whether all that stands in a column are numbers.
func (r result) isNumeric(column int) bool {
	found := false
	for _, row := range r.rows {
		switch row[column].(type) {
		case nil, noValue:
		case decimal, int64, int, exact, json.Number:
			found = true
		default:
			return false
		}
	}
	return found
}

func (p *program) tableRow(columns []column, cell func(int) any) table.Row {
	var row table.Row
	for i, c := range columns {
		if c.title.en == "" {
			continue
		}
		v := cell(i)
		if v == nil {
			v = ""
		}
		row = append(row, v)
	}
	return row
}

// fields is a JSON object that keeps the order of its fields.
type fields []field

type field struct {
	key   string
	value any
}

func record(columns []column, row []any) fields {
	f := make(fields, len(columns))
	for i, c := range columns {
		f[i] = field{c.key, row[i]}
	}
	return f
}

// MarshalJSON writes the fields in their order.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, part := range []any{x.key, x.value} {
			if err := encoder(&b).Encode(part); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - len("\n"))
			b.WriteByte(':')
		}
		b.Truncate(b.Len() - len(":"))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
