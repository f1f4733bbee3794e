package marketfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A Format is a form in which Export writes.
type Format string

// The forms in which Export writes.
const (
	CSV     Format = "csv"
	NDJSON  Format = "ndjson"
	Parquet Format = "parquet"
	Arrow   Format = "arrow" // an IPC file, also known as Feather 2
)

// A Selection says what to export.
type Selection struct {
	Kind  series.Kind // bars or ticks
	Keys  []series.Key
	Range market.Range
}

// ExportOptions say how to export. The zero value is ready to use for ExportFile.
type ExportOptions struct {
	// Format is the form; "" means that of the file's name, and CSV without one.
	Format Format

	// Columns are the columns to write besides symbol, interval, time and seq, in
	// the order of the store; nil means all base columns and all extra ones.
	Columns []string

	// Zone is the time zone whose offset times are written with as text; nil
	// means UTC.
	Zone *time.Location

	// Progress is told now and then how many rows were written.
	Progress func(rows int64)

	// Force replaces a file that exists.
	Force bool
}

// exportedNames are the first columns of files that Export writes.
func exportedNames(kind series.Kind) []string {
	if kind == series.Bars {
		return []string{"symbol", "interval", "time", "open", "high", "low", "close"}
	}
	return []string{"symbol", "time", "seq", "last_price", "last_volume"}
}

// Export writes rows of store to w, key by key in the order of what.Keys, each
// key's oldest first. It returns how many they were.
//
// On an error, w may hold a part of them. See the package's doc for what comes
// back by Import.
func Export(ctx context.Context, store *series.Store, w io.Writer, what Selection, opts *ExportOptions) (rows int64, err error) {
	e, err := newExport(ctx, store, what, opts)
	if err == nil {
		rows, err = e.run(ctx, store, w)
	}
	if err != nil {
		return rows, fmt.Errorf("marketfile: export: %w", err)
	}
	return rows, nil
}

// ExportFile does what Export does into a file. Its name says the form, .csv,
// .ndjson, .jsonl, .parquet or .arrow, and a .gz or .zst behind a form of text
// how it is packed. The file has its name when it is whole and durable; on an
// error nothing is left.
func ExportFile(ctx context.Context, store *series.Store, path string, what Selection, opts *ExportOptions) (rows int64, err error) {
	o := ExportOptions{}
	if opts != nil {
		o = *opts
	}
	form, packing, err := formatOf(path, o.Format)
	if err == nil {
		o.Format = form
		rows, err = exportFile(ctx, store, newFile{path, packing, o.Force}, what, &o)
	}
	if err != nil {
		return rows, fmt.Errorf("marketfile: export: %w", err)
	}
	return rows, nil
}

func exportFile(ctx context.Context, store *series.Store, to newFile, what Selection, opts *ExportOptions) (rows int64, err error) {
	e, err := newExport(ctx, store, what, opts)
	if err != nil {
		return 0, err
	}
	err = to.write(func(w io.Writer) error {
		rows, err = e.run(ctx, store, w)
		return err
	})
	return rows, err
}

// formatOf returns the form that a name says, unless it is given, and how the
// file is packed: ".gz", ".zst" or not.
func formatOf(path string, given Format) (f Format, packing string, err error) {
	name := strings.ToLower(filepath.Base(path))
	if ending := filepath.Ext(name); ending == ".gz" || ending == ".zst" {
		name, packing = strings.TrimSuffix(name, ending), ending
	}
	formats := map[string]Format{".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".parquet": Parquet, ".arrow": Arrow}
	if f = given; f == "" {
		f = formats[filepath.Ext(name)]
	}
	switch {
	case f == "":
		return "", "", fault.FileOption.Errorf("the name %q says no form: it ends in .csv, .ndjson, .jsonl, .parquet or .arrow", filepath.Base(path))
	case packing != "" && f != CSV && f != NDJSON:
		return "", "", fault.FileOption.Errorf("files of the form %s are packed inside: leave out %s", f, packing)
	}
	return f, packing, nil
}

// An export is rows on their way into a file.
type export struct {
	Selection
	opts    ExportOptions
	columns []exported
	attrs   map[string]map[string]string // of series that have any, by key
}

// An exported is a column of the store that is exported.
type exported struct {
	series.BaseColumn
	extra bool
}

// header is the name of a column in a text, where it has to say its type.
func (c *exported) header() string {
	if c.extra {
		return c.Name + ":" + c.Type.String()
	}
	return c.Name
}

// typedName is the name in a file that knows types: that of the column, unless
// one of ours has it.
func (c *exported) typedName(kind series.Kind) string {
	if c.extra && isField(kind, c.Name) && c.Name != fieldDate && c.Name != fieldExchange {
		return c.header()
	}
	return c.Name
}

// newExport finds out what is to be exported.
func newExport(ctx context.Context, store *series.Store, what Selection, opts *ExportOptions) (*export, error) {
	e := &export{Selection: what, attrs: map[string]map[string]string{}}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Format == "" {
		e.opts.Format = CSV
	}
	switch e.opts.Format {
	case CSV, NDJSON, Parquet, Arrow:
	default:
		return nil, fault.FileOption.Errorf("%q is no form to export: csv, ndjson, parquet or arrow", e.opts.Format)
	}
	if e.Kind != series.Bars && e.Kind != series.Ticks {
		return nil, fault.FileOption.Errorf("only bars and ticks can be exported, not %s", e.Kind)
	}
	for _, k := range e.Keys {
		if k.Kind != e.Kind {
			return nil, fault.FileOption.Errorf("%s are to be exported, and %s is none", e.Kind, k)
		}
	}
	if err := e.findColumns(ctx, store); err != nil {
		return nil, err
	}
	return e, e.choose()
}

// findColumns finds all columns of the series, and their attributes.
func (e *export) findColumns(ctx context.Context, store *series.Store) error {
	for _, c := range series.BaseColumns(e.Kind) {
		e.columns = append(e.columns, exported{BaseColumn: c})
	}
	extras, of := map[string]series.Type{}, map[string]series.Key{}
	for o, err := range e.overviews(ctx, store) {
		if err != nil {
			return err
		}
		if len(o.Attrs) > 0 {
			e.attrs[o.Key.String()] = maps.Clone(o.Attrs)
		}
		for _, name := range slices.Sorted(maps.Keys(o.Extra)) {
			t := o.Extra[name]
			if had, ok := extras[name]; ok && had != t {
				return fault.FileColumns.Errorf("the column %q is of type %s in %s and of type %s in %s: export them into two files", name, had, of[name], t, o.Key)
			}
			extras[name], of[name] = t, o.Key
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extras)) {
		e.columns = append(e.columns, exported{series.BaseColumn{Name: name, Type: extras[name]}, true})
	}
	return nil
}

// overviews yields what is known of the series.
func (e *export) overviews(ctx context.Context, store *series.Store) iter.Seq2[series.Overview, error] {
	const few = 100 // keys that are looked up one by one
	return func(yield func(series.Overview, error) bool) {
		wanted := map[series.Key]bool{}
		var filters []series.Filter
		for _, k := range e.Keys {
			wanted[k] = true
			filters = append(filters, series.Filter{Kind: e.Kind, Symbol: k.Symbol, Interval: k.Interval, Brief: true})
		}
		if len(filters) > few {
			filters = []series.Filter{{Kind: e.Kind, Brief: true}}
		}
		for _, f := range filters {
			for o, err := range store.Overview(ctx, f) {
				if (err != nil || wanted[o.Key]) && !yield(o, err) {
					return
				}
			}
		}
	}
}

// choose leaves out the columns that were not asked for.
func (e *export) choose() error {
	if e.opts.Columns == nil {
		return nil
	}
	for _, name := range e.opts.Columns {
		if !slices.ContainsFunc(e.columns, func(c exported) bool { return c.Name == name }) {
			return fault.FileColumns.Errorf("no series has a column %q", name)
		}
	}
	e.columns = slices.DeleteFunc(e.columns, func(c exported) bool { return !slices.Contains(e.opts.Columns, c.Name) })
	return nil
}

// exportRows is how many rows are written at once: row groups and batches have as
// many.
const exportRows = 64 << 10

// A sheet writes rows in some form.
type sheet interface {
	// write writes the rows of a frame, at most exportRows. The frame is not kept.
	write(f *series.Frame) error
	// close writes what is left.
	close() error
}

func (e *export) sheet(w io.Writer) (sheet, error) {
	switch e.opts.Format {
	case NDJSON:
		return newNDJSONSheet(e, w), nil
	case Parquet:
		return newParquetSheet(e, w)
	case Arrow:
		return newArrowSheet(e, w)
	}
	return newCSVSheet(e, w), nil
}

// run writes the rows.
func (e *export) run(ctx context.Context, store *series.Store, w io.Writer) (rows int64, err error) {
	out := &sink{w: w}
	rows, err = e.writeAll(ctx, store, out)
	if out.err != nil { // whatever a library made of it
		return rows, fault.FileUnwritable.Errorf("%w", fault.WithoutPath(out.err))
	}
	return rows, err
}

func (e *export) writeAll(ctx context.Context, store *series.Store, w io.Writer) (rows int64, err error) {
	s, err := e.sheet(w)
	if err != nil {
		return 0, err
	}
	for f, err := range e.frames(ctx, store) {
		if err != nil {
			return rows, err
		}
		for from := 0; from < f.Len(); from += exportRows {
			part := f.Slice(from, min(from+exportRows, f.Len()))
			if err := errors.Join(ctx.Err(), s.write(&part)); err != nil {
				return rows, err
			}
			rows += int64(part.Len())
			if e.opts.Progress != nil {
				e.opts.Progress(rows)
			}
		}
	}
	return rows, s.close()
}

// frames yields the rows of the series.
func (e *export) frames(ctx context.Context, store *series.Store) iter.Seq2[*series.Frame, error] {
	if len(e.Keys) == 0 {
		return func(func(*series.Frame, error) bool) {}
	}
	q := series.Query{Keys: e.Keys, Range: e.Range}
	if e.opts.Columns != nil {
		q.Columns = append([]string{}, e.opts.Columns...)
	}
	return store.Read(ctx, q)
}

// A sink remembers the first error of writing.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}

// A newFile is a file that appears when it is whole.
type newFile struct {
	path    string
	packing string
	force   bool
}

// write makes the file of what fill writes.
func (n newFile) write(fill func(io.Writer) error) error {
	if err := n.free(); err != nil {
		return fault.At(fault.Place{File: n.path}, err)
	}
	part := n.path + ".part"
	f, err := os.Create(part)
	if err != nil {
		return fault.At(fault.Place{File: n.path}, fault.FileUnwritable.Errorf("%w", fault.WithoutPath(err)))
	}
	if err := n.finish(f, fill); err != nil {
		if failed := os.Remove(part); failed != nil && !errors.Is(failed, os.ErrNotExist) {
			err = errors.Join(err, failed)
		}
		return fault.At(fault.Place{File: n.path}, err)
	}
	return nil
}

// free returns an error if there is a file by that name which must stay.
func (n newFile) free() error {
	info, err := os.Stat(n.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fault.FileUnwritable.Errorf("%w", fault.WithoutPath(err))
	case info.IsDir():
		return fault.FileExists.Errorf("there is a folder of this name")
	case !n.force:
		return fault.FileExists.Errorf("there is a file of this name")
	}
	return nil
}

// finish fills the part, makes it durable and gives it its name.
func (n newFile) finish(part *os.File, fill func(io.Writer) error) error {
	err := n.pack(part, fill)
	if err == nil {
		err = unwritable(part.Sync())
	}
	if closed := part.Close(); err == nil {
		err = unwritable(closed)
	}
	if err == nil {
		err = n.free() // somebody else may have been quicker
	}
	if err == nil {
		err = unwritable(os.Rename(part.Name(), n.path))
	}
	if err == nil {
		err = unwritable(syncFolder(filepath.Dir(n.path)))
	}
	return err
}

func unwritable(err error) error {
	if err == nil {
		return nil
	}
	return fault.FileUnwritable.Errorf("%w", fault.WithoutPath(err))
}

// pack gives what fill writes to w, packed as the name of the file says.
func (n newFile) pack(w io.Writer, fill func(io.Writer) error) error {
	var z io.WriteCloser
	switch n.packing {
	case ".gz":
		z = gzip.NewWriter(w)
	case ".zst":
		packer, err := zstd.NewWriter(w)
		if err != nil {
			return unwritable(err)
		}
		z = packer
	default:
		return fill(w)
	}
	err := fill(z)
	closed := z.Close() // in any case: it has goroutines
	if err == nil {
		err = unwritable(closed)
	}
	return err
}

// syncFolder makes the names in a folder durable, where the system can.
func syncFolder(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
