package marketfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
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
	case packing != "" && f != CSV && f != NDJSON && f != JSON:
		return "", "", fault.FileOption.Errorf("files of the form %s are packed inside: leave out %s", f, packing)
	}
	return f, packing, nil
}

// An export is rows on their way into a file.
type export struct {
	Selection
	opts  ExportOptions
	about []series.Overview
}

// newExport finds out what is to be exported.
func newExport(ctx context.Context, store *series.Store, what Selection, opts *ExportOptions) (*export, error) {
	e := &export{Selection: what}
	if opts != nil {
		e.opts = *opts
	}
	if e.Kind != series.Bars && e.Kind != series.Ticks {
		return nil, fault.FileOption.Errorf("only bars and ticks can be exported, not %s", e.Kind)
	}
	known := make(map[series.Key]bool, len(e.Keys))
	for _, k := range e.Keys {
		if k.Kind != e.Kind {
			return nil, fault.FileOption.Errorf("%s are to be exported, and %s is none", e.Kind, k)
		}
	}
	for o, err := range e.overviews(ctx, store) {
		if err != nil {
			return nil, err
		}
		e.about, known[o.Key] = append(e.about, o), true
	}
	for _, k := range e.Keys {
		if !known[k] { // nothing was written yet, but may be before it is read
			e.about = append(e.about, series.Overview{Key: k})
		}
	}
	_, err := newShape(e.Kind, e.about, e.encodeOptions()) // before there is a file
	return e, err
}

func (e *export) encodeOptions() EncodeOptions {
	return EncodeOptions{Format: cmp.Or(e.opts.Format, CSV), Columns: e.opts.Columns, Zone: e.opts.Zone}
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

// run writes the rows.
func (e *export) run(ctx context.Context, store *series.Store, w io.Writer) (rows int64, err error) {
	to, err := newEncoder(w, e.Kind, e.about, e.encodeOptions())
	if err != nil {
		return 0, err
	}
	for f, err := range e.frames(ctx, store) {
		if err != nil {
			return to.rows, err
		}
		if err := e.write(ctx, to, f); err != nil {
			return to.rows, err
		}
	}
	return to.rows, to.close()
}

// write writes the rows of a frame, and tells now and then how many there were.
func (e *export) write(ctx context.Context, to *Encoder, f *series.Frame) error {
	for part := range parts(f) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := to.write(part); err != nil {
			return err
		}
		if e.opts.Progress != nil {
			e.opts.Progress(to.rows)
		}
	}
	return nil
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
