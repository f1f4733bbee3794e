package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// A progress tells people what is being done: on a terminal in one line that is
// written anew, elsewhere in a line now and then.
type progress struct {
	w     io.Writer
	width func() int // of the terminal, 0 if there is none
	every time.Duration
	began time.Time

	mu      sync.Mutex // guards the fields below, and the order of what is written
	running []task
	drawn   bool // the cursor stands behind the line that is written anew
}

// A task is something that is being done.
type task struct {
	what  string
	usual time.Duration
	began time.Time
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, width: func() int { return 0 }, every: 15 * time.Second, began: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.every = time.Second
		p.width = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil || columns <= 0 {
				return 80
			}
			return columns
		}
	}
	return p
}

// start tells what is being done until what it returns is called.
func (p *progress) start() (stop func()) {
	ticker := time.NewTicker(p.every)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				p.tell()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		<-ended
		p.mu.Lock()
		defer p.mu.Unlock()
		p.eraseLocked()
	}
}

// say writes a line that stays.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.eraseLocked()
	fmt.Fprintf(p.w, "[%s] %s\n", clock(time.Since(p.began)), fmt.Sprintf(format, args...))
}

// begin says that a task began, and returns what says how it ended.
func (p *progress) begin(what string, usual time.Duration) (end func(err error)) {
	t := task{what, usual, time.Now()}
	p.say("%s: begun, takes about %s", what, clock(usual))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, t)
	return func(err error) {
		p.mu.Lock()
		p.running = slices.DeleteFunc(p.running, func(other task) bool { return other == t })
		p.mu.Unlock()
		if errors.Is(err, errEnded) {
			p.say("%s: ended after %s", what, clock(time.Since(t.began)))
			return
		}
		if err != nil {
			p.say("%s: FAILED after %s: %v", what, clock(time.Since(t.began)), err)
			return
		}
		p.say("%s: done in %s", what, clock(time.Since(t.began)))
	}
}

// tell writes what is being done.
func (p *progress) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.running) == 0 {
		return
	}
	var parts []string
	for _, t := range p.running {
		parts = append(parts, fmt.Sprintf("%s %s of about %s", t.what, clock(time.Since(t.began)), clock(t.usual)))
	}
	line := fmt.Sprintf("[%s] %s", clock(time.Since(p.began)), strings.Join(parts, "; "))
	width := p.width()
	if width == 0 {
		fmt.Fprintln(p.w, line)
		return
	}
	p.eraseLocked()
	fmt.Fprint(p.w, shorten(line, width-1))
	p.drawn = true
}

func (p *progress) eraseLocked() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// shorten cuts line so that it does not go on in the terminal's next.
func shorten(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width-1, 0)]) + "…"
}

// clock writes a duration as minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
