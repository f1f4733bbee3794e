package marketfile

import (
	"errors"
	"io"
	"io/fs"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/redfire-quant/redfire/fault"
)

// An arrowReader cuts an Arrow file or stream into pieces, none of which spans two
// batches. A stream is read from its beginning to its end, so it may be packed, or
// come through a pipe.
type arrowReader struct {
	in       *input
	messages *arrowMessages
	batches  *ipc.Reader
	head     *header
	columns  []*arrowColumn

	batch arrow.RecordBatch // nil for none
	from  int               // the row of it that is next
	rows  int64             // that were before it
}

// newArrow reads the schema.
func newArrow(in *input) (reader, error) {
	r := &arrowReader{in: in, head: &header{}}
	if err := guardArrow(r.open); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *arrowReader) open() (err error) {
	if r.messages, err = newArrowMessages(r.in); err != nil {
		return err
	}
	r.batches, err = ipc.NewReaderFromMessageReader(r.messages)
	if r.messages.err != nil {
		return r.messages.err
	}
	if err != nil {
		return err
	}
	for _, f := range r.batches.Schema().Fields() {
		c := newArrowColumn(f.Name, f.Type)
		r.columns = append(r.columns, c)
		r.head.columns = append(r.head.columns, headed{name: f.Name, typed: c.typed})
	}
	return nil
}

// guardArrow calls read, and makes errors of this package of what the library
// returns or panics with at a damaged file.
func guardArrow(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.FileDamaged.Errorf("arrow: %v", p)
		}
	}()
	err = read()
	var path *fs.PathError
	if err == nil || errors.Is(err, io.EOF) || fault.CodeOf(err) != "" || errors.As(err, &path) {
		return err
	}
	return fault.FileDamaged.Errorf("arrow: %w", err)
}

func (r *arrowReader) header() *header { return r.head }

// lookup returns what the file says by a key of its own.
func (r *arrowReader) lookup(key string) (string, bool) {
	return r.batches.Schema().Metadata().GetValue(key)
}

func (r *arrowReader) next() (piece, error) {
	for r.batch == nil || r.from == int(r.batch.NumRows()) {
		if r.batch != nil {
			r.rows += r.batch.NumRows()
		}
		if err := guardArrow(r.turn); errors.Is(err, io.EOF) {
			return nil, io.EOF
		} else if err != nil {
			return nil, fault.At(fault.Place{File: r.in.name, Line: int(r.rows + 1)}, err)
		}
	}
	most := max(leastRows, pieceCells/max(1, len(r.columns)))
	rows := min(pieceRows, most, int(r.batch.NumRows())-r.from)
	p := &arrowPiece{of: r, batch: r.batch, from: r.from, to: r.from + rows, first: r.rows + int64(r.from) + 1}
	r.from += rows
	return p, nil
}

// turn takes the next batch.
func (r *arrowReader) turn() error {
	r.batch, r.from = nil, 0
	if !r.batches.Next() {
		switch {
		case r.messages.err != nil:
			return r.messages.err
		case r.batches.Err() != nil:
			return r.batches.Err()
		case !r.messages.ended:
			return errCut()
		}
		return io.EOF
	}
	r.batch = r.batches.RecordBatch()
	r.batch.Retain() // for the pieces, and until nobody knows them
	for i, c := range r.batch.Columns() {
		if int64(c.Len()) != r.batch.NumRows() {
			return fault.FileDamaged.Errorf("the column %q has %d values in a batch of %d rows", r.columns[i].name, c.Len(), r.batch.NumRows())
		}
	}
	return nil
}

// An arrowPiece is a stretch of the rows of a batch.
type arrowPiece struct {
	of       *arrowReader
	batch    arrow.RecordBatch
	from, to int   // of the batch
	first    int64 // the number of its first row in the file
}

func (p *arrowPiece) table(wanted []int) (*table, error) {
	t := &table{lines: make([]int64, p.to-p.from), cells: make([]cells, len(wanted))}
	for i := range t.lines {
		t.lines[i] = p.first + int64(i)
	}
	for i, c := range wanted {
		column := p.of.columns[c]
		if column.typed.kind == cellOther {
			return nil, fault.FileColumns.Errorf("the column %q holds %s, which cannot be imported", column.name, column.what)
		}
		err := guardArrow(func() (err error) {
			t.cells[i], err = column.cells(p.batch.Column(c), p.from, p.to)
			return err
		})
		if err != nil {
			return nil, fault.At(fault.Place{File: p.of.in.name, Line: int(p.first)}, err)
		}
	}
	return t, nil
}
