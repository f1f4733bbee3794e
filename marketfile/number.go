package marketfile

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// errDisorder tells that ticks must be sorted before they can be numbered.
var errDisorder = fault.FileDisorder.Errorf("a tick is older than the one before it")

// numbers gives the ticks of a series their place within the microsecond, as
// long as they come in the order of time.
type numbers struct {
	micro int64
	next  uint32
	begun bool
}

func (n *numbers) number(t market.Time) (uint32, error) {
	micro := t.Micro()
	switch {
	case !n.begun || micro > n.micro:
		*n = numbers{micro: micro, begun: true}
	case micro < n.micro:
		return 0, errDisorder
	case n.next == math.MaxUint32:
		return 0, fault.FileOption.Errorf("more than %d ticks have the time %s", uint32(math.MaxUint32), t)
	}
	n.next++
	return n.next - 1, nil
}

// numbersOf returns what is known of a series.
func (m *importer) numbersOf(k series.Key) *acquaintance {
	n := m.known[k]
	if n == nil {
		n = &acquaintance{}
		m.known[k] = n
	}
	return n
}

// number sets the Seq of rows, in whose file it does not stand.
func (m *importer) number(file int, r *rows) error {
	r.seq = make([]uint32, len(r.time))
	switch {
	case m.whole != nil:
		return m.whole.number(file, r)
	case m.scratch != nil && !m.scratch.again:
		return m.scratch.number(r)
	}
	for i, t := range r.time {
		seq, err := m.numbersOf(r.key(i)).numbers.number(t)
		if err != nil {
			return fault.At(fault.Place{File: m.name(file), Line: int(r.lines[i])}, err)
		}
		r.seq[i] = seq
	}
	return nil
}

// A scratch is a store in which ticks are sorted: they go in numbered through all
// files, and come out in the order of time, those of an instant in that of their
// numbers.
type scratch struct {
	*Scratch
	rows  uint32 // so far
	again bool   // what was sorted is being read
}

// The columns that tell where a row came from, while it is sorted.
const (
	fileColumn = "redfire_file"
	lineColumn = "redfire_line"
)

func (s *scratch) number(r *rows) error {
	if uint64(s.rows)+uint64(len(r.time)) > math.MaxUint32 {
		return fault.FileOption.Errorf("more than %d ticks cannot be sorted in one command: import the files in parts", uint32(math.MaxUint32))
	}
	for i := range r.seq {
		r.seq[i] = s.rows
		s.rows++
	}
	return nil
}

// keep writes what was collected into the store for sorting.
func (s *scratch) keep(ctx context.Context, m *importer) error {
	defer m.forget()
	frames := make([]series.Frame, 0, len(m.order))
	for _, k := range m.order {
		b := m.builders[k]
		f := b.frame
		files, lines := make([]int64, f.Len()), make([]int64, f.Len())
		for i, o := range b.origins {
			files[i], lines[i] = int64(o.file), o.line
		}
		f.Cols = append(f.Cols[:len(f.Cols):len(f.Cols)], series.Column{Name: fileColumn, Ints: files}, series.Column{Name: lineColumn, Ints: lines})
		frames = append(frames, f)
	}
	if len(frames) == 0 {
		return nil
	}
	_, err := s.Store.Write(ctx, frames, nil)
	return err
}

// bytesOfRow is about what a row needs while it is sorted: once in a log, and
// once packed. floor is what stays free.
const (
	bytesOfRow = 64
	floor      = 256 << 20
)

// sortAll begins anew: it reads all files into a store in which they are sorted,
// and takes the rows from there. What was kept before has the same numbers.
func (m *importer) sortAll(ctx context.Context, disorder error) (err error) {
	if m.pipe != "" {
		return fault.At(fault.Place{File: m.opts.nameOf(m.pipe)}, fault.FileDisorder.Errorf("the ticks must be sorted, and what comes through a pipe can be read only once: write it to a file"))
	}
	if m.opts.Scratch == nil {
		return disorder
	}
	need := max(m.estimate()*bytesOfRow, 1<<20)
	made, err := m.opts.Scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Store.Close(), made.Remove()) }()
	free, err := made.Free()
	if err != nil {
		return err
	}
	if free-floor < need {
		return fault.FileSpace.Errorf("sorting needs about %d MB in %s, and %d MB are free", need>>20, made.Folder, max(0, free-floor)>>20)
	}
	if m.opts.Progress != nil {
		m.opts.Progress(Progress{Files: len(m.files), Size: m.size, Sorting: true, Space: need, Folder: made.Folder})
	}
	before := m.report
	defer func() {
		// What was kept the first time was there the second time.
		m.report.New += before.New
		m.report.Replaced += before.Replaced
		m.report.Unchanged = max(0, m.report.Unchanged-before.New-before.Replaced)
	}()
	if err := m.beginAgain(&scratch{Scratch: made}); err != nil {
		return err
	}
	if err := m.readAll(ctx); err != nil {
		return err
	}
	m.scratch.again = true
	return m.takeSorted(ctx)
}

// estimate returns about how many rows the files have.
func (m *importer) estimate() int64 {
	const smallest = 4 // bytes of a packed row
	if m.size == 0 || m.reached == 0 {
		return m.size / smallest
	}
	return int64(float64(m.report.Read) / float64(m.reached) * float64(m.size))
}

// beginAgain forgets all that was read.
func (m *importer) beginAgain(s *scratch) error {
	m.forget()
	clear(m.builders)
	for k := range m.known {
		m.known[k].numbers = numbers{}
	}
	m.report = Report{Reasons: map[fault.Code]int64{}, Series: m.report.Series, Keys: m.report.Keys}
	clear(m.noted)
	m.done, m.scratch = 0, s
	for _, r := range m.rejects {
		if err := r.discard(); err != nil {
			return fault.FileRejects.Errorf("write: %w", err)
		}
	}
	return nil
}

// takeSorted takes the rows from the store in which they were sorted.
func (m *importer) takeSorted(ctx context.Context) error {
	keys := slices.SortedFunc(maps.Keys(m.known), series.Key.Compare)
	for f, err := range m.scratch.Store.Read(ctx, series.Query{Keys: keys}) {
		if err != nil {
			return err
		}
		if err := m.takeFrame(ctx, f); err != nil {
			return err
		}
	}
	return m.flush(ctx)
}

// takeFrame takes rows that are sorted.
func (m *importer) takeFrame(ctx context.Context, f *series.Frame) error {
	r := &rows{keys: []series.Key{f.Key}, time: f.Time, seq: make([]uint32, f.Len())}
	for i, t := range f.Time {
		seq, err := m.numbersOf(f.Key).numbers.number(t)
		if err != nil {
			return err
		}
		r.seq[i] = seq
	}
	files := f.Column(fileColumn).Ints
	r.lines = f.Column(lineColumn).Ints
	for _, c := range f.Cols {
		if c.Name != fileColumn && c.Name != lineColumn {
			r.cols = append(r.cols, valuesOf(f.Key.Kind, &c))
		}
	}
	b := m.builderOf(f.Key)
	for from, to := 0, 0; from < f.Len(); from = to {
		for to = from; to < f.Len() && files[to] == files[from]; to++ {
		}
		b.add(r, from, to, int(files[from]))
	}
	if m.rows += f.Len(); m.rows < batchRows {
		return nil
	}
	return m.flush(ctx)
}

// valuesOf returns a column of a frame as one of rows.
func valuesOf(kind series.Kind, c *series.Column) values {
	v := values{BaseColumn: series.BaseColumn{Name: c.Name, Type: c.Type()}, floats: c.Floats, ints: c.Ints, valid: c.Valid}
	if c.Texts != nil {
		v.texts = make([][]byte, c.Len())
		for i, code := range c.Texts.Index {
			v.texts[i] = []byte(c.Texts.Dict[code])
		}
	}
	if v.valid == nil && !series.IsBase(kind, c.Name) {
		v.valid = make([]bool, c.Len())
		for i := range v.valid {
			v.valid[i] = true
		}
	}
	return v
}
