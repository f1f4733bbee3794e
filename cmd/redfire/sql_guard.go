package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A statementText is a statement, as far as it must be understood to tell whether it
// may run.
type statementText struct {
	bare    string   // without quoted values and comments, and names without quotes
	first   string   // its first word, in capitals
	several bool     // there is another one behind it
	hidden  bool     // a part is code in the disguise of a comment, or a name in that of a code
	words   []string // those of bare, in capitals
}

var word = regexp.MustCompile(`[\pL_][\pL\pN_$]*`)

// understand takes a statement apart.
func understand(text string, dialect sqlpool.Dialect) statementText {
	s := scanner{text: text, dialect: dialect}
	s.run()
	u := statementText{bare: s.bare.String(), hidden: s.hidden}
	head, rest, _ := strings.Cut(strings.TrimLeft(u.bare, "; \t\r\n"), ";")
	u.several = strings.Trim(rest, "; \t\r\n") != ""
	for _, w := range word.FindAllString(head, -1) {
		u.words = append(u.words, strings.ToUpper(w))
	}
	if len(u.words) > 0 {
		u.first = u.words[0]
	}
	return u
}

// A scanner takes quoted values and comments out of a statement.
type scanner struct {
	text    string
	dialect sqlpool.Dialect
	at      int
	bare    strings.Builder
	hidden  bool
}

// dollar finds the mark that begins a quoted text of PostgreSQL.
var dollar = regexp.MustCompile(`^\$([\pL_][\pL\pN_]*)?\$`)

func (s *scanner) run() {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case s.comment(rest):
			s.bare.WriteByte(' ')
		case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`' || rest[0] == '[' && s.dialect == sqlpool.SQLite:
			s.quoted(rest[0])
		case s.dialect == sqlpool.PostgreSQL && !s.inWord() && dollar.MatchString(rest):
			mark := dollar.FindString(rest)
			end := strings.Index(rest[len(mark):], mark)
			if end < 0 {
				end = len(rest) - 2*len(mark)
			}
			s.at += min(len(rest), end+2*len(mark))
			s.bare.WriteString(" ? ")
		default:
			s.bare.WriteByte(rest[0])
			s.at++
		}
	}
}

// inWord reports whether what stands before is part of a name.
func (s *scanner) inWord() bool {
	before := s.text[:s.at]
	return before != "" && (word.MatchString(before[len(before)-1:]) || before[len(before)-1] >= '0' && before[len(before)-1] <= '9')
}

// comment passes over a comment, if one begins here.
func (s *scanner) comment(rest string) bool {
	mysql := s.dialect == sqlpool.MySQL
	line := strings.HasPrefix(rest, "--") && (!mysql || len(rest) == 2 || strings.ContainsRune(" \t\r\n", rune(rest[2])))
	switch {
	case line || mysql && rest[0] == '#':
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		s.at += end
	case strings.HasPrefix(rest, "/*"):
		if mysql && (strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!")) {
			s.hidden = true
		}
		s.at += s.block(rest)
	default:
		return false
	}
	return true
}

// block returns how long a comment is. Those of PostgreSQL hold others.
func (s *scanner) block(rest string) int {
	depth := 1
	for i := 2; i < len(rest)-1; i++ {
		switch rest[i : i+2] {
		case "*/":
			if depth--; depth == 0 {
				return i + 2
			}
			i++
		case "/*":
			if s.dialect == sqlpool.PostgreSQL {
				depth++
				i++
			}
		}
	}
	return len(rest)
}

// quoted passes over a value in quotes, and keeps a name without its.
func (s *scanner) quoted(quote byte) {
	before := strings.ToUpper(s.text[max(0, s.at-2):s.at])
	escapes := quote != '`' && s.dialect == sqlpool.MySQL || s.dialect == sqlpool.PostgreSQL && quote == '\'' && strings.HasSuffix(before, "E")
	if quote == '"' && strings.HasSuffix(before, "U&") {
		s.hidden = true // a name whose letters may be written as numbers
	}
	end := quote
	if quote == '[' {
		end = ']'
	}
	isName := quote == '`' || quote == '[' || quote == '"' && s.dialect != sqlpool.MySQL
	var name strings.Builder
	for s.at++; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		if escapes && c == '\\' {
			s.at++
			continue
		}
		if c == end && (s.at+1 >= len(s.text) || s.text[s.at+1] != end || end == ']') {
			break
		}
		if c == end {
			s.at++
		}
		name.WriteByte(c)
	}
	s.at++
	if isName {
		s.bare.WriteString(" " + strings.ReplaceAll(name.String(), ";", "_") + " ")
		return
	}
	s.bare.WriteString(" ? ")
}

// readers are the words with which statements begin that read.
var readers = map[sqlpool.Dialect][]string{
	sqlpool.MySQL:      {"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"},
	sqlpool.PostgreSQL: {"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"},
	sqlpool.SQLite:     {"SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"},
}

// effects finds calls that change something although the transaction only reads:
// other sessions, the server, files, or what outlives the transaction. Each was tried
// against the real servers.
var effects = map[sqlpool.Dialect]string{ // compiled when needed: other commands need none
	sqlpool.MySQL: `(?i)\b(get_lock|release_lock|release_all_locks|nextval|setval|lastval|next\s+value|service_\w+|group_replication_\w+|asynchronous_connection_\w+|wait_for_executed_gtid_set|source_pos_wait|master_pos_wait|master_gtid_wait|load_file|sys_exec|sys_eval|ps_kill)\b|:=`,
	sqlpool.PostgreSQL: `(?i)\b(nextval|setval|set_config|dblink\w*|lo_\w+|loread|lowrite|pg_file_\w+|pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_logfile\w*|pg_promote|pg_switch_\w+|pg_create_\w+|pg_drop_\w+|pg_copy_\w+|pg_replication_\w+|pg_logical_\w+|pg_sync_replication_slots|` +
		`pg_backup_\w+|pg_wal_replay_(pause|resume)|pg_stat_reset\w*|pg_stat_statements_reset|pg_stat_force_next_flush|pg_stat_clear_snapshot|pg_(try_)?advisory_\w+|pg_notify|pg_log_\w+|pg_import_\w+|pg_prewarm|pg_logfile_rotate|pg_nextoid|pg_restore_\w+|pg_clear_\w+|brin_\w+|gin_clean_pending_list|query_to_xml\w*|cursor_to_xml\w*|database_to_xml\w*|xmlserialize_exec)\s*\(`,
	sqlpool.SQLite: `(?i)\b(load_extension|fts3_tokenizer|writefile|edit)\s*\(`,
}

// readingPragmas are those that only tell something. Those of the second list change
// it when they are given a value.
var (
	readingPragmas = []string{
		"TABLE_INFO", "TABLE_XINFO", "TABLE_LIST", "INDEX_LIST", "INDEX_INFO", "INDEX_XINFO", "FOREIGN_KEY_LIST", "FOREIGN_KEY_CHECK", "DATABASE_LIST",
		"COLLATION_LIST", "FUNCTION_LIST", "MODULE_LIST", "PRAGMA_LIST", "COMPILE_OPTIONS", "INTEGRITY_CHECK", "QUICK_CHECK",
	}
	tellingPragmas = []string{
		"USER_VERSION", "SCHEMA_VERSION", "APPLICATION_ID", "DATA_VERSION", "PAGE_COUNT", "PAGE_SIZE", "FREELIST_COUNT", "ENCODING", "JOURNAL_MODE",
		"SYNCHRONOUS", "FOREIGN_KEYS", "BUSY_TIMEOUT", "CACHE_SIZE", "MMAP_SIZE", "AUTO_VACUUM", "QUERY_ONLY", "WAL_AUTOCHECKPOINT",
	}
)

// refuseWrites returns an error if a statement may change something. That the
// transaction is read-only, too, is what keeps the others from it: this is for what
// gets through that.
func (u statementText) refuseWrites(dialect sqlpool.Dialect) error {
	switch {
	case u.first == "":
		return fault.CommandUsage.Errorf("there is no statement")
	case u.several:
		return fault.SQLWrites.Errorf("there are several statements; one at a time is run")
	case u.hidden:
		return fault.SQLWrites.Errorf("the statement has a part whose meaning is hidden: a comment that is run, or a name in codes")
	case !slices.Contains(readers[dialect], u.first):
		return fault.SQLWrites.Errorf("a statement that begins with %s may change the database", u.first)
	case u.first == "PRAGMA":
		return u.refusePragma()
	case slices.Contains(u.words, "INTO"):
		return fault.SQLWrites.Errorf("a statement with INTO writes a file, a table or a variable")
	}
	if call := regexp.MustCompile(effects[dialect]).FindString(u.bare); call != "" {
		return fault.SQLWrites.Errorf("%s changes something, even in a transaction that only reads", strings.TrimRight(call, "( \t\n"))
	}
	return nil
}

var pragma = regexp.MustCompile(`(?i)^[;\s]*PRAGMA\s+(?:\w+\s*\.\s*)?(\w+)\s*(.*)$`)

func (u statementText) refusePragma() error {
	m := pragma.FindStringSubmatch(strings.TrimRight(strings.ReplaceAll(u.bare, "\n", " "), "; \t\r"))
	if m != nil {
		name := strings.ToUpper(m[1])
		if m[2] == "" && slices.Contains(tellingPragmas, name) || slices.Contains(readingPragmas, name) && !strings.HasPrefix(m[2], "=") {
			return nil
		}
	}
	return fault.SQLWrites.Errorf("this PRAGMA may change the database or the session")
}

// returnsRows reports whether the statement has rows to show.
func (u statementText) returnsRows(dialect sqlpool.Dialect) bool {
	return slices.Contains(readers[dialect], u.first) || slices.Contains(u.words, "RETURNING")
}
