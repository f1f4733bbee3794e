package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A serving is a program that serves, in a goroutine.
type serving struct {
	url  string
	said string // up to the line with the address
	stop func() (code int, out, err string)
}

// A told is what a program says while it runs.
type told struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (w *told) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *told) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// serveAs starts a command that serves and waits for its address.
func serveAs(t *testing.T, env []string, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	out, errs := &told{}, &told{}
	p := &program{in: strings.NewReader(""), out: io.MultiWriter(write, out), err: errs, env: env}
	code := make(chan int, 1)
	go func() {
		c := p.run(ctx, args)
		_ = write.Close()
		code <- c
	}()
	s := &serving{}
	lines := bufio.NewScanner(read)
	for s.url == "" && lines.Scan() {
		s.said += lines.Text() + "\n"
		if _, address, ok := strings.Cut(lines.Text(), "http://"); ok {
			s.url = "http://" + strings.FieldsFunc(address, func(r rune) bool { return strings.ContainsRune(" /\"，", r) })[0]
		}
	}
	if s.url == "" {
		t.Fatalf("%v does not serve: exit %d\n%s%s", args, <-code, s.said, errs)
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	ended := sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	s.stop = func() (int, string, string) { return ended(), out.String(), errs.String() }
	t.Cleanup(func() { s.stop() })
	return s
}

// get returns the body of an answer that is a success.
func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %s, %v: %s", url, answer.Status, err, text)
	}
	return string(text)
}

func TestServeServesUntilItIsStopped(t *testing.T) {
	data := t.TempDir()
	s := serveAs(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0")
	if s.said != "listening on "+s.url+"\n" {
		t.Errorf("got %q", s.said)
	}
	if got := get(t, s.url+"/livez"); got != "{\"status\":\"ok\"}\n" {
		t.Errorf("got %q", got)
	}
	file := filepath.Join(t.TempDir(), "rb.csv")
	writeFile(t, file, []byte("time,open,high,low,close,volume\n2026-01-05T01:00:00Z,1,2,1,2,5\n"))
	code, out, errs := runWith(t, nil, "bars", "import", file, "--symbol", "rb2601.SHFE", "-i", "1m", "--bar-time", "start", "--server", s.url)
	if code != 0 || !strings.Contains(out, "new 1,") {
		t.Fatalf("import: got %d, %s%s", code, out, errs)
	}
	if code, out, errs = runWith(t, nil, "bars", "get", "rb2601.SHFE", "-o", "csv", "--server", s.url); code != 0 || !strings.Contains(out, "2026-01-05T01:00:00Z,1,2,1,2,5") {
		t.Errorf("get: got %d, %s%s", code, out, errs)
	}
	if code, _, errs := runWith(t, nil, "bars", "ls", "--data", data); code != 1 || !strings.Contains(errs, "--server") {
		t.Errorf("the folder of a server that runs: got %d, %q; want to be told of --server", code, errs)
	}
	code, _, errs = s.stop()
	if code != 0 || !strings.Contains(errs, "series: ok (localseries)") || !strings.Contains(errs, "1 rows were read, 1 written") {
		t.Errorf("stopped: got %d, %q", code, errs)
	}
	if code, out, _ := runWith(t, nil, "bars", "ls", "--data", data); code != 0 || !strings.Contains(out, "rb2601.SHFE") {
		t.Errorf("afterwards: got %d, %q", code, out)
	}
}

func TestServeSaysWhereItIsAsJSON(t *testing.T) {
	s := serveAs(t, nil, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "-o", "ndjson")
	if want := `{"listening":"` + s.url + `"}` + "\n"; s.said != want {
		t.Errorf("got %q, want %q", s.said, want)
	}
}

func TestServeListsWhatIsDownAndGoesOn(t *testing.T) {
	data := t.TempDir()
	env := []string{"REDFIRE_SQL__MAIN__URL=mysql://root@127.0.0.1:1/vnpy", "REDFIRE_JOURNAL__URL=mongodb://localhost:27017/redfire"}
	s := serveAs(t, env, "serve", "--data", data, "--listen", "127.0.0.1:0")
	ready := get(t, s.url+"/readyz")
	for _, want := range []string{`"status":"ok"`, `"name":"sql.main","engine":"mysqlpool","state":"down"`, `"name":"journal","state":"down"`, `"name":"series","engine":"localseries","state":"ok"`} {
		if !strings.Contains(ready, want) {
			t.Errorf("/readyz: got %s, want %s", ready, want)
		}
	}
	if _, _, errs := s.stop(); !strings.Contains(errs, "sql.main: down: ") {
		t.Errorf("got %q", errs)
	}
}

func TestAServerWithTokensWantsOne(t *testing.T) {
	data := t.TempDir()
	code, token, errs := runWith(t, nil, "token", "new", "bot", "--role", "reader", "--data", data)
	if code != 0 {
		t.Fatal(errs)
	}
	s := serveAs(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, []byte(token))
	f := func(want int, says string, env []string, args ...string) {
		t.Helper()
		code, out, errs := runWith(t, env, append(args, "--server", s.url)...)
		if code != want || !strings.Contains(out+errs, says) {
			t.Errorf("%v: got %d, %q, want %d and %q", args, code, out+errs, want, says)
		}
		if strings.Contains(out+errs, strings.TrimSpace(token)) {
			t.Errorf("%v shows the token", args)
		}
	}
	f(4, "RF-API-001", nil, "bars", "ls")
	f(0, "nothing of that is stored", nil, "bars", "ls", "--token-file", file)
	f(0, "nothing of that is stored", []string{"REDFIRE_SERIES__TOKEN=" + strings.TrimSpace(token)}, "bars", "ls")
	rows := filepath.Join(t.TempDir(), "rb.csv")
	writeFile(t, rows, []byte("time,open,high,low,close,volume\n2026-01-05T01:00:00Z,1,2,1,2,5\n"))
	f(4, "RF-API-016", nil, "bars", "import", rows, "--symbol", "rb2601.SHFE", "-i", "1m", "--bar-time", "start", "--token-file", file)
	f(4, "RF-API-001", []string{"REDFIRE_SERIES__TOKEN=rf_wrong"}, "bars", "ls")
	if _, out, errs := s.stop(); strings.Contains(out+errs, strings.TrimSpace(token)) || !strings.Contains(errs, "every request needs a token") {
		t.Errorf("the server says %q", out+errs)
	}
}

func TestWhatCannotBeServedSaysWhy(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f := func(want int, says string, args ...string) {
		t.Helper()
		if code, out, errs := runWith(t, nil, args...); code != want || !strings.Contains(errs, says) || out != "" {
			t.Errorf("%v: got %d, %q, want %d and %q", args, code, out+errs, want, says)
		}
	}
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	writeFile(t, file, []byte("x"))
	f(1, "RF-API-017", "serve", "--data", data, "--listen", taken.Addr().String())
	f(4, "RF-API-018", "serve", "--data", data, "--listen", "0.0.0.0:0")
	f(2, "--listen", "serve", "--data", data, "--listen", "nonsense")
	f(2, "is a file", "serve", "--data", file)
	f(2, "too many", "serve", "now")
}

func TestAServerThatIsNotThereIsToldAtOnce(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f := func(want int, says string, args ...string) {
		t.Helper()
		if code, out, errs := runWith(t, nil, args...); code != want || !strings.Contains(errs, says) || out != "" {
			t.Errorf("%v: got %d, %q, want %d and %q", args, code, out+errs, want, says)
		}
	}
	f(1, "RF-API-019", "bars", "ls", "--server", dead)
	f(2, "exclude each other", "bars", "ls", "--server", dead, "--data", "x")
	f(2, "is not written as", "bars", "ls", "--server", "127.0.0.1:8600")
	f(2, "where the files are", "bars", "backup", filepath.Join(t.TempDir(), "copy"), "--server", dead)
	f(2, "where the files are", "bars", "restore", t.TempDir(), "--server", dead)
	f(2, "where the files are", "bars", "salvage", filepath.Join(t.TempDir(), "copy"), "--server", dead)
}

func TestTheDemoServesWhatItImported(t *testing.T) {
	data := filepath.Join(t.TempDir(), "demo")
	s := serveAs(t, []string{"REDFIRE_SERVER__LISTEN=127.0.0.1:0"}, "demo", "--data", data)
	got := get(t, s.url+"/v1/bars?symbol=SPX.CBOE&interval=d&limit=1&reverse=true&format=csv")
	if !strings.Contains(got, "SPX.CBOE,d,2018-12-31T06:00:00Z,2498.939941,") {
		t.Errorf("got %q", got)
	}
	code, out, errs := s.stop()
	if code != 0 || !strings.Contains(out, "curl '"+s.url) || !strings.Contains(out, "--server "+s.url) {
		t.Errorf("got %d, %q, %q", code, out, errs)
	}
}

// runWith runs the program.
func runWith(t *testing.T, env []string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &o, err: &e, env: env}
	code = p.run(t.Context(), args)
	return code, o.String(), e.String()
}

func TestAFileOfAServersTokenThatIsNotThere(t *testing.T) {
	code, _, errs := runWith(t, nil, "bars", "ls", "--server", "http://127.0.0.1:1", "--token-file", filepath.Join(t.TempDir(), "none"))
	if code != 2 || !strings.Contains(errs, "--token-file") {
		t.Errorf("got %d, %q", code, errs)
	}
	if _, err := os.Stat("redfire-data"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}
