package fault

import (
	"errors"
	"fmt"
	"slices"
)

// A Code names one distinguishable failure, for ever: RF-CFG-003. Once
// released, its meaning does not change and its number is not used again.
//
// It is an error whose cause is its [Kind], so [errors.Is] holds for both.
type Code string

// Error returns the code itself: a code is a cause, and what went wrong is said
// in the text around it.
func (c Code) Error() string { return string(c) }

// Unwrap returns the code's kind. A code that is not in the table has none.
func (c Code) Unwrap() error {
	if e, ok := c.Entry(); ok {
		return e.Kind
	}
	return nil
}

// Entry returns what the table says of c.
func (c Code) Entry() (Entry, bool) {
	for _, part := range entries {
		if i := slices.IndexFunc(part, func(e Entry) bool { return e.Code == c }); i >= 0 {
			return part[i], true
		}
	}
	return Entry{}, false
}

// Errorf returns an error of code c whose text is formatted like that of
// [fmt.Errorf]; operands of %w are kept as causes. The text need not name the
// code: edges show it beside the text. The format is a constant, and the
// catalogue in chinese.go has it in Chinese for [Message].
func (c Code) Errorf(format string, args ...any) error {
	return &coded{c, fmt.Errorf(format, args...), format, args}
}

// CodeOf returns the code of err, or "" if it carries none. A code whose kind
// is not that of err is passed over: it is the code of a cause, and its cure
// is not that of err.
func CodeOf(err error) Code {
	var c Code
	if !errors.As(err, &c) {
		return ""
	}
	if e, ok := c.Entry(); ok && e.Kind != KindOf(err) {
		return ""
	}
	return c
}

type coded struct {
	code Code
	err  error

	// format and args say err again in another language.
	format string
	args   []any
}

func (c *coded) Error() string   { return c.err.Error() }
func (c *coded) Unwrap() []error { return []error{c.code, c.err} }

// A Text is the same words in the languages that RedFire speaks.
type Text struct{ En, Zh string }

// In returns the words in the language lang: Chinese for "zh", English for
// everything else.
func (t Text) In(lang string) string {
	if lang == "zh" {
		return t.Zh
	}
	return t.En
}

// An Entry is what is known of a code.
type Entry struct {
	Code Code
	Kind Kind

	// Summary says in a few words what went wrong.
	Summary Text

	// Cure says what to do about it.
	Cure Text
}

// Codes returns the entries of all codes, sorted by code. The slice is the
// caller's.
func Codes() []Entry {
	all := slices.Concat(entries...)
	slices.SortFunc(all, func(a, b Entry) int {
		if a.Code < b.Code {
			return -1
		}
		return 1
	})
	return all
}
