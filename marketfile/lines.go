package marketfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/redfire-quant/redfire/fault"
)

const (
	blockSize = 256 << 10 // bytes of lines that are parsed at once
	lineSize  = 1 << 20   // bytes that a line has at most
	showSize  = 1 << 10   // bytes that are kept of a longer one
)

// A block holds whole lines of a text.
type block struct {
	text  []byte
	first int64    // the number of its first line
	bad   []reject // lines that are too long to be in text
}

// A reject is a row that is not kept.
type reject struct {
	line int64
	raw  []byte
	err  error
}

// lines cuts a text into blocks.
type lines struct {
	in   *input
	rest []byte // the beginning of a line
	next int64  // the number of the line that rest begins
	err  error  // of the reading, after what is in rest
}

func newLines(in *input) *lines { return &lines{in: in, next: 1} }

// block returns the next block, io.EOF after the last. At an error of reading
// what stands before the broken line is returned first.
func (l *lines) block() (*block, error) {
	b := &block{first: l.next}
	buf := append(make([]byte, 0, len(l.rest)+blockSize), l.rest...)
	l.rest = nil
	for l.err == nil {
		if len(buf) == cap(buf) {
			end := bytes.LastIndexByte(buf, '\n') + 1
			switch {
			case end > 0:
				l.keep(b, buf[:end])
				l.rest = buf[end:]
				return b, nil
			case len(buf) > lineSize:
				l.skip(b, buf)
				return b, nil
			}
			buf = slices.Grow(buf, blockSize)
		}
		n, err := l.in.text.Read(buf[len(buf):cap(buf)])
		buf, l.err = buf[:len(buf)+n], err
	}
	return l.last(b, buf)
}

// last returns the block of what is left of the text, and then its error.
func (l *lines) last(b *block, text []byte) (*block, error) {
	ended := errors.Is(l.err, io.EOF)
	end := len(text)
	if !ended {
		end = bytes.LastIndexByte(text, '\n') + 1
	}
	switch {
	case end > 0:
		l.keep(b, text[:end])
		return b, nil
	case ended:
		return nil, io.EOF
	}
	return nil, fault.At(fault.Place{File: l.in.name, Line: int(l.next)}, readFault(l.err))
}

// keep gives b whole lines.
func (l *lines) keep(b *block, text []byte) {
	b.text = text
	l.next += int64(bytes.Count(text, []byte("\n")))
}

// skip passes over a line that is too long.
func (l *lines) skip(b *block, begin []byte) {
	length := int64(len(begin))
	for l.err == nil {
		part, err := l.in.text.ReadSlice('\n')
		length += int64(len(part))
		if err == nil {
			length-- // its end
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			l.err = err
		}
	}
	b.bad = append(b.bad, reject{
		line: l.next, raw: slices.Clone(begin[:showSize]),
		err: fault.FileRow.Errorf("the line has %d bytes, of which the first %d are shown; at most %d are read", length, showSize, lineSize),
	})
	l.next++
}
