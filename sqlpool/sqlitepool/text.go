package sqlitepool

import (
	"slices"
	"strings"
)

// kept are the statements that are kept prepared. What changes the schema, or
// settings, is not: SQLite may find, when it reads it anew, that it writes now.
var kept = []string{
	"SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK",
}

// readers may read only: whether they do, SQLite says. PRAGMAs are looked at closer.
var readers = []string{
	"SELECT", "VALUES", "WITH", "EXPLAIN", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE",
	"ATTACH", "DETACH",
}

// writingPragmas write although SQLite says that they do not.
var writingPragmas = []string{"optimize", "incremental_vacuum", "wal_checkpoint"}

// readingPragmas have an argument, and change nothing of the session.
var readingPragmas = []string{
	"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
	"foreign_key_check", "integrity_check", "quick_check", "wal_checkpoint", "optimize",
}

// keyword returns the first word of a statement, in capitals.
func keyword(query string) string {
	word, _ := word(query)
	return word
}

// word returns the first word, in capitals, and what follows it.
func word(query string) (first, rest string) {
	for {
		query = strings.TrimLeft(query, " \t\r\n\f;")
		var found bool
		switch {
		case strings.HasPrefix(query, "--"):
			_, query, found = strings.Cut(query, "\n")
		case strings.HasPrefix(query, "/*"):
			_, query, found = strings.Cut(query[2:], "*/")
		default:
			end := strings.IndexFunc(query, func(r rune) bool {
				return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
			})
			if end < 0 {
				end = len(query)
			}
			return strings.ToUpper(query[:end]), query[end:]
		}
		if !found {
			return "", ""
		}
	}
}

// readsOnly reports whether a statement surely writes nothing. says is what SQLite says
// of it, which is wrong about some PRAGMAs either way: those that ask for a setting ask
// nothing of the file.
func readsOnly(query string, says bool) bool {
	first, rest := word(query)
	if first != "PRAGMA" {
		return says && slices.Contains(readers, first)
	}
	name, argument := pragma(rest)
	return (says || !argument) && !slices.Contains(writingPragmas, name)
}

// pragma returns the name of a PRAGMA, and whether it has an argument.
func pragma(rest string) (name string, argument bool) {
	first, rest := word(rest)
	if after, ok := strings.CutPrefix(strings.TrimSpace(rest), "."); ok { // main.table_info
		first, rest = word(after)
	}
	return strings.ToLower(first), strings.ContainsAny(rest, "=(")
}

// changesSession reports whether a statement may leave the session other than it was.
func changesSession(query string) bool {
	switch first, rest := word(query); first {
	case "PRAGMA":
		name, argument := pragma(rest)
		return argument && !slices.Contains(readingPragmas, name)
	case "ATTACH", "DETACH":
		return true
	case "CREATE":
		return strings.Contains(strings.ToLower(rest), "temp")
	default:
		return false
	}
}
