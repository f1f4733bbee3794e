package marketfile

import (
	"io"

	"github.com/redfire-quant/redfire/fault"
)

// An arrayReader makes lines of the elements of a JSON array: one of each, so that
// the number of a line is that of an element. What the elements are it does not
// ask. A line break within one becomes a blank, and within a text, where it may not
// be, a carriage return, which may not be there either.
type arrayReader struct {
	from    io.Reader
	err     error
	depth   int  // of brackets that are open
	quoted  bool // within a text
	escaped bool // behind a \ of it
	some    bool // the element has begun
	after   bool // a comma is before it
	number  int  // of the element
	over    bool
}

func (r *arrayReader) Read(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.from.Read(b)
	for i, c := range b[:n] {
		if c, ok := r.next(c); ok {
			b[i] = c
			continue
		}
		r.err = r.wrong(c)
		return i, r.err
	}
	if err == io.EOF && !r.over { //nolint:errorlint // as a reader returns it
		err = fault.FileDamaged.Errorf("the JSON array has no end: it was cut off")
	}
	r.err = err
	return n, err
}

// wrong tells why a character may not stand where it does.
func (r *arrayReader) wrong(c byte) error {
	if r.over {
		return fault.FileDamaged.Errorf("something stands behind the JSON array: %q", string(c))
	}
	return fault.FileDamaged.Errorf("element %d of the JSON array is missing", r.number)
}

// next returns what a character becomes, and whether it may stand where it does.
func (r *arrayReader) next(c byte) (byte, bool) {
	switch {
	case r.quoted:
		return r.inText(c), true
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return ' ', true
	case r.over:
		return c, false
	case r.depth == 0: // it begins with a bracket
		r.depth, r.number = 1, 1
		return ' ', true
	case r.depth == 1 && (c == ',' || c == ']'):
		return r.end(c)
	case c == '"':
		r.quoted = true
	case c == '{' || c == '[':
		r.depth++
	case c == '}' || c == ']':
		r.depth = max(1, r.depth-1)
	}
	r.some = true
	return c, true
}

// inText returns what a character within a text becomes.
func (r *arrayReader) inText(c byte) byte {
	switch {
	case c == '\n':
		c = '\r'
	case r.escaped:
	case c == '"':
		r.quoted = false
	}
	r.escaped = c == '\\' && !r.escaped
	return c
}

// end ends an element by a comma or the bracket, in front of which there may be
// none if the array is empty.
func (r *arrayReader) end(c byte) (byte, bool) {
	if !r.some && (c == ',' || r.after) {
		return c, false
	}
	r.over = c == ']'
	r.some, r.after = false, true
	r.number++
	return '\n', true
}
