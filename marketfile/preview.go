package marketfile

import (
	"context"
	"fmt"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A Glimpse is what the first rows of a file would become.
type Glimpse struct {
	File string

	// Columns are those of the file, in their order.
	Columns []Meaning

	// Zone is the time zone of times without an offset, "" where they have one;
	// End tells that bars are stamped at their end.
	Zone string
	End  bool

	// Frames hold the rows that would be kept, by series, in their order; ticks
	// are not numbered. Refused are the other ones.
	Frames  []series.Frame
	Refused []Refused

	Notes []Note
}

// A Meaning says what becomes of a column.
type Meaning struct {
	Column string
	Field  string // "" for nothing
}

// A Refused is a row that is not kept.
type Refused struct {
	// Line is that of the file where its first line is 1; of a JSON array, of
	// Parquet and of Arrow it is the number of the row.
	Line int64

	Text string // as it stands there, or its values with commas
	Why  error  // one of package fault, for its languages
}

// Preview tells what the first rows of a file would become, most of them at most.
// Nothing is stored or written. The error is that of [Import].
func Preview(ctx context.Context, kind series.Kind, file string, most int, opts *Options) (*Glimpse, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if err := o.validate(kind); err != nil {
		return nil, fmt.Errorf("marketfile: %w", err)
	}
	if err := o.findCalendars(); err != nil {
		return nil, fmt.Errorf("marketfile: %w", err)
	}
	g, err := preview(ctx, kind, file, max(most, 0), &o)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("marketfile: preview: %w", err)
	}
	return g, nil
}

func preview(ctx context.Context, kind series.Kind, file string, most int, o *Options) (g *Glimpse, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := openSource(ctx, file, kind, o)
	if err != nil {
		return nil, fault.List(split(err)).Err()
	}
	defer func() {
		if closed := s.close(); err == nil && closed != nil {
			err = fault.FileUnreadable.Errorf("%w", closed)
		}
	}()
	l := s.layout
	file = s.in.name
	g = &Glimpse{File: file, End: l.end}
	if l.clock.zone != nil && l.clock.form == formWall {
		g.Zone = l.clock.zone.String()
	}
	for _, n := range s.head.notes {
		g.Notes = append(g.Notes, Note{file, n})
	}
	for i, c := range s.head.columns {
		g.Columns = append(g.Columns, Meaning{c.name, l.meaning(i)})
	}
	if s.first == nil {
		return g, nil
	}
	t, err := s.first.table(l.wanted)
	if err != nil {
		return nil, err
	}
	r := newConverter(l).rows(t)
	if r.remarks {
		g.Notes = append(g.Notes, Note{file, remarksNote()})
	}
	g.take(r, most)
	if note := r.spacing(); note != nil {
		g.Notes = append(g.Notes, Note{file, note})
	}
	return g, nil
}

// meaning returns what a column of the file is.
func (l *layout) meaning(column int) string {
	at := slices.Index(l.wanted, column)
	switch {
	case at < 0:
		return ""
	case at == l.date && l.tod != none:
		return fieldDate
	case at == l.date, at == l.tod:
		return fieldTime
	case at == l.symbolAt:
		return fieldSymbol
	case at == l.exchangeAt:
		return fieldExchange
	case at == l.intervalAt:
		return fieldInterval
	case at == l.seqAt:
		return fieldSeq
	case at == l.millisAt:
		return fieldMillis
	}
	i := slices.IndexFunc(l.targets, func(t target) bool { return t.from == at })
	return l.targets[i].column.Name
}

// take takes the first rows, and the refused ones before the last of them.
func (g *Glimpse) take(r *rows, most int) {
	if r.seq == nil {
		r.seq = make([]uint32, len(r.time))
	}
	kept := min(most, len(r.time))
	for from := 0; from < kept; {
		to := min(r.sameKey(from), kept)
		b := &builder{frame: series.Frame{Key: r.key(from)}}
		b.add(r, from, to, 0)
		g.Frames = append(g.Frames, b.frame)
		from = to
	}
	for _, bad := range r.bad[:min(most, len(r.bad))] {
		g.Refused = append(g.Refused, Refused{bad.line, shown(bad.raw), bad.err})
	}
}
