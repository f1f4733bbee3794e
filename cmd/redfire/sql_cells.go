package main

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An exact is a number with as many digits as the database has: text in JSON, since
// what reads that makes a float of a number.
type exact string

// String returns the digits.
func (e exact) String() string { return string(e) }

// sqlColumns returns the columns of an answer. Names that are there twice are
// numbered: as keys they must differ.
func (p *program) sqlColumns(names []string) []column {
	seen := map[string]bool{}
	all := make([]column, len(names))
	for i, name := range names {
		if name == "" {
			name = "?column?"
		}
		key := name
		for n := 2; seen[key]; n++ {
			key = name + "_" + strconv.Itoa(n)
		}
		seen[key] = true
		all[i] = column{key, words(printable(name))}
		if p.format == formatJSON || p.format == formatNDJSON {
			all[i].key = escaped(key)
		}
	}
	return all
}

// escaped returns a text as it stands in JSON, between the quotation marks.
func escaped(s string) string {
	var b strings.Builder
	if err := encoder(&b).Encode(s); err != nil {
		return s // a text can always be encoded
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimRight(b.String(), "\n"), `"`), `"`)
}

// printable returns a text without what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// null is how a table shows that there is no value.
const null = "NULL"

// A noValue is a cell of a table that has no value, and says so.
type noValue struct{}

// String says so.
func (noValue) String() string { return null }

// sqlCell returns a value of a database as a cell of a result.
func (p *program) sqlCell(v any, of *sql.ColumnType) any {
	cell := plainCell(v, of)
	if p.format != formatTable {
		return cell
	}
	switch c := cell.(type) {
	case nil:
		return noValue{}
	case string:
		if c == null {
			return strconv.Quote(c)
		}
		return printable(c)
	}
	return cell
}

// numeric are the types whose values are numbers with digits behind the point that
// count.
var numeric = map[string]bool{"DECIMAL": true, "NUMERIC": true, "NEWDECIMAL": true}

func plainCell(v any, of *sql.ColumnType) any {
	kind := strings.ToUpper(of.DatabaseTypeName())
	kind, _, _ = strings.Cut(kind, "(")
	switch v := v.(type) {
	case time.Time:
		if kind == "DATE" {
			return v.Format(time.DateOnly)
		}
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		return bytesCell(v, kind)
	case string:
		if numeric[kind] {
			return exact(v)
		}
		return v
	case float32:
		return floatCell(float64(v), 32)
	case float64:
		return floatCell(v, 64)
	case int32:
		return int64(v)
	case uint64:
		return json.Number(strconv.FormatUint(v, 10))
	}
	return v
}

// floatCell returns a float, which JSON has only if it is finite.
func floatCell(f float64, bits int) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'g', -1, bits)
	}
	if bits == 32 {
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64) // it was one
	}
	return decimal(f)
}

func bytesCell(b []byte, kind string) any {
	text := string(b)
	switch {
	case numeric[kind]:
		return exact(text)
	case strings.Contains(kind, "INT") && kind != "POINT":
		return json.Number(text)
	case utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }):
		return text
	}
	return "0x" + hex.EncodeToString(b)
}
