package market

import (
	"regexp"
	"strings"
)

// SymbolsLike returns what tells whether a symbol, or its code alone, is like a
// pattern, in which * stands for any text and ? for any one character; capitals
// count as small letters. An empty pattern is like every symbol.
func SymbolsLike(pattern string) func(Symbol) bool {
	if pattern == "" {
		pattern = "*"
	}
	text := regexp.QuoteMeta(pattern)
	text = strings.ReplaceAll(text, `\*`, `.*`)
	text = strings.ReplaceAll(text, `\?`, `.`)
	like := regexp.MustCompile(`(?is)^` + text + `$`)
	return func(y Symbol) bool { return like.MatchString(y.String()) || like.MatchString(y.Code) }
}
