package marketfile

import (
	"context"
	"errors"
	"io"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A source is a file that is open and understood.
type source struct {
	in     *input
	reader reader
	head   *header
	layout *layout
	first  piece // was read to understand it
}

// openSource opens a file and finds its layout.
func openSource(ctx context.Context, file string, kind series.Kind, opts *Options) (*source, error) {
	name := opts.nameOf(file)
	in, err := openInput(ctx, file, name, opts.Encoding)
	if err != nil {
		return nil, err
	}
	s := &source{in: in}
	if err := s.resolve(kind, opts); err != nil {
		return nil, errors.Join(fault.At(fault.Place{File: name}, err), in.close())
	}
	return s, nil
}

func (s *source) resolve(kind series.Kind, opts *Options) (err error) {
	switch s.in.form {
	case formParquet:
		s.reader, err = newParquet(s.in)
	case formArrow:
		s.reader, err = newArrow(s.in)
	case formNDJSON:
		s.reader, err = newNDJSON(s.in, kind)
	default:
		s.reader, err = newCSV(s.in, kind, opts)
	}
	if err != nil {
		return err
	}
	s.head = s.reader.header()
	if s.first, err = s.reader.next(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	sample := func(wanted []int) (*table, error) {
		if s.first == nil {
			return &table{cells: make([]cells, len(wanted))}, nil
		}
		return s.first.table(wanted)
	}
	s.layout, err = resolve(s.in.name, kind, s.head, sample, opts)
	if r, ok := s.reader.(lookuper); ok && err == nil && s.layout.own {
		return s.layout.readAttrs(r)
	}
	return err
}

// next returns the next piece of the file, io.EOF after the last.
func (s *source) next() (piece, error) {
	if p := s.first; p != nil {
		s.first = nil
		return p, nil
	}
	return s.reader.next()
}

func (s *source) close() error { return s.in.close() }

// cut hands out the pieces of a file, and where it is damaged the error behind
// them.
func (s *source) cut(ctx context.Context, jobs, queue chan<- job) error {
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		j := job{p, make(chan parsed, 1)}
		if err != nil {
			j.result <- parsed{err: err}
			return j.hand(ctx, queue)
		}
		if err := j.hand(ctx, queue, jobs); err != nil {
			return err
		}
	}
}

// hand hands a job to some of those that wait for it.
func (j job) hand(ctx context.Context, ways ...chan<- job) error {
	for _, to := range ways {
		select {
		case to <- j:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
