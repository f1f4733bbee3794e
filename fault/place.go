package fault

import (
	"cmp"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Place says where bad input stands. Fields that do not apply are zero.
type Place struct {
	// File is the file's path as the user gave it, or what stands in its
	// stead: "environment".
	File string `json:"file,omitempty"`

	// Line and Column count from 1; columns count characters, not bytes.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`

	// Field is the name of the key, column or field: "sql.main.url".
	Field string `json:"field,omitempty"`
}

// String returns "file:line:column: field", without the parts that are zero. A
// file or field that holds line breaks or the like is quoted: it may be what a
// stranger wrote.
func (p Place) String() string {
	var parts []string
	if at := p.position(); at != "" {
		parts = append(parts, at)
	}
	if p.Field != "" {
		parts = append(parts, printable(p.Field))
	}
	return strings.Join(parts, ": ")
}

func (p Place) position() string {
	file, line, column := printable(p.File), strconv.Itoa(p.Line), strconv.Itoa(p.Column)
	switch {
	case p.Line == 0 && p.Column == 0:
		return file
	case p.Line == 0 && file == "":
		return "column " + column
	case p.Line == 0:
		return file + ": column " + column
	}
	if p.Column != 0 {
		line += ":" + column
	}
	if file == "" {
		return "line " + line
	}
	return file + ":" + line
}

func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) || !utf8.ValidString(s) {
		return strconv.Quote(s)
	}
	return s
}

// At returns err with the place where it arose in front of its text. A nil
// err stays nil, and an empty place adds nothing.
func At(p Place, err error) error {
	if err == nil || p == (Place{}) {
		return err
	}
	return &placed{p, err}
}

// PlaceOf returns the place of err. Where places are nested it is what they
// say together, the outer one first: file and line of an importer, field of a
// row.
func PlaceOf(err error) (Place, bool) {
	var p *placed
	if !errors.As(err, &p) {
		return Place{}, false
	}
	outer := p.place
	inner, _ := PlaceOf(p.err)
	if outer.Line == 0 && outer.Column == 0 {
		outer.Line, outer.Column = inner.Line, inner.Column
	}
	outer.File = cmp.Or(outer.File, inner.File)
	outer.Field = cmp.Or(outer.Field, inner.Field)
	return outer, true
}

// WithoutPath takes operation and path off an error of package os, for a
// message whose place names the file already.
func WithoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

type placed struct {
	place Place
	err   error
}

func (p *placed) Error() string { return p.place.String() + ": " + p.err.Error() }
func (p *placed) Unwrap() error { return p.err }
