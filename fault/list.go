package fault

import "strings"

// A List is several failures of one call: all that is wrong with a file, not
// the first thing alone. Its kind is that of its first failure.
type List []error

// Err returns l as an error: nil if it is empty and the failure itself if
// there is but one.
func (l List) Err() error {
	switch len(l) {
	case 0:
		return nil
	case 1:
		return l[0]
	}
	return l
}

// Error returns the failures' texts, a line each.
func (l List) Error() string {
	texts := make([]string, len(l))
	for i, err := range l {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns the failures.
func (l List) Unwrap() []error { return l }
