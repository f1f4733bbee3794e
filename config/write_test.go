package config_test

import (
	"errors"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/redfire-quant/redfire/config"
)

func written(t testing.TB, lang string, set map[string]string) string {
	t.Helper()
	var b strings.Builder
	if err := config.WriteFile(&b, lang, set); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var languages = []string{"en", "zh"}

func TestTheFileThatIsWrittenIsTheDefaults(t *testing.T) {
	for _, lang := range languages {
		wantConfig(t, lang, accepted(t, written(t, lang, nil)), defaults())
		wantConfig(t, lang+", CRLF", accepted(t, strings.ReplaceAll(written(t, lang, nil), "\n", "\r\n")), defaults())
	}
}

func TestTheFileForTheStackHasItsAddresses(t *testing.T) {
	want := defaults()
	want.SQL["main"] = defaultSQL("mysql://root@localhost:3306/vnpy", 15)
	want.Cache.Redis = "redis://localhost:6379/0"
	want.Series.URL = "influx://localhost:8086?org=redfire&bucket=market"
	want.Journal.URL = "mongodb://localhost:27017/redfire"
	for _, lang := range languages {
		wantConfig(t, lang, accepted(t, written(t, lang, config.Stack())), want)
	}
}

func TestTheStackIsFourAddressesOfKeysThatExist(t *testing.T) {
	l := read(t, "")
	if got, want := slices.Sorted(maps.Keys(config.Stack())), []string{"cache.redis", "journal.url", "series.url", "sql.main.url"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for key, value := range config.Stack() {
		if _, err := l.Explain(key); err != nil || value == "" {
			t.Errorf("%s: got %q, %v", key, value, err)
		}
	}
}

var commentLine = regexp.MustCompile(`(?m)^ *#.*\n`)

func TestWithoutItsCommentsTheFileMeansTheSame(t *testing.T) {
	for _, lang := range languages {
		for name, set := range map[string]map[string]string{"defaults": nil, "stack": config.Stack()} {
			text := written(t, lang, set)
			bare := commentLine.ReplaceAllString(text, "")
			if strings.Contains(bare, "#") {
				t.Errorf("%s, %s: got a comment in %q", lang, name, bare)
			}
			wantConfig(t, lang+", "+name, accepted(t, bare), accepted(t, text))
		}
	}
}

// commentedKey finds the mark before a key that is commented out, and not one
// before words.
var commentedKey = regexp.MustCompile(`(?m)^( *)# ( *[a-z_]+:( .*)?)$`)

func TestWithItsMarksTakenAwayEveryKeyIsThereWithItsDefaultOrExample(t *testing.T) {
	for _, lang := range languages {
		dir := t.TempDir()
		for _, name := range []string{"mysql", "redis", "influx", "mongodb"} {
			writeIn(t, dir, filepath.Join("secrets", name), "x")
		}
		text := commentedKey.ReplaceAllString(written(t, lang, nil), "$1$2")
		l, err := config.Read(options(writeIn(t, dir, "redfire.yaml", text)))
		if err != nil {
			t.Fatalf("%s: got %v in\n%s", lang, err, text)
		}
		if _, err := l.Config(); err != nil {
			t.Errorf("%s: got %v in\n%s", lang, err, text)
		}
		explained, err := l.Explain("")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range explained {
			want := e.Example
			if e.Default != "" {
				want = e.Default
			}
			if e.Type != config.TextSecret && (e.Origin.File == "" || e.Value != want) {
				t.Errorf("%s: %s: got %q from %q, want %q from the file", lang, e.Path, e.Value, e.Origin, want)
			}
		}
		if got, keys := len(explained), leaves(); got != keys {
			t.Errorf("%s: got %d keys, want %d", lang, got, keys)
		}
	}
}

func leaves() int {
	n := 0
	for _, k := range config.Keys() {
		if k.Variable != "" {
			n++
		}
	}
	return n
}

func TestSomeKeysOfASectionMayBeSet(t *testing.T) {
	set := map[string]string{"data": "elsewhere", "sql.main.max_open": "20", "journal.retention.debug": "1d", "cache.namespaces.user_data.ttl": "2h"}
	for _, lang := range languages {
		c := accepted(t, written(t, lang, set))
		want := defaults()
		want.Data = c.Data
		main := defaultSQL("", 1)
		main.MaxOpen = 20
		want.SQL["main"] = main
		want.Cache.Namespaces["user_data"] = config.Namespace{TTL: config.Duration(2 * 3600e9)}
		want.Journal.Retention.Debug /= 7
		wantConfig(t, lang, c, want)
		if filepath.Base(string(c.Data)) != "elsewhere" {
			t.Errorf("%s: data: got %s, want elsewhere", lang, c.Data)
		}
	}
}

func TestEveryKeyStandsInTheFileWithItsDescription(t *testing.T) {
	for _, lang := range languages {
		text := written(t, lang, nil)
		for _, k := range config.Keys() {
			wantDescribed(t, text, lang, k)
		}
		for _, r := range text {
			if lang == "en" && r > unicode.MaxASCII {
				t.Errorf("en: got %q, want English alone", r)
			}
		}
	}
}

func wantDescribed(t *testing.T, text, lang string, k config.Key) {
	t.Helper()
	for line := range strings.SplitSeq(k.Doc.In(lang), "\n") {
		if shown := strings.Contains(text, "# "+line); shown == (k.Type == config.TextSecret) {
			t.Errorf("%s: %s: %q is there: %v", lang, k.Path, line, shown)
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("disk full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestAFileThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := config.WriteFile(fullDisk{}, "en", nil); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}

func TestKeysAreListedInOrderWithoutDuplicates(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range config.Keys() {
		parent := k.Path[:max(0, strings.LastIndexByte(k.Path, '.'))]
		if seen[k.Path] || parent != "" && !strings.HasSuffix(parent, ".NAME") && !seen[parent] {
			t.Errorf("%s: got it twice, or before its section", k.Path)
		}
		seen[k.Path] = true
		section := k.Type == config.Section || k.Type == config.NamedSection
		want := "REDFIRE_" + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "__"))
		if section {
			want = ""
		}
		if k.Variable != want {
			t.Errorf("%s: got variable %q, want %q", k.Path, k.Variable, want)
		}
	}
}
