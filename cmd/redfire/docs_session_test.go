package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A session replays what a page tells.
type session struct {
	*testing.T
	env   []string
	files map[string]string
	curl  string // folder of its settings

	servers []*background
	ports   []string // addresses of the page and of the run, by turns
}

// newSession begins a session in a folder of its own with the files of the page.
func newSession(t *testing.T, files [][][]byte) *session {
	t.Helper()
	s := &session{T: t, files: map[string]string{}, curl: t.TempDir()}
	// It prints its progress where its output is no terminal.
	writeFile(t, filepath.Join(s.curl, ".curlrc"), []byte("silent\nshow-error\n"))
	t.Chdir(t.TempDir())
	for _, f := range files {
		s.files[string(f[1])] = string(f[2])
		writeFile(t, string(f[1]), f[2])
	}
	return s
}

// replay types the lines of a block.
func (s *session) replay(text string) {
	s.Helper()
	for step := range strings.SplitSeq(strings.TrimPrefix(text, "$ "), "\n$ ") {
		command, want, _ := strings.Cut(strings.TrimRight(step, "\n"), "\n")
		s.step(command, want)
	}
}

var assignment = regexp.MustCompile(`^([A-Z]+)=\$\(redfire (.*)\)$`)

func (s *session) step(command, want string) {
	s.Helper()
	words := wordsOf(command)
	switch words[0] {
	case "export":
		s.env = append(s.env, s.here(words[1]))
		return
	case "cat":
		got, err := os.ReadFile(words[1])
		if err != nil || strings.TrimRight(string(got), "\n") != want {
			s.Errorf("$ %s\ngot %v\n%s\nwant\n%s", command, err, got, want)
		}
		return
	case "redfire":
		if words[len(words)-1] == "&" {
			s.begin(command, words[1:len(words)-1], want)
			return
		}
		s.want(command, s.redfire(words[1:]), want)
		return
	case "curl":
		s.want(command, s.shell(command), want)
		return
	case "python3":
		if python := os.Getenv("REDFIRE_TEST_PYTHON"); python != "" {
			s.want(command, s.shell("'"+python+"'"+strings.TrimPrefix(command, "python3")), want)
		}
		return
	}
	if m := assignment.FindStringSubmatch(command); m != nil {
		var out, remarks bytes.Buffer
		p := &program{out: &out, err: &remarks, env: s.env}
		p.run(s.Context(), wordsOf(s.here(m[2])))
		s.env = append(s.env, m[1]+"="+strings.TrimSpace(out.String()))
		s.want(command, remarks.String(), want)
		return
	}
	s.Errorf("$ %s: the test cannot type this command", command)
}

// redfire runs a command to its end.
func (s *session) redfire(words []string) string {
	var out bytes.Buffer
	for i := range words {
		words[i] = s.here(words[i])
	}
	p := &program{out: &out, err: &out, env: s.env}
	p.run(s.Context(), words)
	return out.String()
}

// shell runs a line of a shell.
func (s *session) shell(line string) string {
	s.Helper()
	for _, name := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			s.Skipf("the examples of this page need %s: %v", name, err)
		}
	}
	c := exec.CommandContext(s.Context(), "sh", "-c", s.here(line)) //nolint:gosec // it stands in our docs
	c.Env = slices.Concat(os.Environ(), s.env, []string{"CURL_HOME=" + s.curl, "no_proxy=127.0.0.1"})
	out, _ := c.CombinedOutput() // how it ended is seen by what it says
	return string(out)
}

// python runs a program.
func (s *session) python(text, want string) {
	s.Helper()
	python := os.Getenv("REDFIRE_TEST_PYTHON")
	if python == "" {
		return
	}
	c := exec.CommandContext(s.Context(), python, "-c", s.here(text))
	c.Env = slices.Concat(os.Environ(), s.env, []string{"no_proxy=127.0.0.1"})
	out, err := c.CombinedOutput()
	if err != nil {
		s.Errorf("%s\n%v\n%s", text, err, out)
	}
	s.want(text, string(out), strings.TrimRight(want, "\n"))
}

// want compares what came back.
func (s *session) want(command, got, want string) {
	s.Helper()
	if got = s.onPage(strings.TrimRight(strings.ReplaceAll(got, "\r", ""), "\n")); !fits(got, want) {
		s.Errorf("$ %s\ngot\n%s\nwant\n%s", command, got, want)
	}
}

// here returns a text with the addresses of this run in place of the page's.
func (s *session) here(text string) string {
	return strings.NewReplacer(s.ports...).Replace(text)
}

// onPage returns a text with the addresses of the page in place of this run's.
func (s *session) onPage(text string) string {
	back := slices.Clone(s.ports)
	slices.Reverse(back)
	return strings.NewReplacer(back...).Replace(text)
}

var address = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// begin starts a server, at a port that is free, and waits until it says what the
// page says.
func (s *session) begin(command string, words []string, want string) {
	s.Helper()
	page := "127.0.0.1:8600"
	env := append(slices.Clone(s.env), "REDFIRE_SERVER__LISTEN=127.0.0.1:0")
	for i, word := range words {
		if address.MatchString(word) {
			page, words[i] = word, "127.0.0.1:0"
		}
	}
	b := start(env, words)
	s.servers = append(s.servers, b)
	limit := time.After(time.Minute)
	for {
		got, ended := b.said()
		s.listens(page, address.FindString(got))
		if fits(s.onPage(strings.TrimRight(got, "\n")), want) {
			return
		}
		select {
		case <-b.more:
		case <-ended:
			s.want(command, got, want)
			return
		case <-limit:
			s.want(command, got, want)
			return
		}
	}
}

// listens notes where a server listens that the page has at another address, and
// writes it into the files of the page.
func (s *session) listens(page, own string) {
	s.Helper()
	if own == "" || slices.Contains(s.ports, own) {
		return
	}
	s.ports = append(s.ports, page, own)
	for name, text := range s.files {
		if strings.Contains(text, page) {
			writeFile(s.T, name, []byte(s.here(text)))
		}
	}
}

// end ends the servers.
func (s *session) end() {
	for _, b := range s.servers {
		b.stop()
		<-b.ended
	}
}

// A background is a command that runs until it is stopped.
type background struct {
	stop  context.CancelFunc
	ended chan struct{}
	more  chan struct{} // that something was written

	mu  sync.Mutex // guards out
	out bytes.Buffer
}

func start(env, words []string) *background {
	b := &background{ended: make(chan struct{}), more: make(chan struct{}, 1)}
	var ctx context.Context
	ctx, b.stop = context.WithCancel(context.Background())
	go func() {
		defer close(b.ended)
		p := &program{out: b, err: b, env: env}
		p.run(ctx, words)
	}()
	return b
}

func (b *background) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default: // it is known
	}
	return b.out.Write(text)
}

// said returns what was written, and what is closed when there will be no more.
func (b *background) said() (string, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String(), b.ended
}
