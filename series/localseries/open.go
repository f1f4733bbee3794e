package localseries

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/seglog"
	"github.com/redfire-quant/redfire/series"
)

// open reads what the folder holds.
func (e *Engine) open(log disk.Folder) error {
	m, mend, err := readManifest(e.folder)
	if err != nil {
		return err
	}
	e.log, e.torn, err = seglog.Open(log, &seglog.Options{Floor: e.opts.Floor, Applied: e.apply})
	if err != nil {
		return err
	}
	if err := e.load(m, mend); err != nil {
		return errors.Join(err, e.log.Close())
	}
	return nil
}

func (e *Engine) load(m *manifest, mend bool) error {
	if m == nil {
		if err := e.isNew(); err != nil {
			return err
		}
		m, mend = &manifest{next: 1}, true
	}
	e.manifest, e.numbers, e.floor = m, m.next, m.floor
	e.forgotten, e.last = m.forgotten, m.forgotten
	if mend {
		m.generation++
		if err := m.publish(e.folder); err != nil {
			return err
		}
	}
	if err := e.loadSegments(m.segments); err != nil {
		return err
	}
	for _, s := range e.entries(series.Filter{}) {
		s.learnAll(s.chunks)
	}
	e.countSegments()
	if err := e.replay(); err != nil {
		return err
	}
	return e.tidy()
}

// isNew returns an error if there is anything in the folder, though no root.
func (e *Engine) isNew() error {
	names, err := e.folder.List()
	if err != nil {
		return failed(err)
	}
	for _, name := range names {
		if _, ok := segmentNumber(name); ok {
			return fault.DiskDamaged.Errorf("%s: the file is missing, but there are segments", e.folder.Path(rootNames[0]))
		}
	}
	if s := e.log.Stats(); s.End > 0 {
		return fault.DiskDamaged.Errorf("%s: the file is missing, but there is a log", e.folder.Path(rootNames[0]))
	}
	return nil
}

// loadSegments notes what segments have of each series. Several are read at once;
// they are noted in their order.
func (e *Engine) loadSegments(all []listed) error {
	type opened struct {
		segment *segment
		chunks  []headed
		err     error
	}
	results := make([]chan opened, len(all))
	tokens := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	for i := range all {
		results[i] = make(chan opened, 1)
	}
	go func() {
		for i, known := range all {
			tokens <- struct{}{}
			go func() {
				s, chunks, err := openSegment(e.folder, known)
				results[i] <- opened{s, chunks, err}
			}()
		}
	}()
	var failed error
	for i := range all {
		o := <-results[i]
		<-tokens
		if o.segment != nil {
			e.segments = append(e.segments, o.segment)
		}
		if failed = cmp.Or(failed, o.err); failed == nil {
			e.takeAll(o.chunks, o.segment.accepted)
		}
	}
	return failed
}

// take notes what chunks of s say, the last change of which has a number.
// Segments are not in the order of changes.
func (s *entry) take(chunks []headed, number uint64, accepted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted, s.last = nil, max(s.last, number)
	rows, tombs := slices.Clone(s.chunks), slices.Clone(s.tombs)
	for _, h := range chunks {
		s.endLocked(h.hi)
		switch h.what {
		case chunkRows:
			if accepted {
				h.chunk.number = number
			}
			rows = append(rows, h.chunk)
		case chunkTomb:
			t := tomb{h.in, h.hi, h.last}
			if accepted {
				t.number = number
			}
			tombs = append(tombs, t)
		case chunkAttrs:
			if h.hi >= s.said {
				s.attrs, s.said = h.attrs, h.hi
			}
		}
	}
	slices.SortFunc(tombs, func(a, b tomb) int { return cmp.Compare(a.seq, b.seq) })
	s.chunks, s.tombs = byFirstRow(rows), tombs
}

// learnAll notes the types of extra columns of chunks that were not deleted as a
// whole. It needs all of the tombs.
func (s *entry) learnAll(chunks []*chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learnLocked(chunks)
}

func (s *entry) learnLocked(chunks []*chunk) {
	var gone uint64
	for _, t := range s.tombs {
		if t.whole() {
			gone = max(gone, t.seq)
		}
	}
	for _, c := range chunks {
		for _, b := range c.blocks {
			if c.hi >= gone && b.kind < typePresence && b.isExtra(s.key.Kind) {
				s.learn(b.name, b.valueType())
			}
		}
	}
}

// replay applies what the log has that is in no segment.
func (e *Engine) replay() error {
	floor := e.manifest.floor
	if s := e.log.Stats(); s.First > floor || s.End < floor {
		return fault.DiskDamaged.Errorf("the log holds %d to %d, and is needed from %d on", s.First, s.End, floor)
	}
	for r, err := range e.log.Read(context.Background(), floor) {
		if err != nil {
			return err
		}
		if e.apply(r.At, r.Data); e.failed != nil {
			return e.failed
		}
	}
	e.applied = max(e.applied, floor)
	for _, s := range e.entries(series.Filter{}) {
		s.begun = nil // who began to write them is gone
	}
	e.recent.forget(e.last)
	return nil
}

// tidy removes what a crash has left of files that do not count: the manifest is
// sound, and does not name them. That its roots are durable is not said yet, if a
// process was killed before it could sync them.
func (e *Engine) tidy() error {
	names, err := e.folder.List()
	if err != nil {
		return failed(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !e.isLeft(name) })
	if len(names) == 0 {
		return nil
	}
	if err := e.folder.Sync(); err != nil {
		return failed(err)
	}
	for _, name := range names {
		if err := e.folder.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed(err)
		}
	}
	return nil
}

// isLeft reports whether a file does not count, and takes care that its number is
// not given again.
func (e *Engine) isLeft(name string) bool {
	if n, ok := segmentNumber(name); ok {
		e.numbers = max(e.numbers, n+1)
		return !slices.ContainsFunc(append(e.segments, e.unlisted...), func(s *segment) bool { return s.number == n })
	}
	if n, ok := manifestNumber(name); ok {
		return n != e.manifest.generation
	}
	return strings.HasSuffix(name, ".new")
}
