package marketfile

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A whole is an import that keeps all of its rows or none.
type whole struct {
	rows       uint32       // that were collected, of which each tick gets its number
	unnumbered map[int]bool // files that do not say the numbers of ticks
}

// number gives ticks the order in which they stand. In the end it becomes their
// place within the microsecond.
func (w *whole) number(file int, r *rows) error {
	if w.unnumbered == nil {
		w.unnumbered = map[int]bool{}
	}
	w.unnumbered[file] = true
	for i := range r.seq {
		r.seq[i] = w.rows
		w.rows++
	}
	return nil
}

// mostWholeText is how much of the text of files is held for rows that may yet be
// refused.
const mostWholeText = 256 << 20

// holdWhole sees to it that what was collected can be written at once.
func (m *importer) holdWhole() error {
	if m.rows > series.MaxRows {
		return fault.FileTooLarge.Errorf("there are more than %d rows, which is as many as can be kept or refused as a whole: import them in parts", series.MaxRows)
	}
	bytes := 0
	for _, k := range m.order {
		bytes += m.builders[k].size(m.known[k].attrs)
	}
	if bytes > series.MaxBytes {
		return fault.FileTooLarge.Errorf("the rows have more than %d MB of values, which is as much as can be kept or refused as a whole: import them in parts", series.MaxBytes>>20)
	}
	if m.bytes > mostWholeText {
		for _, k := range m.order {
			for i := range m.builders[k].origins {
				m.builders[k].origins[i].raw = nil
			}
		}
		m.bytes = 0
	}
	return nil
}

// endWhole writes what was collected, unless a row was refused or reading failed.
func (m *importer) endWhole(ctx context.Context, err error) error {
	if err == nil {
		err = m.writeWhole(ctx)
	}
	r := &m.report
	if err != nil {
		r.New, r.Unchanged, r.Replaced, r.Keys, r.Series = 0, 0, 0, nil, 0
	}
	return err
}

func (m *importer) writeWhole(ctx context.Context) error {
	for _, k := range m.order {
		if err := m.builders[k].number(m.whole.unnumbered); err != nil {
			return err
		}
	}
	frames, err := m.frames()
	if err != nil {
		return err
	}
	strict := m.kind == series.Ticks && !m.opts.Replace
	if m.report.Refused == 0 {
		err = m.writeOnce(ctx, frames, strict)
	}
	if strict && (m.report.Refused > 0 || errors.Is(err, fault.SeriesDiffers)) {
		if different := m.leaveDifferent(ctx, frames); different != nil {
			return different
		}
	}
	if m.report.Refused > 0 {
		return fault.FileRefused.Errorf("%d of %d rows were refused, and nothing was kept", m.report.Refused, m.report.Read)
	}
	return err
}

// size returns the bytes of values and attributes, as the store counts them.
func (b *builder) size(attrs map[string]string) int {
	const cell, times = 8, 2 // Time and Seq
	n := cell*(len(b.frame.Cols)+times)*len(b.frame.Time) + b.texts
	for name, value := range attrs {
		n += len(name) + len(value)
	}
	return n
}

// number makes places within the microsecond of the order in which the ticks of
// some files stand.
func (b *builder) number(files map[int]bool) error {
	var order []int
	for i, o := range b.origins {
		if files[o.file] {
			order = append(order, i)
		}
	}
	f, n := &b.frame, numbers{}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(f.Time[i].Micro(), f.Time[j].Micro()) })
	for _, i := range order {
		seq, err := n.number(f.Time[i])
		if err != nil {
			return err
		}
		f.Seq[i] = seq
	}
	return nil
}
