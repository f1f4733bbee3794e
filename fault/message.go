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
		return strings.Join(messages(e, lang), "\n")
	case interface{ Unwrap() []error }:
		// What errors.Join returns has a line for each; others say more.
		all := e.Unwrap()
		if joined := errors.Join(all...); joined != nil && joined.Error() == err.Error() {
			return strings.Join(messages(all, lang), "\n")
		}
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

func messages(all []error, lang string) []string {
	texts := make([]string, len(all))
	for i, err := range all {
		texts[i] = Message(err, lang)
	}
	return texts
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
