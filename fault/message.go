package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Message returns the text of err in the language lang: what RedFire says in
// it is Chinese for "zh", and English for everything else. What others say, an
// operating system or a driver, stays as it is, and so do values.
func Message(err error, lang string) string {
	if err == nil || lang != "zh" {
		return fmt.Sprint(err)
	}
	switch e := err.(type) { //nolint:errorlint // each layer of the error is taken by itself
	case *placed:
		return e.place.String() + ": " + Message(e.err, lang)
	case *coded:
		return e.chinese()
	case List:
		texts := make([]string, len(e))
		for i, err := range e {
			texts[i] = Message(err, lang)
		}
		return strings.Join(texts, "\n")
	}
	// An error that wraps another as fmt.Errorf does: "series: read: %w".
	text, cause := err.Error(), errors.Unwrap(err)
	if cause == nil {
		return text
	}
	if head, ok := strings.CutSuffix(text, cause.Error()); ok {
		return head + Message(cause, lang)
	}
	return text
}

// chinese returns the text of c in Chinese, or in English if the catalogue
// does not have it.
func (c *coded) chinese() string {
	format, ok := chinese[c.format]
	if !ok {
		return c.Error()
	}
	args := make([]any, len(c.args))
	for i, arg := range c.args {
		if err, ok := arg.(error); ok {
			arg = Message(err, "zh")
		}
		args[i] = arg
	}
	return fmt.Sprintf(strings.ReplaceAll(format, "%w", "%v"), args...)
}
