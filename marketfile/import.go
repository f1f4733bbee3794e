package marketfile

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// batchBytes is how much of the text of files is held for the rows of a batch.
const batchBytes = 64 << 20

// An importer reads files into a store. A row passes, in this order, through
//
//	input.go                     the file is opened, unpacked, decoded
//	lines.go, csv.go, ndjson.go  cut into lines and cells; parquet*.go into cells
//	names.go, layout.go          what the columns mean, before the first row
//	convert.go, clock.go         cells become times and numbers, or the row is refused
//	number.go                    ticks get their Seq
//	builder.go                   rows are collected by series, and put in order
//	import.go                    and written; rejects.go has those that were refused
type importer struct {
	store *series.Store
	kind  series.Kind
	opts  Options
	files []string

	report  Report
	reports time.Time // when progress was told last
	done    int64     // bytes of files that were read to their end
	reached int64     // bytes of files that were read so far
	size    int64     // bytes of all files

	builders map[series.Key]*builder
	order    []series.Key    // of the builders that have rows
	rows     int             // in them
	bytes    int             // of text
	rejects  []*rejects      // of each file
	noted    map[string]bool // remarks on files
	spaced   int             // how many files were looked at for the spaces between bars
	pipe     string          // a file that can be read once
	spans    int             // of all that was written
	known    map[series.Key]*acquaintance
	scratch  *scratch // while ticks are being sorted
	whole    *whole   // of an import that keeps all or nothing
	opened   *source  // the one file, which was opened to look at it
}

// An acquaintance is what an import knows of a series.
type acquaintance struct {
	met     bool              // rows of it were seen
	attrs   map[string]string // to write, nil for nothing new
	numbers numbers
	written written
}

func newImport(store *series.Store, kind series.Kind, files []string, o Options) *importer {
	m := &importer{
		store: store, kind: kind, opts: o, files: files,
		report:   Report{Reasons: map[fault.Code]int64{}},
		builders: map[series.Key]*builder{}, noted: map[string]bool{}, known: map[series.Key]*acquaintance{},
	}
	if o.Whole {
		m.whole = &whole{}
	}
	return m
}

// name returns what a file goes by.
func (m *importer) name(i int) string { return m.opts.nameOf(m.files[i]) }

func (m *importer) run(ctx context.Context) (*Report, error) {
	if err := m.check(ctx); err != nil {
		if m.opened != nil {
			err = errors.Join(err, m.opened.close())
		}
		return &m.report, err
	}
	err := m.readAll(ctx)
	if m.whole != nil {
		return &m.report, errors.Join(m.endWhole(ctx, err), m.finish())
	}
	if errors.Is(err, errDisorder) {
		err = m.sortAll(ctx, err)
	}
	if r := &m.report; err != nil {
		r.Read = r.New + r.Unchanged + r.Replaced + r.Refused + r.Outside // what was collected is read again
	}
	return &m.report, errors.Join(err, m.finish())
}

// check finds out whether all files can be understood, before a row is kept.
func (m *importer) check(ctx context.Context) error {
	var failures fault.List
	seen, partials := map[string]bool{}, map[string]int{}
	for _, name := range m.files {
		r := newRejects(m.opts.nameOf(name), &m.opts)
		partials[r.path(1)]++
		r.nth = partials[r.path(1)]
		m.rejects = append(m.rejects, r)
		file := realName(name)
		err := m.checkFile(ctx, name, seen[file])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if seen[file] = true; err != nil {
			failures = append(failures, split(err)...)
		}
	}
	const most = 20
	if more := len(failures) - most; more > 0 {
		failures = append(failures[:most], fault.FileOption.Errorf("and %d more like these", more))
	}
	return failures.Err()
}

func (m *importer) checkFile(ctx context.Context, name string, again bool) error {
	if again {
		return fault.At(fault.Place{File: name}, fault.FileOption.Errorf("the file was named before"))
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		m.pipe = name // it can be read once
		return nil
	}
	s, err := openSource(ctx, name, m.kind, &m.opts)
	if err != nil {
		return err
	}
	m.size += s.in.size
	if len(m.files) == 1 {
		m.opened = s
		return nil
	}
	return s.close()
}

// split returns the failures of which err consists, each with its place.
func split(err error) []error {
	var list fault.List
	if !errors.As(err, &list) {
		return []error{err}
	}
	place, _ := fault.PlaceOf(err)
	all := make([]error, len(list))
	for i, e := range list {
		all[i] = fault.At(place, e)
	}
	return all
}

// readAll reads the files one after the other.
func (m *importer) readAll(ctx context.Context) error {
	for i, name := range m.files {
		if err := m.readFile(ctx, i, name); err != nil {
			if m.whole != nil {
				return cmp.Or(ctx.Err(), err)
			}
			// What was collected before is good.
			flushed := m.flush(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if flushed != nil && errors.Is(err, errDisorder) {
				return flushed
			}
			return errors.Join(err, flushed)
		}
		m.report.Files++
	}
	return m.flush(ctx)
}

func (m *importer) readFile(ctx context.Context, i int, name string) (err error) {
	s := m.opened
	if m.opened = nil; s == nil {
		if s, err = openSource(ctx, name, m.kind, &m.opts); err != nil {
			return err
		}
	}
	defer func() {
		m.done += s.in.size
		err = errors.Join(err, s.close())
	}()
	m.note(i, s)
	err = m.readRows(ctx, i, s)
	if place, _ := fault.PlaceOf(err); err != nil && place.File == "" {
		err = fault.At(fault.Place{File: m.name(i)}, err)
	}
	return err
}

// note remembers what people should know of a file.
func (m *importer) note(i int, s *source) {
	r := m.rejects[i]
	r.header = rejectsHeader(s.head, s.layout)
	switch reader := s.reader.(type) {
	case *csvReader:
		r.comma = reader.comma
	case *ndjsonReader:
		r.text = reader.rejectText
	}
	for _, n := range s.head.notes {
		m.remark(i, n)
	}
	if len(s.layout.ignored) > 0 {
		m.remark(i, fault.FileColumns.Errorf("not imported: %s (--keep NAME keeps a column)", quoted(s.layout.ignored)))
	}
}

// remark notes what there is to say of a file, unless the same was said of one
// before: of thousands of files it is said once.
func (m *importer) remark(i int, text error) {
	if m.noted[text.Error()] {
		return
	}
	m.noted[text.Error()] = true
	m.report.Notes = append(m.report.Notes, Note{m.name(i), text})
}

// A job is a piece on its way through a parser.
type job struct {
	piece  piece
	result chan parsed
}

type parsed struct {
	rows *rows
	err  error
}

// readRows reads a file: one goroutine reads, several parse, and this one takes
// the rows in their order.
func (m *importer) readRows(ctx context.Context, i int, s *source) error {
	workers := runtime.GOMAXPROCS(0)
	g, ctx := errgroup.WithContext(ctx)
	jobs, queue := make(chan job, workers), make(chan job, 2*workers)
	g.Go(func() error {
		defer close(jobs)
		defer close(queue)
		return s.cut(ctx, jobs, queue)
	})
	for range workers {
		c := newConverter(s.layout)
		g.Go(func() error {
			for j := range jobs {
				t, err := j.piece.table(c.wanted)
				if err != nil {
					j.result <- parsed{err: err}
					continue
				}
				j.result <- parsed{rows: c.rows(t)}
			}
			return nil
		})
	}
	g.Go(func() error {
		for j := range queue {
			if err := m.await(ctx, i, s, j); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// await takes the rows of a job when they are parsed.
func (m *importer) await(ctx context.Context, i int, s *source, j job) error {
	select {
	case p := <-j.result:
		if p.err != nil {
			return p.err
		}
		return m.take(ctx, i, s, p.rows)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take takes rows that were parsed.
func (m *importer) take(ctx context.Context, i int, s *source, r *rows) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.report.Read += int64(r.read)
	m.report.Outside += int64(r.outside)
	if note := r.spacing(); note != nil && m.spaced != i+1 {
		m.remark(i, note)
	}
	m.spaced = i + 1
	m.reached = m.done + s.in.taken.Load()
	if r.remarks {
		m.remark(i, remarksNote())
	}
	if err := m.refuse(i, r.bad); err != nil {
		return err
	}
	if m.kind == series.Ticks && r.seq == nil {
		if err := m.number(i, r); err != nil {
			return err
		}
	}
	if err := m.collect(ctx, i, s, r); err != nil {
		return err
	}
	m.progress(i)
	if m.whole != nil {
		return m.holdWhole()
	}
	if m.rows < batchRows && m.bytes < batchBytes {
		return nil
	}
	return m.flush(ctx)
}

// refuse writes rows aside, or tells them, and counts them.
func (m *importer) refuse(file int, bad []reject) error {
	for _, b := range bad {
		m.report.Refused++
		m.report.Reasons[fault.CodeOf(b.err)]++
	}
	if m.opts.Refused != nil {
		m.rejects[file].tell(bad, m.opts.Refused)
		return nil
	}
	return m.rejects[file].add(bad)
}

// refuseOf writes rows of several files aside.
func (m *importer) refuseOf(files []int, bad []reject) error {
	for from, to := 0, 0; from < len(bad); from = to {
		for to = from; to < len(bad) && files[to] == files[from]; to++ {
		}
		if err := m.refuse(files[from], bad[from:to]); err != nil {
			return err
		}
	}
	return nil
}

// collect gives rows to the builders of their series.
func (m *importer) collect(ctx context.Context, file int, s *source, r *rows) error {
	for from := 0; from < len(r.time); {
		k, to := r.key(from), r.sameKey(from)
		if err := m.meet(ctx, k, s.layout); err != nil {
			return err
		}
		b := m.builderOf(k)
		if err := b.fits(r); err != nil {
			return err
		}
		b.add(r, from, to, file)
		from = to
	}
	if m.rows += len(r.time); len(r.time) > 0 {
		m.bytes += r.bytes
	}
	return nil
}

// sameKey returns the end of the rows that have the key of row i.
func (r *rows) sameKey(i int) int {
	if len(r.keys) == 1 {
		return len(r.time)
	}
	to := i + 1
	for to < len(r.time) && r.keys[to] == r.keys[i] {
		to++
	}
	return to
}

// builderOf returns the builder of a series, which is about to get rows.
func (m *importer) builderOf(k series.Key) *builder {
	b := m.builders[k]
	if b == nil {
		b = &builder{frame: series.Frame{Key: k}}
		if k.Kind == series.Ticks {
			b.frame.Seq = []uint32{}
		}
		m.builders[k] = b
	}
	if len(b.frame.Time) == 0 {
		m.order = append(m.order, k)
	}
	return b
}

// meet notes a series that rows belong to, and what there is to say of it.
func (m *importer) meet(ctx context.Context, k series.Key, l *layout) error {
	n := m.numbersOf(k)
	if n.met {
		return nil
	}
	attrs, err := m.attrsOf(ctx, k)
	if err != nil {
		return err
	}
	next, err := l.attrsOf(k, attrs)
	if err != nil {
		return err
	}
	n.met = true
	if !maps.Equal(next, attrs) {
		n.attrs = next
	}
	m.report.Series++
	if len(m.report.Keys) < 1000 {
		m.report.Keys = append(m.report.Keys, k)
	}
	return nil
}

// attrsOf returns the attributes that a series should have which has others.
func (l *layout) attrsOf(k series.Key, attrs map[string]string) (map[string]string, error) {
	if l.own {
		return l.ownAttrs(k, attrs)
	}
	next := maps.Clone(attrs)
	if next == nil {
		next = map[string]string{}
	}
	zone, known := l.zoneOf(k.Symbol.Exchange)
	counted := "" // intraday bars are the same whatever the zone
	if k.Interval.Daily() {
		counted = zone.String()
	}
	if err := agree(k, attrs, string(l.volume), counted); err != nil {
		return nil, err
	}
	if l.volume != "" {
		next[series.AttrTickVolume] = string(l.volume)
	}
	if next[series.AttrZone] == "" && known {
		next[series.AttrZone] = zone.String()
	}
	return next, nil
}

// attrsOf returns the attributes that a series has.
func (m *importer) attrsOf(ctx context.Context, k series.Key) (map[string]string, error) {
	for o, err := range m.store.Overview(ctx, series.Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name, Brief: true}) {
		if err != nil {
			return nil, err
		}
		if o.Key == k {
			return o.Attrs, nil
		}
	}
	return nil, nil
}

// flush writes what was collected.
func (m *importer) flush(ctx context.Context) error {
	switch {
	case m.whole != nil:
		return nil // it is written at the end
	case m.scratch != nil && !m.scratch.again:
		return m.scratch.keep(ctx, m)
	}
	defer m.forget()
	frames, err := m.frames()
	if err != nil || len(frames) == 0 {
		return err
	}
	return m.write(ctx, frames)
}

// frames puts what was collected in order.
func (m *importer) frames() ([]series.Frame, error) {
	frames := make([]series.Frame, 0, len(m.order))
	for _, k := range m.order {
		b := m.builders[k]
		same, twice, files := b.sort(m.opts.Replace)
		m.report.Unchanged += same
		if err := m.refuseOf(files, twice); err != nil {
			return nil, err
		}
		b.frame.Attrs, m.known[k].attrs = m.known[k].attrs, nil
		frames = append(frames, b.frame)
	}
	return frames, nil
}

// forget forgets what was collected.
func (m *importer) forget() {
	for _, k := range m.order {
		m.builders[k].reset()
	}
	kept := 0
	for _, b := range m.builders {
		kept += cap(b.frame.Time)
	}
	if kept > 2*batchRows {
		clear(m.builders)
	}
	m.order, m.rows, m.bytes = m.order[:0], 0, 0
}

func (m *importer) write(ctx context.Context, frames []series.Frame) error {
	strict := m.kind == series.Ticks && !m.opts.Replace
	if m.kind == series.Bars && !m.opts.Replace {
		if err := m.leaveTwice(ctx, frames); err != nil {
			return err
		}
	}
	err := m.writeOnce(ctx, frames, strict)
	if errors.Is(err, fault.SeriesDiffers) {
		if err := m.leaveDifferent(ctx, frames); err != nil {
			return err
		}
		err = m.writeOnce(ctx, frames, strict)
	}
	if err != nil {
		return err
	}
	if m.kind == series.Bars && !m.opts.Replace {
		for i := range frames {
			m.remember(&frames[i])
		}
	}
	return nil
}

// writeOnce writes frames by one call, and counts their rows.
func (m *importer) writeOnce(ctx context.Context, frames []series.Frame, strict bool) error {
	counts, err := m.store.Write(ctx, frames, &series.WriteOptions{Count: true, RefuseDifferent: strict})
	if err != nil {
		return err
	}
	m.report.New += counts.New
	m.report.Unchanged += counts.Unchanged
	m.report.Replaced += counts.Replaced
	return nil
}

// leaveDifferent takes the ticks that differ from those stored out of frames.
func (m *importer) leaveDifferent(ctx context.Context, frames []series.Frame) error {
	for i := range frames {
		f := &frames[i]
		different, err := m.different(ctx, f)
		if err != nil {
			return err
		}
		err = m.leave(f, different, func(row int) error {
			return fault.FileConflict.Errorf("another tick is stored at %s, number %d", f.Time[row], f.Seq[row])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leave takes rows out of a frame, and refuses them.
func (m *importer) leave(f *series.Frame, rows []int, why func(row int) error) error {
	if len(rows) == 0 {
		return nil
	}
	b := m.builders[f.Key]
	bad, files := make([]reject, len(rows)), make([]int, len(rows))
	for i, row := range rows {
		o := b.origins[row]
		bad[i], files[i] = reject{o.line, o.raw, why(row)}, o.file
	}
	kept := make([]int, 0, f.Len())
	for row := range f.Len() {
		if _, left := slices.BinarySearch(rows, row); !left {
			kept = append(kept, row)
		}
	}
	b.pick(kept)
	*f = b.frame
	return m.refuseOf(files, bad)
}

// different returns the rows of f that differ from those stored in their place.
func (m *importer) different(ctx context.Context, f *series.Frame) (rows []int, err error) {
	if f.Len() == 0 {
		return nil, nil
	}
	i := 0
	q := series.Query{Keys: []series.Key{f.Key}, Range: series.RangeOf(f.Key.Kind, f.Time[0], f.Time[f.Len()-1])}
	for g, err := range m.store.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		for j := range g.Len() {
			for i < f.Len() && f.ComparePlace(i, g, j) < 0 {
				i++
			}
			if i < f.Len() && f.ComparePlace(i, g, j) == 0 && !f.SameRow(i, g, j) {
				rows = append(rows, i)
			}
		}
	}
	return rows, nil
}

// progress tells how far the import is, now and then.
func (m *importer) progress(i int) {
	now := time.Now()
	if m.opts.Progress == nil || now.Sub(m.reports) < 100*time.Millisecond {
		return
	}
	m.reports = now
	m.opts.Progress(Progress{
		File: m.name(i), Files: len(m.files), Done: m.report.Files, Rows: m.report.Read,
		Bytes: m.reached, Size: m.size, Sorting: m.scratch != nil,
	})
}

// finish gives the files of refused rows their names.
func (m *importer) finish() error {
	var failures []error
	for _, r := range m.rejects {
		name, err := r.finish()
		if err != nil {
			failures = append(failures, err)
		}
		if name != "" {
			m.report.Rejects = append(m.report.Rejects, name)
		}
	}
	return errors.Join(failures...)
}
