package marketfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/redfire-quant/redfire/fault"
)

// The columns that stand in front of refused rows.
const (
	rejectLine   = "reject_line"
	rejectReason = "reject_reason"
)

var rejectsName = regexp.MustCompile(`\.rejects(\.[0-9]+)?\.csv$`)

// rejects writes the refused rows of a file aside: below its header with two
// columns more, so that they can be mended and imported.
type rejects struct {
	folder string
	name   string // of the file of which they are
	nth    int    // of the files of that name and folder
	comma  byte
	header []byte
	begun  bool
	lang   string
	text   func(raw []byte) []byte // makes a line of what the file has, nil for itself

	told  []uint64 // bits of the lines that somebody was told of
	again bool     // what was told is read once more
}

func newRejects(file string, opts *Options) *rejects {
	folder := opts.Rejects
	if folder == "" {
		folder = filepath.Dir(file)
		if whole := filepath.ToSlash(folder) + "/"; strings.HasPrefix(whole, "/dev/") || strings.HasPrefix(whole, "/proc/") {
			folder = "." // of /dev/stdin, and of what a shell calls /dev/fd/63
		}
	}
	return &rejects{folder: folder, name: filepath.Base(file), comma: ',', lang: opts.Lang}
}

// path returns the path of the n-th file for refused rows.
func (r *rejects) path(n int) string {
	if n == 1 {
		return filepath.Join(r.folder, r.name+".rejects.csv")
	}
	return filepath.Join(r.folder, fmt.Sprintf("%s.rejects.%d.csv", r.name, n))
}

// partial is the path while an import goes on.
func (r *rejects) partial() string {
	if r.nth > 1 {
		return fmt.Sprintf("%s.%d.part", r.path(1), r.nth)
	}
	return r.path(1) + ".part"
}

// add writes refused rows.
func (r *rejects) add(bad []reject) error {
	if len(bad) == 0 {
		return nil
	}
	if err := r.append(bad); err != nil {
		return fault.At(fault.Place{File: r.partial()}, fault.FileRejects.Errorf("write: %w", fault.WithoutPath(err)))
	}
	return nil
}

func (r *rejects) append(bad []reject) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	var b bytes.Buffer
	if !r.begun {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		r.line(&b, rejectLine, rejectReason, r.header)
	}
	for _, x := range bad {
		reason := fault.Message(x.err, r.lang)
		if code := fault.CodeOf(x.err); code != "" {
			reason += " [" + string(code) + "]"
		}
		text := x.raw
		if r.text != nil && text != nil {
			text = r.text(text)
		}
		r.line(&b, strconv.FormatInt(x.line, 10), reason, text)
	}
	f, err := os.OpenFile(r.partial(), flags, 0o666)
	if err != nil {
		return err
	}
	r.begun = true
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}

// line writes a line: two values, and the rest as it is.
func (r *rejects) line(b *bytes.Buffer, number, reason string, rest []byte) {
	w := csv.NewWriter(b)
	w.Comma = rune(r.comma)
	_ = w.Write([]string{number, reason}) // to memory
	w.Flush()
	b.Truncate(b.Len() - len("\n"))
	if len(rest) > 0 {
		b.WriteByte(r.comma)
		b.Write(rest)
	}
	b.WriteByte('\n')
}

// tell tells somebody of refused rows. Of what is read once more he knows.
func (r *rejects) tell(bad []reject, to func(Refused)) {
	for _, x := range bad {
		word, bit := int(x.line/64), uint64(1)<<(x.line%64)
		if r.again && word < len(r.told) && r.told[word]&bit != 0 {
			continue
		}
		if word >= len(r.told) {
			r.told = append(r.told, make([]uint64, word+1-len(r.told))...)
		}
		r.told[word] |= bit
		to(Refused{x.line, string(x.raw), x.err})
	}
}

// discard forgets what was written, to begin anew.
func (r *rejects) discard() error {
	r.again = true
	if !r.begun {
		return nil
	}
	r.begun = false
	return os.Remove(r.partial())
}

// finish gives the file its name, which is returned, "" if nothing was refused.
// One that is there already may have been mended: if the new one does not begin
// with all of it, as where an import was stopped, the new one gets a number.
func (r *rejects) finish() (string, error) {
	if !r.begun {
		return "", nil
	}
	name, err := r.place()
	if err != nil {
		return "", fault.At(fault.Place{File: r.partial()}, fault.FileRejects.Errorf("write: %w", fault.WithoutPath(err)))
	}
	return name, nil
}

func (r *rejects) place() (string, error) {
	for n := 1; ; n++ {
		begins, err := beginsWith(r.partial(), r.path(n))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return r.path(n), os.Rename(r.partial(), r.path(n))
		case err != nil:
			return "", err
		case begins:
			return r.path(n), os.Rename(r.partial(), r.path(n))
		}
	}
}

// beginsWith reports whether a file begins with all that the other one holds.
func beginsWith(name, other string) (begins bool, err error) {
	b, err := os.Open(other)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	a, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	whole, begun := bufio.NewReaderSize(a, sampleSize), bufio.NewReaderSize(b, sampleSize)
	for {
		want, err := begun.ReadByte()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		got, err := whole.ReadByte()
		if errors.Is(err, io.EOF) || err == nil && got != want {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// rowText returns the values of a row of a table as a line.
func (t *table) rowText(i int) []byte {
	if t.raw != nil {
		return t.raw[i]
	}
	values := make([]string, len(t.cells))
	for j := range t.cells {
		values[j] = string(t.cells[j].text(i))
	}
	return csvLine(values...)
}

// rejectsHeader returns the header of refused rows: of Parquet those values that
// are wanted.
func rejectsHeader(h *header, l *layout) []byte {
	if len(h.text) > 0 {
		return h.text
	}
	names := make([]string, len(l.wanted))
	for i, c := range l.wanted {
		names[i] = h.columns[c].name
	}
	return csvLine(names...)
}
