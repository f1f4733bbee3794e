package marketfile

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/redfire-quant/redfire/fault"
)

const (
	pieceRows  = 64 << 10 // rows of a piece at most
	pieceCells = 2 << 20  // values of a piece at most, unless that is less than leastRows
	leastRows  = 4 << 10
)

// A parquetReader cuts a Parquet file into pieces, none of which spans two row
// groups. The columns of a piece are read in next, one page after the other,
// since a file need not say where its pages begin; only those of the first piece
// are read when they are asked for, by which the reader learns what is wanted.
type parquetReader struct {
	in      *input
	section *io.SectionReader
	file    *parquet.File             // its pages are in section
	metas   [][]format.ColumnMetaData // of each row group, of each leaf
	zstd    *zstd.Decoder
	head    *header
	columns []*parquetColumn
	most    int   // rows of a piece
	total   int64 // rows of the file

	group   int   // the row group of the next piece
	from    int64 // the first row of the next piece, in its group
	before  int64 // rows of the groups before
	cursors []*parquetCursor
	failed  bool // there is no next piece

	mu     sync.Mutex // guards wanted
	wanted []int      // nil: not known
}

// newParquet reads the end of a Parquet file, where its columns are named.
func newParquet(in *input) (reader, error) {
	if in.size == 0 {
		return nil, fault.FileForm.Errorf("it is a Parquet file in a pipe: write it to a disk first, its end is read before its beginning")
	}
	section := io.NewSectionReader(in.file, 0, in.size) // damaged offsets end at its ends
	r := &parquetReader{in: in, section: section, head: &header{}}
	err := r.guard(func() error { return r.open() })
	if err != nil {
		return nil, err
	}
	return r, nil
}

// guard calls read, and makes errors of this package of what the library returns
// or panics with at a damaged file.
func (r *parquetReader) guard(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.FileDamaged.Errorf("parquet: %v", p)
		}
	}()
	err = read()
	var path *fs.PathError
	switch {
	case err == nil || fault.CodeOf(err) != "":
		return err
	case errors.As(err, &path):
		return fault.FileUnreadable.Errorf("%w", fault.WithoutPath(err))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fault.FileDamaged.Errorf("a column ends before its rows do")
	}
	return fault.FileDamaged.Errorf("parquet: %w", err)
}

func (r *parquetReader) open() error {
	meta, err := readFooter(r.section, r.in.size)
	if err != nil {
		return err
	}
	for _, g := range meta.RowGroups {
		var columns []format.ColumnMetaData
		for _, c := range g.Columns {
			columns = append(columns, c.MetaData)
		}
		r.metas = append(r.metas, columns)
	}
	f, err := openUnpacked(meta)
	if err != nil {
		return err
	}
	r.file = f
	if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true)); err != nil {
		return err
	}
	r.in.ends = append(r.in.ends, r.leaveGroup, r.zstd.Close)
	for _, g := range f.RowGroups() {
		if g.NumRows() < 0 {
			return fault.FileDamaged.Errorf("a row group has %d rows", g.NumRows())
		}
		r.total += g.NumRows()
	}
	for _, c := range f.Root().Columns() {
		p := newParquetColumn(c)
		r.columns = append(r.columns, p)
		r.head.columns = append(r.head.columns, headed{name: c.Name(), typed: p.typed})
	}
	r.most = min(pieceRows, max(leastRows, pieceCells/max(1, len(r.columns))))
	return nil
}

func (r *parquetReader) header() *header { return r.head }

// lookup returns what the file says by a key of its own.
func (r *parquetReader) lookup(key string) (string, bool) { return r.file.Lookup(key) }

func (r *parquetReader) next() (piece, error) {
	groups := r.file.RowGroups()
	for r.group < len(groups) && r.from >= groups[r.group].NumRows() {
		r.before += groups[r.group].NumRows()
		r.leaveGroup()
		r.group, r.from = r.group+1, 0
	}
	if r.group == len(groups) || r.failed {
		return nil, io.EOF
	}
	rows := int(min(int64(r.most), groups[r.group].NumRows()-r.from))
	p := &parquetPiece{of: r, group: r.group, from: r.from, first: r.before + r.from + 1, rows: rows}
	r.mu.Lock()
	wanted := r.wanted
	r.mu.Unlock()
	if wanted != nil {
		p.wanted = wanted
		p.cells, p.err = r.readNext(wanted, p)
		r.failed = p.err != nil // the rows before are still to be kept
	}
	r.from += int64(rows)
	r.in.taken.Store(int64(float64(p.first-1+int64(rows)) / float64(r.total) * float64(r.in.size)))
	return p, nil
}

// readNext reads a piece with the cursors of its row group.
func (r *parquetReader) readNext(wanted []int, p *parquetPiece) (all []cells, err error) {
	err = r.guard(func() error {
		if r.cursors == nil {
			if r.cursors, err = r.cursorsAt(wanted, p.group, p.from); err != nil {
				return err
			}
		}
		all, err = readCells(r.cursors, p.rows)
		return err
	})
	return all, p.at(err)
}

// cursorsAt returns cursors of the wanted columns that stand at a row of a group.
func (r *parquetReader) cursorsAt(wanted []int, group int, row int64) ([]*parquetCursor, error) {
	chunks := r.file.RowGroups()[group].ColumnChunks()
	all := make([]*parquetCursor, len(wanted))
	for i, c := range wanted {
		u := &parquetCursor{column: r.columns[c], skip: row}
		all[i] = u
		leaf := u.column.leaf
		if leaf == none {
			continue
		}
		stream, err := newPageStream(r.section, r.in.size, &r.metas[group][leaf], r.zstd)
		if err != nil {
			return nil, err
		}
		stream.optional = u.column.optional
		u.chunk, u.stream = chunks[leaf].(*parquet.FileColumnChunk), stream
	}
	return all, nil
}

// leaveGroup releases the cursors.
func (r *parquetReader) leaveGroup() {
	closeCursors(r.cursors)
	r.cursors = nil
}

// A parquetPiece is a stretch of the rows of a row group.
type parquetPiece struct {
	of     *parquetReader
	group  int
	from   int64 // its first row in the group
	first  int64 // the number of its first row in the file
	rows   int
	wanted []int   // the columns that were read already
	cells  []cells // their values
	err    error   // of reading them
}

func (p *parquetPiece) at(err error) error {
	return fault.At(fault.Place{File: p.of.in.name, Line: int(p.first)}, err)
}

func (p *parquetPiece) table(wanted []int) (*table, error) {
	if p.err != nil {
		return nil, p.err
	}
	t := &table{lines: make([]int64, p.rows), cells: p.cells}
	for i := range t.lines {
		t.lines[i] = p.first + int64(i)
	}
	if p.cells != nil && slices.Equal(wanted, p.wanted) {
		return t, nil
	}
	if err := p.of.want(wanted); err != nil {
		return nil, err
	}
	err := p.of.guard(func() (err error) {
		cursors, err := p.of.cursorsAt(wanted, p.group, p.from)
		if err != nil {
			return err
		}
		defer closeCursors(cursors)
		t.cells, err = readCells(cursors, p.rows)
		return err
	})
	if err != nil {
		return nil, p.at(err)
	}
	return t, nil
}

// want notes which columns the pieces to come are to have.
func (r *parquetReader) want(wanted []int) error {
	for _, c := range wanted {
		if r.columns[c].typed.kind == cellOther {
			return fault.FileColumns.Errorf("the column %q holds %s, which cannot be imported", r.head.columns[c].name, r.columns[c].what)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wanted == nil {
		r.wanted = slices.Clone(wanted)
	}
	return nil
}

func readCells(cursors []*parquetCursor, rows int) ([]cells, error) {
	all := make([]cells, len(cursors))
	for i, u := range cursors {
		if err := u.read(&all[i], rows); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func closeCursors(all []*parquetCursor) {
	for _, u := range all {
		u.close()
	}
}
