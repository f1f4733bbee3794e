package config_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func TestValuesMeanTheSameHoweverYAMLWritesThem(t *testing.T) {
	for _, text := range []string{
		"server:\n  listen: a:1\n",
		"server:\n  listen: a:1",
		"server:\r\n  listen: a:1\r\n",
		"server:\r  listen: a:1\r",
		"\ufeffserver:\n  listen: a:1\n",
		"---\nserver:\n  listen: a:1\n...\n",
		"---\nserver:\n  listen: a:1\n---\n",
		"# one\n---\nserver: # two\n  # three\n  listen: a:1 # four\n",
		"--- {server: {listen: 'a:1'}}\n",
		"{server: {listen: 'a:1'}}",
		"{\n  \"server\": {\n    \"listen\": \"a:1\"\n  }\n}\n",
		"'server': {\"listen\": \"\\u0061:1\"}\n",
		"server:\n    listen: >-\n      a:1\n",
		"server:\n  listen: |-\n    a:1\n",
		"server:\n  listen:\n    a:1\n",
		"server:   \n\n\n  listen:\ta:1   \n",
	} {
		if got := accepted(t, text).Server.Listen; got != "a:1" {
			t.Errorf("%q: got %q, want a:1", text, got)
		}
	}
}

func TestTextIsNotTakenForAnotherType(t *testing.T) {
	dir := func(text string) string {
		t.Helper()
		data := string(accepted(t, "data: "+text+"\n").Data)
		return data[strings.LastIndexAny(data, `/\`)+1:]
	}
	for text, want := range map[string]string{
		"123": "123", "0x1F": "0x1F", "1_000": "1_000", "1.50": "1.50", "true": "true", "no": "no", ".inf": ".inf",
		"2026-01-02": "2026-01-02", "12:30": "12:30", "'null'": "null", "'~a'": "~a", "a b": "a b", "a#b": "a#b", "'a # b'": "a # b",
		"it's": "it's", "'it''s'": "it's", `"a\x41\u6570"`: "aA数", "数据": "数据", "a\n  b": "a b", "=": "=", "C:x": "C:x",
	} {
		if got := dir(text); got != want {
			t.Errorf("data: %s: got %q, want %q", text, got, want)
		}
	}
}

func TestPartsOfYAMLThatAreNotReadAreRefusedOnce(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		wantFaults(t, text, nil, want...)
	}
	f("data: &a x\n", "1:7 RF-CFG-014 data")
	f("server: *a\n", "1:9 RF-CFG-014 server")
	f("sql: { main: { replicas: [*a] } }\n", "1:27 RF-CFG-014 sql.main.replicas")
	f("data: !!str x\n", "1:7 RF-CFG-014 data")
	f("server: !!map { listen: 'a:1' }\n", "1:9 RF-CFG-014 server")
	f("cache:\n  <<: { memory: 1GiB }\n", "2:3 RF-CFG-014 cache")
	f("%YAML 1.2\n---\ndata: x\n", "1:1 RF-CFG-014")
	f("%YAML 1.2\n---\ndatta: x\n", "1:1 RF-CFG-014", "3:1 RF-CFG-003 datta")
}

func TestASecondDocumentIsNeitherReadNorLost(t *testing.T) {
	for text, want := range map[string]string{
		"data: x\n---\ndata: y\n":       "3:1 RF-CFG-014",
		"data: x\n--- \n--- y\n":        "3:5 RF-CFG-014",
		"data: x\n...\ndata: y\n":       "3:1 RF-CFG-014",
		"---\n---\ndata: x\n":           "3:1 RF-CFG-014", // the parser drops what stands here
		"---\n---\n# c\n---\ndata: x\n": "5:1 RF-CFG-014",
		"data: x\n---\n- a\n---\nb: c":  "3:1 RF-CFG-014",
	} {
		wantFaults(t, text, nil, want)
	}
}

func TestAKeyThatStandsTwiceIsRefused(t *testing.T) {
	wantFaults(t, "data: x\ndata: y\n", nil, "2:1 RF-CFG-005 data")
	wantFaults(t, "data: x\n'data': y\n\"data\": z\n", nil, "2:1 RF-CFG-005 data", "3:1 RF-CFG-005 data")
	wantFaults(t, "sql:\n  main: { min_idle: 1 }\n  main: { min_idle: 2 }\n", nil, "3:3 RF-CFG-005 sql.main")
	wantFaults(t, "cache: {}\nsql: {}\ncache: {}\n", nil, "3:1 RF-CFG-005 cache")
	if _, err := load(t, "data: x\n\ndata: y\n"); !strings.Contains(fmt.Sprint(err), "line 1") {
		t.Errorf("got %v, want it to name line 1", err)
	}
}

func TestAnotherShapeIsRefusedWhereItBegins(t *testing.T) {
	f := func(text string, want string) {
		t.Helper()
		wantFaults(t, text, nil, want)
	}
	f("hello\n", "1:1 RF-CFG-006")
	f("- a\n", "1:1 RF-CFG-006")
	f("[]\n", "1:1 RF-CFG-006")
	f("sql: main\n", "1:6 RF-CFG-006 sql")
	f("sql:\n  - main\n", "2:3 RF-CFG-006 sql")
	f("sql: { main: [] }\n", "1:14 RF-CFG-006 sql.main")
	f("data: [a]\n", "1:7 RF-CFG-006 data")
	f("data: { a: b }\n", "1:7 RF-CFG-006 data")
	f("data:\n  键: 值\n", "2:3 RF-CFG-006 data")
	f("sql: { main: { replicas: 'mysql://a/b' } }\n", "1:26 RF-CFG-006 sql.main.replicas")
	f("sql: { main: { replicas: [[a]] } }\n", "1:27 RF-CFG-006 sql.main.replicas")
	f("sql:\n  main:\n    replicas:\n      - a: b\n", "4:9 RF-CFG-006 sql.main.replicas")
}

func TestWhatIsNotYAMLIsRefusedWithItsPlace(t *testing.T) {
	f := func(name, text, want, says string) {
		t.Helper()
		_, err := load(t, text)
		if got := strings.Join(faults(err), " "); got != want || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s: %q: got %q (%v), want %q and %q", name, text, got, err, want, says)
		}
	}
	f("tab", "server:\n\tlisten: 'a:1'\n", "2:1 RF-CFG-001", "")
	f("no end of quotes", "data: x\nserver: { listen: \"a:1 }\n", "2:19 RF-CFG-001", "")
	f("no end of braces", "server: { listen: 'a:1'\n", "1:9 RF-CFG-001", "}")
	f("two colons", "data: a: b\n", "1:7 RF-CFG-001", "")
	f("no space", "data:x\nserver: {}\n", "1:1 RF-CFG-001", "")
	f("indent", "server:\n    listen: 'a:1'\n  data: x\n", "3:3 RF-CFG-001", "")
	f("reserved", "数据: x\nserver: { listen: @a }\n", "2:19 RF-CFG-001", "")
	f("NUL", "data: x\nserver: 甲\x00\n", "2:10 RF-CFG-001", "control character")
	f("form feed", "data: x\n\fserver: {}\n", "2:1 RF-CFG-001", "control character")
	f("next line", "data: a\u0085b\n", "1:8 RF-CFG-001", "control character")
	f("GBK", "data: x\nserver: \xbc\xe0\xcc\xfd\n", "2:0 RF-CFG-001", "GBK")
	f("UTF-16", "\xff\xfed\x00a\x00", "1:0 RF-CFG-001", "UTF-8")
	f("a lone half", "data: \xed\xa0\x80\n", "1:0 RF-CFG-001", "UTF-8")
}

func TestLinesAndColumnsCountWhatAnEditorCounts(t *testing.T) {
	// Each of these stands before a mistake and must not shift its place.
	before := []string{
		"", "# 注释\n", "\n\n", "data: x\n", "data: '甲乙丙'\n", "data: \"甲\\n乙\"\n", "data: a\n  b\n  c\n", "data: 'a\n  b'\n", "data: \"a\n  b \\\n  c\"\n",
		"data: |\n  甲\n\n  乙\n", "data: >-\n  a\n  b\n\n", "data: |+\n  a\n\n\n", "data: x # 注释\n\n# more\n",
		"cache: {\n  memory: 1GiB, # 甲\n  namespaces: { }\n}\n", "sql:\n  main:\n    replicas:\n      - 'mysql://甲/a'\n      # c\n      - mysql://b/b\n",
		"---\n", "# c\n---\n", "series:\n\n  url:\n\njournal:\n",
	}
	for _, head := range before {
		text := head + "server: { 键: 甲, listen: 乙 }\n"
		line := strings.Count(head, "\n") + 1
		want := fmt.Sprintf("%d:11 RF-CFG-003 server.键\n%d:25 RF-CFG-007 server.listen", line, line)
		for name, end := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
			_, err := load(t, strings.ReplaceAll(text, "\n", end))
			if got := strings.Join(faults(err), "\n"); !strings.Contains(got, want) {
				t.Errorf("%s %q:\ngot  %q\nwant %q", name, text, got, want)
			}
		}
	}
}

func TestHostileFilesAreRefusedSoon(t *testing.T) {
	const size = 1 << 18
	fill := func(part string) string { return strings.Repeat(part, size/len(part)) }
	numbered := func(head, format string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < size-40; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	f := func(name, text string) {
		t.Helper()
		start := time.Now()
		c, err := load(t, text)
		if took := time.Since(start); c != nil || took > 20*time.Second {
			t.Errorf("%s: got %v, %v after %v, want an error at once", name, c, err, took)
		}
		if fault.KindOf(err) == "" {
			t.Errorf("%s: got %v, want a kind", name, err)
		}
		if said := len(fmt.Sprint(err)); said > 2000 {
			t.Errorf("%s: got a message of %d bytes, want a short one", name, said)
		}
	}
	f("brackets", fill("["))
	f("braces", fill("{a: "))
	f("entries", fill("- "))
	f("keys", numbered("", "k%d: 1\n"))
	f("names", numbered("sql:\n", "  k%d: {}\n"))
	f("documents", fill("---\na: b\n"))
	f("anchors", "a: "+fill("&a "))
	f("a long key", fill("k"))
	f("a long size", "cache: { memory: "+fill("9")+"B }")
	f("a long duration", "journal: { retention: { debug: "+fill("9")+"d } }")
	f("a long number", "sql: { main: { min_idle: "+fill("9")+" } }")
	f("a long port", "server: { listen: 'a:"+fill("9")+"' }")
	f("a long address", "cache: { redis: 'x"+fill("9")+"' }")
	f("a long path", "data: \""+fill("9")+"\\0\"")
}

func TestABracketBelowTheLimitEndsToo(t *testing.T) {
	start := time.Now()
	if _, err := load(t, strings.Repeat("[", 19_000)); fault.CodeOf(err) != fault.ConfigSyntax {
		t.Errorf("got %v after %v, want %s", err, time.Since(start), fault.ConfigSyntax)
	}
}

// writtenBack returns a file, in JSON as a part of YAML, with what explained
// says of settings that gave c.
func writtenBack(t testing.TB, explained []config.Explanation, c *config.Config) string {
	t.Helper()
	root := map[string]any{}
	for _, e := range explained {
		if e.Value == "" || e.Type == config.TextPath && e.Origin.File == "" {
			continue // paths of defaults count from elsewhere
		}
		if strings.HasSuffix(e.Path, ".min_idle") && e.Origin.File == "" {
			continue // its default goes by other keys
		}
		at, names := root, strings.Split(e.Path, ".")
		for _, name := range names[:len(names)-1] {
			if at[name] == nil {
				at[name] = map[string]any{}
			}
			at = at[name].(map[string]any)
		}
		var value any = e.Value
		if strings.HasPrefix(string(e.Type), "list of ") {
			value = listIn(c, names)
		}
		at[names[len(names)-1]] = value
	}
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// listIn returns the list of c at a path.
func listIn(c *config.Config, path []string) any {
	k := c.Calendars[path[1]]
	switch path[2] {
	case "replicas":
		var texts []string // JSON of a URL is redacted, and of nil is null
		for _, u := range c.SQL[path[1]].Replicas {
			texts = append(texts, string(u))
		}
		return texts
	case "on_connect":
		return c.SQL[path[1]].OnConnect
	case "symbols":
		return k.Symbols
	case "closed":
		return k.Closed
	case "open":
		return k.Open
	case "hours":
		return k.Hours
	}
	return k.NoNight
}

func TestWhatIsAcceptedIsTheSameWrittenBack(t *testing.T) {
	dir := t.TempDir()
	writeIn(t, dir, "secrets/mysql", "x")
	writeIn(t, dir, "secrets/influx", "x")
	for _, text := range []string{
		designExample, "", "sql: { a: ~, b: { url: 'mysql://h/x', replicas: ['mysql://i/x?a=b%20c', 'mysql://j/x'] } }", "data: '甲 \\ \"'\n", "cache: { namespaces: { a: ~ } }",
		"sql: { a: { on_connect: [SET a = 1, \"SELECT '甲'\"], read_only: true, prepare: none, reset: always, slow: 0s, application: 柜台 } }",
		written(t, "zh", config.Stack()), calendarsExample,
	} {
		l, err := config.Read(options(writeIn(t, dir, "redfire.yaml", text)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := l.Config()
		if err != nil {
			t.Fatalf("%q: got %v", text, err)
		}
		explained, err := l.Explain("")
		if err != nil {
			t.Fatal(err)
		}
		back := writtenBack(t, explained, want)
		got, err := config.Load(options(writeIn(t, dir, "redfire.yaml", back)))
		if err != nil {
			t.Errorf("%q, written back as %s: got %v", text, back, err)
		}
		wantConfig(t, back, got, want)
	}
}

// FuzzConfig gives files of any bytes. Whatever they hold, nothing panics, each
// error has a kind, a code and the file, a secret never shows, and what is
// accepted means the same when it is written back.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		designExample, "", "\ufeffdata: x\r\n", "data: &a x\nserver: *a\n", "- - a\n", "? a\n: b\n", "a: |2-\n   x\n", "%YAML 1.2\n---\na: !!str x\n...\n---\n",
		"sql:\n  main:\n    password: hunter2\n", "sql: {main: {url: 'mysql://root:hunter2@h/db', replicas: [mysql://root:hunter2@h/db]}}\n",
		"sql: {main: {url: mysql://h/db?password=hunter2}}\n", "sql:\n  main:\n    url: root:hunter2@tcp(h:3306)/db\n", "series: {token: hunter2, url: 'influx://hunter2@h'}\n",
		"<<: {a: b}\n'a': \"\\x41\\q\"\n", "journal: {retention: {debug: 1d}}\ncache: {memory: 1GiB, namespaces: {a: {ttl: 1h}}}\n",
		calendarsExample, "calendars: {a: {like: b}, b: {like: a}, c: {hours: [x, 'night 21:00-23:00']}}\n",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		o := options(writeIn(t, dir, "redfire.yaml", string(text)))
		c, err := config.Load(o)
		for _, e := range all(err) {
			if p, _ := fault.PlaceOf(e); fault.KindOf(e) == "" || fault.CodeOf(e) == "" || p.File != o.File || strings.Contains(e.Error(), "\n") {
				t.Errorf("%q: got %q (%s, %s, file %q), want a line with kind, code and file", text, e, fault.KindOf(e), fault.CodeOf(e), p.File)
			}
		}
		if err != nil && c != nil {
			t.Errorf("%q: got a Config beside %v", text, err)
		}
		l, err := config.Read(o)
		if err != nil {
			return
		}
		explained, err := l.Explain("")
		if err != nil {
			t.Fatalf("%q: explain: %v", text, err)
		}
		wantNoSecret(t, text, explained)
		if c == nil {
			return
		}
		back := writtenBack(t, explained, c)
		again, err := config.Load(options(writeIn(t, dir, "back.yaml", back)))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%q: got %+v, but written back as %s: %+v, %v", text, c, back, again, err)
		}
	})
}

// wantNoSecret fails if a secret of text, or the password hunter2 of an
// address, is in explained.
func wantNoSecret(t *testing.T, text []byte, explained []config.Explanation) {
	t.Helper()
	for _, e := range explained {
		switch e.Type {
		case config.TextSecret:
			if e.Value != "" && e.Value != "[redacted]" {
				t.Errorf("%q: %s shows %q", text, e.Path, e.Value)
			}
		case config.TextURL, config.ListOfURLs:
			if strings.Contains(e.Value, ":hunter2@") || strings.Contains(e.Value, "password=hunter2") {
				t.Errorf("%q: %s shows %q", text, e.Path, e.Value)
			}
		}
	}
}
