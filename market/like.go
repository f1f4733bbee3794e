package market

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
)

// SymbolsLike returns what tells whether a symbol, or its code alone, is like a
// pattern, in which * stands for any text and ? for any one character; capitals
// count as small letters. An empty pattern is like every symbol. One that is not
// UTF-8 is [fault.Invalid].
func SymbolsLike(pattern string) (func(Symbol) bool, error) {
	if pattern == "" {
		pattern = "*"
	}
	if !utf8.ValidString(pattern) {
		return nil, fault.MarketSymbol.Errorf("the pattern %q is not UTF-8", pattern)
	}
	text := regexp.QuoteMeta(pattern)
	text = strings.ReplaceAll(text, `\*`, `.*`)
	text = strings.ReplaceAll(text, `\?`, `.`)
	like := regexp.MustCompile(`(?is)^` + text + `$`)
	return func(y Symbol) bool { return like.MatchString(y.String()) || like.MatchString(y.Code) }, nil
}
