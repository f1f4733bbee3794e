package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
)

const secret = "pLANTED"

// wantHidden fails if any of the ways to print what comes of text and env shows
// the secret, and returns the error of Load.
func wantHidden(t *testing.T, text string, env ...string) error {
	t.Helper()
	o := options(write(t, text), env...)
	hidden := func(where, shown string) {
		t.Helper()
		if at := strings.Index(shown, secret); at >= 0 {
			t.Errorf("%q, %q: %s shows the secret: …%s", text, env, where, shown[max(0, at-60):at+len(secret)])
		}
	}
	l, err := config.Read(o)
	hidden("the error of Read", fmt.Sprintf("%v %+v %#v %q", err, err, err, err))
	if l != nil {
		hidden("Layers", printed(t, l))
		explained, err := l.Explain("")
		if err != nil {
			t.Fatal(err)
		}
		hidden("Explain", printed(t, explained))
	}
	c, err := config.Load(o)
	hidden("the error of Load", fmt.Sprintf("%v %+v %#v %q", err, err, err, err))
	for _, e := range all(err) {
		hidden("an error", fmt.Sprintf("%+v %#v", e, e))
		for _, lang := range []string{"en", "zh"} {
			hidden("an error in "+lang, fault.Message(e, lang))
		}
		p, _ := fault.PlaceOf(e)
		hidden("a place", fmt.Sprintf("%#v", p))
	}
	if c != nil {
		hidden("Config", printed(t, c)+printed(t, *c))
		main := c.SQL["main"]
		hidden("a value", printed(t, main.Password)+printed(t, main.URL)+printed(t, main.Replicas)+printed(t, &main))
	}
	return err
}

// printed returns v in all the forms in which a program might print it.
func printed(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%o", "%e", "%30v", "%-30s", "%.9s", "%c", "%U"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	fmt.Fprintln(&b, v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(text)
	if text, err = yaml.Marshal(v); err != nil {
		t.Fatal(err)
	}
	b.Write(text)
	slog.New(slog.NewTextHandler(&b, nil)).Info("text", "value", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("json", "value", v)
	return b.String()
}

func TestSecretsOfVariablesAreNeverShown(t *testing.T) {
	for _, name := range []string{"SQL__MAIN__PASSWORD", "SQL__OTHER__PASSWORD", "CACHE__PASSWORD", "SERIES__TOKEN", "JOURNAL__PASSWORD"} {
		if err := wantHidden(t, "", "REDFIRE_"+name+"="+secret); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
	}
	if err := wantHidden(t, "", "REDFIRE_SQL="+secret, "REDFIRE_PASSWORD="+secret, "REDFIRE_SQL__MAIN__PASSWRD="+secret, "REDFIRE_sql__main__password="+secret); len(all(err)) != 4 {
		t.Errorf("got %v, want four errors", err)
	}
}

func TestSecretsOfAddressesAreNeverShown(t *testing.T) {
	for i := 0; i < len(secretURLs); i += fewer.Step(7) {
		text := strings.ReplaceAll(secretURLs[i][0], "SECRET", secret)
		for _, key := range []string{"sql.main.url", keyOf(text), "sql.main.replicas"} {
			_ = wantHidden(t, "", variable(key, text))
		}
		_ = wantHidden(t, "", variable("sql.main.replicas", "["+text))
		_ = wantHidden(t, "", variable("sql.main.replicas", "['"+text+"', '"+text+"']"), "REDFIRE_SQL__MAIN__URL=mysql://h/x")
		_ = wantHidden(t, "", variable("sql.main.replicas", "["+text+", mysql://i/x]"), "REDFIRE_SQL__MAIN__URL=redis://h/x")
		quoted := fmt.Sprintf("%q", text)
		_ = wantHidden(t, "sql: { main: { url: "+quoted+", replicas: ["+quoted+", "+quoted+"] } }\nseries: { url: "+quoted+" }\ncache: { redis: "+quoted+" }\n")
	}
}

func TestSecretsOfAFileThatIsWrongAreNeverShown(t *testing.T) {
	for _, line := range []string{
		"password: S", "password: 'S'", "password: |\n      S\n", "password: [S]", "password: { S }", "password: { a: S }", "password: - S", "password: S: x", "password: \"S",
		"password: \"S\\q\"", "password: !S", "password: !S a", "password: &S", "password: &S a", "password: *S", "password: @S", "password: %S", "password: `S", "password: |S",
		"password: >S", "password: ? S", "password: {S", "password: [S", "password: S # S", "password:\n      S: x", "password:S", "password : S", "passwort: S", "url: S", "url: root:S",
		"'password:S': x", "\"password=S\":", "password=S: x", "? password:S\n    : x", "password：S: x", "url:mysql://root:S@h/x", "<<: S", "- S", "- password: S", "tls: S", "tls: { ca_file: [S] }",
		"replicas: mysql://root:S@h/x", "replicas: [mysql://root:S@h/x", "replicas: [{ S: mysql://root:S@h/x }]", "replicas: { url: S }",
	} {
		// A word alone where an address should be is no form of a secret.
		if line == "url: S" {
			continue
		}
		line = strings.ReplaceAll(line, "S", secret)
		for _, text := range []string{"sql:\n  main:\n    " + line + "\n", "sql:\n  main:\n    " + line + "\n    max_open: 30\n", "sql: { main: { " + line + " } }\n", "sql: { main: { " + line + "\n"} {
			_ = wantHidden(t, text)
		}
	}
	_ = wantHidden(t, "%YAML "+secret+"\n---\nsql: {}\n")
	_ = wantHidden(t, "%"+secret+"\n---\nsql: {}\n")
	_ = wantHidden(t, "sql: "+secret+"\n")
	_ = wantHidden(t, "sql: { main: "+secret+" }\n")
	_ = wantHidden(t, "data: x\n---\npassword: "+secret+"\n")
	_ = wantHidden(t, "password: "+secret+"\ntoken: "+secret+"\n")
}

func TestSecretsOfFilesAreNeverShown(t *testing.T) {
	dir := t.TempDir()
	good := filepath.ToSlash(writeIn(t, dir, "good", secret))
	two := filepath.ToSlash(writeIn(t, dir, "two", "user\n"+secret+"\n"))
	gbk := filepath.ToSlash(writeIn(t, dir, "gbk", secret+"\xbc\xe0"))
	text := func(file string) string {
		return "sql: { main: { password_file: '" + file + "' } }\ncache: { password_file: '" + file + "' }\nseries: { token_file: '" + file + "' }\njournal: { password_file: '" + file + "' }\n"
	}
	if err := wantHidden(t, text(good)); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	for _, file := range []string{two, gbk} {
		if err := wantHidden(t, text(file)); len(all(err)) != 4 {
			t.Errorf("%s: got %v, want four errors", filepath.Base(file), err)
		}
	}
	_ = wantHidden(t, text(good), "REDFIRE_SQL__MAIN__PASSWORD=x", "REDFIRE_SERIES__TOKEN=x", "REDFIRE_SQL__MAIN__URL=mysql://root:x@h/x")
}

func TestASecretConvertedToStringIsTheSecret(t *testing.T) {
	s := accepted(t, "", "REDFIRE_SERIES__TOKEN="+secret).Series.Token
	if string(s) != secret || s.String() != "[redacted]" || fmt.Sprintf("%v|%q|%#v|%12s", s, s, s, s) != `[redacted]|"[redacted]"|"[redacted]"|  [redacted]` {
		t.Errorf("got %q, shown as %v %q %#v %12s", string(s), s, s, s, s)
	}
	if none := config.Secret(""); fmt.Sprintf("%v|%q|%#v", none, none, none) != `|""|""` {
		t.Errorf("no secret is shown as %v|%q|%#v, want nothing", none, none, none)
	}
}

func TestASecretInTheFileIsRefused(t *testing.T) {
	f := func(text string, env []string, want ...string) {
		t.Helper()
		wantFaults(t, text, env, want...)
	}
	f("sql: { main: { password: x } }", nil, "1:26 RF-CFG-009 sql.main.password")
	f("sql: { main: { password: '' } }", nil, "1:26 RF-CFG-009 sql.main.password")
	f("cache: { password: 1234 }", nil, "1:20 RF-CFG-009 cache.password")
	f("series: { token: x }", nil, "1:18 RF-CFG-009 series.token")
	f("series: { token: x }", []string{"REDFIRE_SERIES__TOKEN=y"}, "1:18 RF-CFG-009 series.token")
	f("journal: { url: 'mongodb://u:x@h/y' }", nil, "1:17 RF-CFG-009 journal.url")
	f("journal: { url: 'mongodb://u:x@h/y' }", []string{"REDFIRE_JOURNAL__URL=mongodb://h/y"}, "1:17 RF-CFG-009 journal.url")
	f("cache: { redis: 'redis://:x@h' }", nil, "1:17 RF-CFG-009 cache.redis")
	f("series: { url: 'influx://h?token=x' }", nil, "1:16 RF-CFG-009 series.url")
	f("sql: { main: { url: 'mysql://a/b', replicas: ['mysql://a/b', 'mysql://u:x@c/d', 'mysql://u:x@e/f'] } }", nil,
		"1:62 RF-CFG-009 sql.main.replicas", "1:81 RF-CFG-009 sql.main.replicas")
	_, err := load(t, "series: { url: 'influx://h?token=x' }")
	if want := "name that in series.token_file, or set REDFIRE_SERIES__TOKEN"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestASecretGivenTwiceIsRefused(t *testing.T) {
	dir := t.TempDir()
	writeIn(t, dir, "secret", "x\n")
	f := func(text string, env []string, want ...string) {
		t.Helper()
		_, err := config.Load(options(writeIn(t, dir, "redfire.yaml", text), env...))
		if got := strings.Join(faults(err), ", "); got != strings.Join(want, ", ") {
			t.Errorf("%q, %q:\ngot  %s (%v)\nwant %s", text, env, got, err, want)
		}
	}
	text := "sql: { main: { password_file: secret } }"
	f(text, nil)
	f(text, []string{"REDFIRE_SQL__MAIN__PASSWORD=x"}, "REDFIRE_SQL__MAIN__PASSWORD RF-CFG-011 sql.main.password")
	f(text, []string{"REDFIRE_SQL__MAIN__PASSWORD="})
	f(text, []string{"REDFIRE_SQL__MAIN__PASSWORD=x", "REDFIRE_SQL__MAIN__PASSWORD_FILE="})
	f(text, []string{"REDFIRE_SQL__MAIN__URL=mysql://u:x@h/y"}, "1:31 RF-CFG-011 sql.main.password_file")
	f(text, []string{"REDFIRE_SQL__MAIN__URL=mysql://u@h/y"})
	f(text, []string{"REDFIRE_SQL__MAIN__URL=mysql://u:@h/y"})
	f("", []string{"REDFIRE_SQL__MAIN__URL=mysql://u:x@h/y", "REDFIRE_SQL__MAIN__PASSWORD=x"}, "REDFIRE_SQL__MAIN__PASSWORD RF-CFG-011 sql.main.password")
	f("series: { token_file: secret, url: 'influx://h?token=x' }", nil, "1:36 RF-CFG-009 series.url")
	f("sql: { main: { password_file: secret, password: x } }", nil, "1:49 RF-CFG-009 sql.main.password")
	f("sql: { main: { password_file: absent } }", []string{"REDFIRE_SQL__MAIN__URL=mysql:x"}, "1:31 RF-CFG-010 sql.main.password_file", "REDFIRE_SQL__MAIN__URL RF-CFG-016 sql.main.url")
	_, err := config.Load(options(writeIn(t, dir, "redfire.yaml", text), "REDFIRE_SQL__MAIN__PASSWORD=x"))
	if want := "redfire.yaml:1:31: sql.main.password_file"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v, want it to name %s", err, want)
	}
}

func TestSecretFilesHoldOneLine(t *testing.T) {
	dir := t.TempDir()
	f := func(content, want string) {
		t.Helper()
		writeIn(t, dir, "secret", content)
		c, err := config.Load(options(writeIn(t, dir, "redfire.yaml", "cache: { password_file: secret }")))
		switch {
		case want == "" && fault.CodeOf(err) != fault.ConfigSecretFile:
			t.Errorf("%.40q: got %v, want %s", content, err, fault.ConfigSecretFile)
		case want != "" && (err != nil || string(c.Cache.Password) != want):
			t.Errorf("%.40q: got %v, want it read", content, err)
		}
	}
	f("x", "x")
	f("x\n", "x")
	f("x\r\n", "x")
	f("\ufeffx\n", "x")
	f(" x y \n", " x y ")
	f("密码#: @/%", "密码#: @/%")
	long := strings.Repeat("x", 64<<10)
	f(long, long)
	f("", "")
	f("\n", "")
	f("\r\n", "")
	f("\ufeff", "")
	f("x\n\n", "")
	f("x\ny\n", "")
	f("x\ny", "")
	f("x\ty", "")
	f("x\x00", "")
	f("\xff\xfex\x00", "")
	f("\xc3\xdc\xc2\xeb\n", "")
	f(long+"x", "")
}

func TestSecretFilesThatCannotBeReadAreToldAtTheirPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := writeIn(t, dir, "redfire.yaml", "cache: { password_file: folder }\nseries: { token_file: secrets/absent }\n")
	_, err := config.Load(options(file, "REDFIRE_JOURNAL__PASSWORD_FILE="+filepath.Join(dir, "none")))
	want := []string{"1:25 RF-CFG-010 cache.password_file", "2:23 RF-CFG-010 series.token_file", "REDFIRE_JOURNAL__PASSWORD_FILE RF-CFG-010 journal.password_file"}
	if got := faults(err); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("got  %q (%v)\nwant %q", got, err, want)
	}
	if want := filepath.Join(dir, "secrets", "absent"); !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v, want it to name %s", err, want)
	}
	if os.Getuid() <= 0 {
		t.Log("not tried: a file that may not be read, since this user may read all")
		return
	}
	path := writeIn(t, dir, "closed", "x")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, "", []string{"REDFIRE_JOURNAL__PASSWORD_FILE=" + path}, "REDFIRE_JOURNAL__PASSWORD_FILE RF-CFG-010 journal.password_file")
}
