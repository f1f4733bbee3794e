package market

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
)

// A Symbol names what is traded and where, as vn.py's vt_symbol does:
// rb2601.SHFE. It is comparable and may be a map's key.
type Symbol struct {
	// Code is the exchange's name for it, 1 to 128 bytes of UTF-8. It may
	// hold dots and spaces; not at either end a space, nor a backslash at
	// the end, nor anywhere a control character, one that cannot be seen or
	// told from a space, or U+FFFD.
	Code string

	// Exchange is the venue.
	Exchange Exchange
}

const (
	maxCode     = 128
	maxExchange = 16
)

// ParseSymbol reads code.EXCHANGE. The last dot divides. The error is
// [fault.Invalid] and tells which part is wrong.
func ParseSymbol(s string) (Symbol, error) {
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 {
		return Symbol{}, fault.MarketSymbol.Errorf("symbol %q has no exchange: write it after a dot, as in rb2601.SHFE", clip(s))
	}
	y := Symbol{s[:dot], Exchange(s[dot+1:])}
	if err := y.Validate(); err != nil {
		return Symbol{}, err
	}
	return y, nil
}

// Validate returns an error of kind [fault.Invalid] that tells which part of
// y is not well formed.
func (y Symbol) Validate() error {
	err := ValidateCode(y.Code)
	if err == nil {
		err = exchangeFault(y.Exchange)
	}
	if err != nil {
		return fault.MarketSymbol.Errorf("symbol %q: %w", clip(y.join()), err)
	}
	return nil
}

// ValidateCode returns an error of kind [fault.Invalid] if code cannot be that
// of a symbol: it has 1 to 128 bytes of UTF-8, all of which can be seen, no
// space at either end and no backslash at the end.
func ValidateCode(code string) error {
	switch {
	case code == "":
		return fault.MarketSymbol.Errorf("the code is empty")
	case len(code) > maxCode:
		return fault.MarketSymbol.Errorf("the code is longer than 128 bytes")
	case !utf8.ValidString(code):
		return fault.MarketSymbol.Errorf("the code is not UTF-8")
	case strings.TrimSpace(code) != code:
		return fault.MarketSymbol.Errorf("the code begins or ends with a space")
	case strings.HasSuffix(code, `\`):
		return fault.MarketSymbol.Errorf("the code ends with a backslash")
	case strings.ContainsFunc(code, unseen):
		return fault.MarketSymbol.Errorf("the code holds a control character or one that cannot be seen")
	case strings.ContainsRune(code, utf8.RuneError):
		return fault.MarketSymbol.Errorf("the code holds U+FFFD, which stands for bytes that were not UTF-8")
	}
	return nil
}

// unseen reports whether r leaves no mark of its own, or that of a space: two
// symbols that look alike because of it must not be two series.
func unseen(r rune) bool {
	const brailleBlank = '\u2800'
	return r != ' ' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == brailleBlank
}

func exchangeFault(e Exchange) error {
	switch {
	case e == "":
		return fault.MarketSymbol.Errorf("the exchange is empty")
	case len(e) > maxExchange:
		return fault.MarketSymbol.Errorf("the exchange is longer than 16 letters")
	}
	var err error
	for _, r := range e {
		switch {
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
		case 'a' <= r && r <= 'z':
			err = fault.MarketSymbol.Errorf("the exchange is written in capitals: %s", strings.ToUpper(string(e)))
		default:
			return fault.MarketSymbol.Errorf("the exchange may hold only A-Z, 0-9 and _")
		}
	}
	return err
}

func (y Symbol) join() string { return y.Code + "." + string(y.Exchange) }

// String returns code.EXCHANGE, and "" for the zero Symbol.
func (y Symbol) String() string {
	if y == (Symbol{}) {
		return ""
	}
	return y.join()
}

// AppendText appends the text of [Symbol.String] to b. A symbol that is not
// well formed is an error.
func (y Symbol) AppendText(b []byte) ([]byte, error) {
	if y == (Symbol{}) {
		return b, nil
	}
	if err := y.Validate(); err != nil {
		return b, err
	}
	b = append(b, y.Code...)
	b = append(b, '.')
	return append(b, y.Exchange...), nil
}

// MarshalText returns what [Symbol.AppendText] appends.
func (y Symbol) MarshalText() ([]byte, error) { return y.AppendText(nil) }

// UnmarshalText reads what [ParseSymbol] reads, and the empty text as the
// zero Symbol.
func (y *Symbol) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*y = Symbol{}
		return nil
	}
	v, err := ParseSymbol(string(text))
	if err == nil {
		*y = v
	}
	return err
}

// UnmarshalJSON reads what [Symbol.UnmarshalText] reads, as a JSON string, and
// null as the zero Symbol.
func (y *Symbol) UnmarshalJSON(b []byte) error {
	s, err := decodeText(b, "rb2601.SHFE")
	if err != nil {
		return err
	}
	return y.UnmarshalText(s)
}
