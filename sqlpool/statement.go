package sqlpool

import (
	"cmp"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sqllexer "github.com/DataDog/go-sqllexer"
)

// Of the texts of statements.
const (
	// maxFingerprints is how many statements are told apart. When there are more,
	// the one that was not seen for longest is forgotten, and counted as such.
	maxFingerprints = 1000

	// maxTexts is how many texts a session knows the statements of.
	maxTexts = 256

	// maxText is how much of a text is looked at. The rest of a longer one is
	// taken for more values.
	maxText = 8 << 10
)

// A statement is what all texts share that differ in their values alone.
type statement struct {
	id   string // the hash of its fingerprint, in hex
	text string // the fingerprint: the statement without its values

	// lasting tells that it may leave something behind in its session: it sets,
	// locks, listens, begins.
	lasting bool

	calls, failed, slow, total atomic.Int64 // total in nanoseconds
	longest, seen              atomic.Int64 // in nanoseconds; seen by the pool's clock
	told                       atomic.Int64 // when it was last logged as slow
}

// A Statement is how often, and how long, a statement ran.
type Statement struct {
	// ID is short, and the same for the same fingerprint everywhere.
	ID string

	// Fingerprint is the statement without its values.
	Fingerprint string

	// Calls is how often it was run, Failed how often that ended with an error,
	// Slow how often it took longer than the source's Slow.
	Calls, Failed, Slow int64

	// Total and Longest are the time until the database had answered. For a query
	// outside a transaction that is until its last row was read.
	Total, Longest time.Duration
}

// lastingWords begin statements that may leave something behind in a session.
var lastingWords = map[string]bool{
	"SET": true, "BACKUP": true, "GET": true, "RESET": true, "DISCARD": true, "USE": true, "BEGIN": true, "START": true, "SAVEPOINT": true,
	"LISTEN": true, "UNLISTEN": true, "LOCK": true, "HANDLER": true, "FLUSH": true,
	// A procedure may turn autocommit off, for whoever comes next.
	"CALL": true, "DO": true,
	"DECLARE": true, "PREPARE": true, "LOAD": true, "XA": true, "EXECUTE": true, "ATTACH": true, "DETACH": true, "PRAGMA": true,
}

var (
	// lastingCalls finds what does the same in the midst of a statement.
	lastingCalls = regexp.MustCompile(`(?i)\b(set_config|pg_(try_)?advisory_lock\w*|get_lock)"?\s*\(|\bpg_settings\b|\b"?(pg_)?temp"?\s*\.|:=|\binto\s+@|\b(create|drop)\s+(or\s+replace\s+)?(local\s+|global\s+)?temp(orary)?\b|\binto\s+(local\s+)?temp(orary)?\b`)

	// comments finds comments, and what looks like one in a text: then more is taken
	// for lasting, or less of a value is looked at.
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|--[^\n]*`)

	// manyRows finds the second and later rows of values. The lexer has made one
	// placeholder of those of a row.
	manyRows = regexp.MustCompile(`\(\?\)(?:\s*,\s*\(\?\))+`)

	obfuscator = sqllexer.NewObfuscator(sqllexer.WithReplaceBoolean(true), sqllexer.WithReplaceNull(true),
		sqllexer.WithReplacePositionalParameter(true), sqllexer.WithReplaceBindParameter(true))
	normalizer = sqllexer.NewNormalizer(sqllexer.WithKeepSQLAlias(true), sqllexer.WithKeepIdentifierQuotation(true),
		sqllexer.WithRemoveSpaceBetweenParentheses(true), sqllexer.WithUppercaseKeywords(true))
)

// lexers know the quotes and comments of the dialects. SQLite has those of the
// standard, as PostgreSQL.
var lexers = map[Dialect]sqllexer.DBMSType{
	MySQL: sqllexer.DBMSMySQL, PostgreSQL: sqllexer.DBMSPostgres, SQLite: sqllexer.DBMSPostgres,
}

// Fingerprint returns the statement in text without its values, comments and
// superfluous spaces. It holds no value that stood in text, whatever that was.
func Fingerprint(text string, dialect Dialect) string {
	cut := len(text) > maxText
	if cut {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	short, _, err := sqllexer.ObfuscateAndNormalize(text, obfuscator, normalizer, sqllexer.WithDBMS(lexers[dialect]))
	if err != nil || short == "" {
		// What cannot be taken apart is not shown: there may be a password in it.
		return strings.ToUpper(firstWord(text)) + " ..."
	}
	short = manyRows.ReplaceAllString(short, "(?), ...")
	if cut {
		short += " ..."
	}
	return short
}

// firstWord returns the letters with which text begins.
func firstWord(text string) string {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end < 0 {
		return text
	}
	return text[:end]
}

// newStatement takes apart a text.
func newStatement(text, fingerprint string) *statement {
	h := fnv.New64a()
	_, _ = h.Write([]byte(fingerprint)) // a hash takes everything
	// What a comment hides that MySQL runs, and what stands behind the part that is
	// looked at, is taken for the worst.
	hidden := strings.Contains(text, "/*!") || strings.Contains(text, "/*M!") || len(text) > maxText && strings.Contains(text[maxText:], ";")
	plain := comments.ReplaceAllString(text[:min(len(text), maxText)], " ")
	return &statement{
		id: strconv.FormatUint(h.Sum64(), 16), text: fingerprint,
		lasting: hidden || lastingWords[strings.ToUpper(firstWord(fingerprint))] || strings.Contains(fingerprint, ";") ||
			lastingCalls.MatchString(plain) || lastingCalls.MatchString(fingerprint),
	}
}

// count adds a run that took d and ended at now with err.
func (s *statement) count(now, took time.Duration, err error, slow time.Duration) (isSlow bool) {
	s.calls.Add(1)
	s.total.Add(int64(took))
	s.seen.Store(int64(now))
	if err != nil {
		s.failed.Add(1)
	}
	for longest := s.longest.Load(); int64(took) > longest; longest = s.longest.Load() {
		if s.longest.CompareAndSwap(longest, int64(took)) {
			break
		}
	}
	if took < slow {
		return false
	}
	s.slow.Add(1)
	return true
}

// statements are those of a pool.
type statements struct {
	dialect Dialect

	mu        sync.Mutex // guards the fields below
	byForm    map[form]*statement
	forgotten Statement // what was counted of those that were forgotten
}

// A form is what the texts of a statement share.
type form struct {
	fingerprint string
	lasting     bool // a comment may hide that, which fingerprints leave out
}

// of returns the statement in text. It is the slow way: sessions keep what they
// asked.
func (r *statements) of(text string) *statement {
	fresh := newStatement(text, Fingerprint(text, r.dialect))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byForm == nil {
		r.byForm = make(map[form]*statement)
	}
	if s, ok := r.byForm[fresh.form()]; ok {
		return s
	}
	if len(r.byForm) >= maxFingerprints {
		r.forgetLocked()
	}
	r.byForm[fresh.form()] = fresh
	return fresh
}

// forgetLocked makes room: the tenth that was not seen for longest goes, so that
// this is seldom.
func (r *statements) forgetLocked() {
	all := make([]*statement, 0, len(r.byForm))
	for _, s := range r.byForm {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *statement) int { return cmp.Compare(a.seen.Load(), b.seen.Load()) })
	for _, s := range all[:max(1, len(all)/10)] {
		r.forgotten.add(s.read())
		delete(r.byForm, s.form())
	}
}

// add counts in what other counted.
func (s *Statement) add(other Statement) {
	s.Calls += other.Calls
	s.Failed += other.Failed
	s.Slow += other.Slow
	s.Total += other.Total
	s.Longest = max(s.Longest, other.Longest)
}

func (s *statement) form() form { return form{s.text, s.lasting} }

func (s *statement) read() Statement {
	return Statement{
		ID: s.id, Fingerprint: s.text, Calls: s.calls.Load(), Failed: s.failed.Load(), Slow: s.slow.Load(),
		Total: time.Duration(s.total.Load()), Longest: time.Duration(s.longest.Load()),
	}
}

// top returns the n statements that took longest in all, and the sum of those
// that were forgotten.
func (r *statements) top(n int) (all []Statement, forgotten Statement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.byForm {
		if one := s.read(); one.Calls > 0 {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b Statement) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), strings.Compare(a.ID, b.ID))
	})
	return all[:min(n, len(all))], r.forgotten
}
