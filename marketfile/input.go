package marketfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/redfire-quant/redfire/fault"
)

// A form is how a file is written.
type form string

const (
	formCSV     form = "csv"
	formNDJSON  form = "ndjson"
	formParquet form = "parquet"
	formArrow   form = "arrow"
)

// sampleSize is how much of a file is looked at to see how it is written.
const sampleSize = 64 << 10

// An input is a file that is open for reading.
type input struct {
	name  string // by which it goes
	file  *os.File
	size  int64        // of the file, 0 if it is a pipe
	taken atomic.Int64 // bytes of the file that were read
	form  form
	text  *bufio.Reader // unpacked, UTF-8 without a mark; of Arrow as it is, not of Parquet
	ends  []func()      // releases what unpacks

	packed  bool // the file was packed as a whole
	decoded bool // text was not UTF-8 in the file
	array   bool // text is what an arrayReader makes of an array
}

// openInput opens a file that goes by a name, and finds out how it is written.
func openInput(ctx context.Context, file, name, encoding string) (*input, error) {
	in, err := openFile(ctx, file, name, encoding)
	if ctx.Err() != nil && err != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fault.At(fault.Place{File: name}, err)
	}
	return in, nil
}

func openFile(ctx context.Context, file, name, encoding string) (*input, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, cannotOpen(err)
	}
	in := &input{name: name, file: f}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) }) // of a pipe; others do not wait
	in.ends = append(in.ends, func() { stop() })
	if err := in.look(encoding); err != nil {
		return nil, errors.Join(err, in.close())
	}
	return in, nil
}

func cannotOpen(err error) error {
	cause := fault.WithoutPath(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.FileMissing.Errorf("%w", cause)
	case errors.Is(err, fs.ErrPermission):
		return fault.FileDenied.Errorf("%w", cause)
	}
	return fault.FileUnreadable.Errorf("%w", cause)
}

func (in *input) look(encoding string) error {
	info, err := in.file.Stat()
	if err != nil {
		return cannotOpen(err)
	}
	switch {
	case info.IsDir():
		return fault.FileForm.Errorf("it is a folder")
	case info.Mode().IsRegular():
		in.size = info.Size()
	}
	raw := bufio.NewReaderSize(counter{in}, sampleSize)
	magic, err := raw.Peek(8)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return fault.FileUnreadable.Errorf("%w", fault.WithoutPath(err))
	case len(magic) == 0:
		return fault.FileEmpty.Errorf("the file is empty")
	case bytes.HasPrefix(magic, []byte("PAR1")):
		in.form = formParquet
		return nil
	}
	unpacked, err := in.unpack(raw, magic)
	if err != nil {
		return err
	}
	in.packed = unpacked != io.Reader(raw)
	text := bufio.NewReaderSize(unpacked, sampleSize)
	if begin, err := text.Peek(8); err == nil && isArrow(begin) {
		in.form, in.text = formArrow, text
		return nil
	}
	return in.readText(text, encoding)
}

// A counter counts what is read of a file.
type counter struct{ in *input }

func (c counter) Read(b []byte) (int, error) {
	n, err := c.in.file.Read(b)
	c.in.taken.Add(int64(n))
	return n, err
}

// ReadAt counts what is read of an archive, whose table is read twice.
func (c counter) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.in.file.ReadAt(b, at)
	c.in.taken.Add(int64(n))
	return n, err
}

// unpack returns what a file holds, unpacked if it is packed.
func (in *input) unpack(raw *bufio.Reader, magic []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, fault.FileDamaged.Errorf("unpack gzip: %w", err)
		}
		return z, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fault.FileDamaged.Errorf("unpack zstd: %w", err)
		}
		in.ends = append(in.ends, z.Close)
		return z, nil
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")) && in.size > 0:
		return in.unzip()
	}
	return raw, nil
}

// unzip returns what the one file of an archive holds, as exchanges publish them.
func (in *input) unzip() (io.Reader, error) {
	z, err := zip.NewReader(counter{in}, in.size)
	if err != nil {
		return nil, fault.FileDamaged.Errorf("unpack zip: %w", err)
	}
	files := slices.DeleteFunc(z.File, func(f *zip.File) bool { return f.FileInfo().IsDir() })
	if slices.ContainsFunc(files, func(f *zip.File) bool { return f.Name == "[Content_Types].xml" }) {
		return nil, fault.FileForm.Errorf("it is a workbook of Excel: save the sheet as CSV")
	}
	if len(files) != 1 {
		return nil, fault.FileForm.Errorf("the zip archive holds %d files, not one: unpack it", len(files))
	}
	r, err := files[0].Open()
	if err != nil {
		return nil, fault.FileDamaged.Errorf("unpack zip: %w", err)
	}
	in.ends = append(in.ends, func() { _ = r.Close() }) // it was read to its end, or is not wanted
	return r, nil
}

// foreign returns an error for a file of a form that is not read, by how it
// begins.
func foreign(begin string) error {
	switch {
	case strings.HasPrefix(begin, "PK\x03\x04"):
		return fault.FileForm.Errorf("it is a zip archive within another, or out of a pipe: unpack it")
	case strings.HasPrefix(begin, "\xd0\xcf\x11\xe0"):
		return fault.FileForm.Errorf("it is a workbook of Excel: save the sheet as CSV")
	case strings.HasPrefix(begin, "FEA1"):
		return fault.FileForm.Errorf("it is a Feather file of version 1: save it as version 2, Parquet or CSV")
	case strings.HasPrefix(begin, "SQLite format 3"):
		return fault.FileForm.Errorf("it is an SQLite database: export its table as CSV")
	case strings.HasPrefix(begin, "\x89HDF"):
		return fault.FileForm.Errorf("it is an HDF5 file: save it as Parquet or CSV")
	case strings.HasPrefix(begin, "BZh"), strings.HasPrefix(begin, "\xfd7zXZ"), strings.HasPrefix(begin, "7z\xbc\xaf"):
		return fault.FileForm.Errorf("it is packed by bzip2, xz or 7z: unpack it")
	case strings.HasPrefix(begin, "PAR1"):
		return fault.FileForm.Errorf("it is a Parquet file that was packed once more: unpack it")
	}
	return nil
}

// readText sets the form and the text of what a file holds.
func (in *input) readText(r *bufio.Reader, name string) error {
	sample, err := r.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return readFault(err)
	}
	if err := foreign(string(sample[:min(len(sample), 16)])); err != nil {
		return err
	}
	whole := errors.Is(err, io.EOF)
	decoder, err := decoderOf(sample, whole, name)
	if err != nil {
		return err
	}
	in.text = r
	if in.decoded = decoder != nil; in.decoded {
		in.text = bufio.NewReaderSize(transform.NewReader(r, decoder), sampleSize)
	} else if bytes.HasPrefix(sample, []byte(mark)) {
		if _, err := r.Discard(len(mark)); err != nil {
			return readFault(err)
		}
	}
	return in.setForm()
}

// mark is what Windows puts in front of UTF-8.
const mark = "\uFEFF"

func (in *input) setForm() error {
	sample, err := in.text.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return readFault(err)
	}
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		in.text = bufio.NewReaderSize(oldMac{in.text}, sampleSize)
	}
	begin := bytes.TrimLeft(sample, " \t\r\n")
	switch {
	case len(begin) == 0:
		return fault.FileEmpty.Errorf("the file holds nothing but blanks")
	case begin[0] == '{':
		in.form = formNDJSON
	case isArray(begin):
		in.form, in.array = formNDJSON, true
		in.text = bufio.NewReaderSize(&arrayReader{from: in.text}, sampleSize)
	case begin[0] == '<' && !bytes.Contains(begin[:min(len(begin), 200)], []byte(">,")) && bytes.Contains(bytes.ToLower(begin[:min(len(begin), 200)]), []byte("<html")):
		return fault.FileForm.Errorf("it is a web page, not the file that it should have been")
	default:
		in.form = formCSV
	}
	return nil
}

// isArray reports whether a text begins as an array of JSON does; a header may
// begin with [Date].
func isArray(begin []byte) bool {
	if begin[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(begin[1:], " \t\r\n")
	return len(rest) == 0 || bytes.IndexByte([]byte("{[]\"-0123456789"), rest[0]) >= 0
}

// An oldMac reads lines that end with a carriage return alone.
type oldMac struct{ r io.Reader }

func (m oldMac) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	for i, c := range b[:n] {
		if c == '\r' {
			b[i] = '\n'
		}
	}
	return n, err
}

// decoderOf returns what makes UTF-8 of a text, nil if it is UTF-8 already.
func decoderOf(sample []byte, whole bool, name string) (transform.Transformer, error) {
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	switch strings.ReplaceAll(strings.ToLower(name), "-", "") {
	case "utf8":
		return nil, nil
	case "gbk", "gb2312", "gb18030":
		return simplifiedchinese.GB18030.NewDecoder(), nil
	case "utf16":
		return utf16.NewDecoder(), nil
	case "":
	default:
		return nil, fault.FileOption.Errorf("%q is no encoding that is read: utf-8, gbk or utf-16", name)
	}
	switch {
	case bytes.HasPrefix(sample, []byte("\xff\xfe")), bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return utf16.NewDecoder(), nil
	case bytes.IndexByte(sample, 0) >= 0:
		return nil, fault.FileForm.Errorf("it is not text: byte %d is 0", bytes.IndexByte(sample, 0)+1)
	case isUTF8(sample, whole):
		return nil, nil
	case isGBK(sample, whole):
		return simplifiedchinese.GB18030.NewDecoder(), nil
	}
	return nil, fault.FileForm.Errorf("it is neither UTF-8 nor GBK")
}

// isUTF8 reports whether sample is UTF-8, of which the last character may be cut
// off if it is not the whole text.
func isUTF8(sample []byte, whole bool) bool {
	for n := 0; !whole && n < utf8.UTFMax && len(sample) > 0 && !utf8.Valid(sample); n++ {
		sample = sample[:len(sample)-1]
	}
	return utf8.Valid(sample)
}

// isGBK reports whether sample may be GBK, or its extension GB18030.
func isGBK(sample []byte, whole bool) bool {
	if end := bytes.LastIndexByte(sample, '\n'); !whole && end >= 0 {
		sample = sample[:end]
	}
	text, err := decode(simplifiedchinese.GB18030, sample)
	return err == nil && !bytes.Contains(text, []byte("\uFFFD"))
}

func decode(e encoding.Encoding, b []byte) ([]byte, error) { return e.NewDecoder().Bytes(b) }

// readFault returns the error of reading a file.
func readFault(err error) error {
	var path *fs.PathError
	if fault.CodeOf(err) != "" {
		return err
	}
	if errors.As(err, &path) {
		return fault.FileUnreadable.Errorf("%w", fault.WithoutPath(err))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.FileDamaged.Errorf("the file ends in the middle of what is packed: it was cut off")
	}
	return fault.FileDamaged.Errorf("unpack: %w", err)
}

func (in *input) close() error {
	for _, end := range in.ends {
		end()
	}
	return fault.WithoutPath(in.file.Close())
}
