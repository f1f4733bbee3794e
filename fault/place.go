package fault

import (
	"errors"
	"strconv"
	"strings"
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

// String returns "file:line:column: field", without the parts that are zero.
func (p Place) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	for _, n := range []int{p.Line, p.Column} {
		if n == 0 {
			break
		}
		if b.Len() == 0 {
			b.WriteString("line ")
		} else {
			b.WriteByte(':')
		}
		b.WriteString(strconv.Itoa(n))
	}
	if p.Field != "" {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(p.Field)
	}
	return b.String()
}

// At returns err with the place where it arose in front of its text. A nil
// err stays nil, and an empty place adds nothing.
func At(p Place, err error) error {
	if err == nil || p == (Place{}) {
		return err
	}
	return &placed{p, err}
}

// PlaceOf returns the place of err, the outermost if there are several.
func PlaceOf(err error) (Place, bool) {
	var p *placed
	if !errors.As(err, &p) {
		return Place{}, false
	}
	return p.place, true
}

type placed struct {
	place Place
	err   error
}

func (p *placed) Error() string { return p.place.String() + ": " + p.err.Error() }
func (p *placed) Unwrap() error { return p.err }
