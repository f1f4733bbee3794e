package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/redfire-quant/redfire/marketfile"
)

// A progress shows how far an import or export is, in one line of a terminal.
type progress struct {
	p     *program
	shown bool // there is a terminal
	begin time.Time
	width int // of what stands in the line
}

func (p *program) newProgress() *progress {
	return &progress{p: p, shown: p.isSeen(), begin: time.Now()}
}

// show replaces the line.
func (b *progress) show(now marketfile.Progress) {
	if now.Space > 0 {
		b.end()
		b.p.note(sortingNote, now.Space>>20, now.Folder)
		return
	}
	if !b.shown {
		return
	}
	took := time.Since(b.begin)
	line := b.p.say(progressLine, filepath.Base(now.File), now.Rows, perSecond(now.Rows, took))
	if now.Size > 0 && now.Bytes > 0 {
		left := time.Duration(float64(took) * (float64(now.Size)/float64(now.Bytes) - 1))
		line += b.p.say(progressLeft, min(100*now.Bytes/now.Size, 100), left.Round(time.Second))
	}
	b.line(line)
}

// exported replaces the line, of an export.
func (b *progress) exported(rows int64) {
	if b.shown {
		b.line(b.p.say(exportLine, rows, perSecond(rows, time.Since(b.begin))))
	}
}

// line writes a text over what stands in the line.
func (b *progress) line(line string) {
	width := text.StringWidth(line)
	if f, ok := b.p.err.(*os.File); ok {
		if most, _, err := term.GetSize(int(f.Fd())); err == nil && most > 0 && width >= most {
			return // it would break the line
		}
	}
	fmt.Fprint(b.p.err, "\r"+line+strings.Repeat(" ", max(0, b.width-width)))
	b.width = width
}

// end clears the line.
func (b *progress) end() {
	if b.width > 0 {
		fmt.Fprint(b.p.err, "\r"+strings.Repeat(" ", b.width)+"\r")
		b.width = 0
	}
}
