package localseries

import (
	"maps"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// An entry is one series. The slices are replaced when they change, so that a
// reader who has copied them needs no lock; tombs are added behind those that he
// has, and the last of the open pieces grows, and is read by its snapshot.
type entry struct {
	key series.Key

	mu     sync.RWMutex // guards the fields below
	chunks []*chunk     // by their first row
	frozen []*piece     // are being written to a segment
	open   []*piece
	tombs  []tomb   // by number
	epoch  int      // how many walls there were: see piece
	begun  []uint64 // changes that segments are being written of
	attrs  map[string]string
	said   uint64 // the change that attrs came by
	extra  map[string]series.Type
	last   uint64 // the last change

	// What is not in a segment yet.
	newTombs []tomb
	newAttrs bool

	counted *counted // nil if it is not known
}

// A tomb tells that the rows in a range that came by changes before seq do not
// count.
type tomb struct {
	in     market.Range
	seq    uint64
	number uint64 // of the change with which it began to count
}

// whole reports whether t takes the attributes, too.
func (t tomb) whole() bool { return t.in == market.Range{} }

// write adds the rows and attributes of f, and returns how many bytes it holds.
func (s *entry) write(f *series.Frame, seq uint64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Len() == 0 && f.Attrs == nil {
		return 0
	}
	return s.addLocked(f, seq)
}

// replace exchanges the rows in r for those of f.
func (s *entry) replace(r market.Range, f *series.Frame, seq uint64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buryLocked(tomb{r, seq, seq})
	return s.addLocked(f, seq)
}

// remove removes the rows in r, and everything if that is all.
func (s *entry) remove(r market.Range, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := tomb{r, seq, seq}
	s.buryLocked(t)
	if !t.whole() {
		return
	}
	// Salvage knows segments of later changes already.
	if seq >= s.said {
		s.attrs, s.said, s.newAttrs = nil, seq, true
	}
	s.extra = nil
	s.learnLocked(s.chunks)
}

func (s *entry) addLocked(f *series.Frame, seq uint64) int64 {
	s.counted, s.last = nil, seq
	if f.Attrs != nil && seq >= s.said { // Salvage knows segments of later changes already
		s.attrs, s.said, s.newAttrs = f.Attrs, seq, true
	}
	s.open = addPiece(s.open, f, seq, s.epoch)
	for i := range f.Cols {
		if c := &f.Cols[i]; !series.IsBase(f.Key.Kind, c.Name) && !empty(f.Key.Kind, c) {
			s.learn(c.Name, c.Type())
		}
	}
	bytes := int64(f.Len()) * int64(8*(len(f.Cols)+2))
	for i := range f.Cols {
		if t := f.Cols[i].Texts; t != nil {
			for _, text := range t.Dict {
				bytes += int64(len(text))
			}
		}
	}
	return bytes
}

func (s *entry) buryLocked(t tomb) {
	s.counted, s.last = nil, t.seq
	s.open = without(s.open, t.in)
	s.tombs = append(s.tombs, t)
	s.newTombs = append(s.newTombs, t)
}

// fits returns an error if an extra column of f is not of the type that it has.
// The store does not let such frames through: a record in between is lost.
func (s *entry) fits(f *series.Frame) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range f.Cols {
		c := &f.Cols[i]
		if t := s.extra[c.Name]; t != 0 && t != c.Type() && !empty(f.Key.Kind, c) {
			return fault.DiskDamaged.Errorf("the column %s of %s is of type %s, not %s", c.Name, s.key, t, c.Type())
		}
	}
	return nil
}

// learn notes the type of an extra column.
func (s *entry) learn(name string, t series.Type) {
	if s.extra[name] == t {
		return
	}
	types := maps.Clone(s.extra)
	if types == nil {
		types = map[string]series.Type{}
	}
	types[name] = t
	s.extra = types
}

// sources returns the rows that may lie in r, and the tombs over them. Who has
// read them must release them.
func (s *entry) sources(r market.Range) []source {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []source
	for _, c := range s.chunks {
		if meets(r, c.first.time, c.last.time) {
			c.segment.acquire()
			all = append(all, source{chunk: c, hi: c.hi, tombs: tombsOver(s.tombs, c.hi)})
		}
	}
	for _, p := range slices.Concat(s.frozen, s.open) {
		if n := p.frame.Len(); meets(r, p.frame.Time[0], p.frame.Time[n-1]) {
			all = append(all, source{frame: p.snapshot(), hi: p.hi, tombs: tombsOver(s.tombs, p.hi)})
		}
	}
	return all
}

// meets reports whether rows from first to last may lie in r. Of ticks the full
// nanoseconds of a microsecond are no order: r is widened by one.
func meets(r market.Range, first, last market.Time) bool {
	return (r.From == 0 || last >= r.From-1000) && (r.To == 0 || first < r.To+1000)
}

// tombsOver returns where tombs cover rows that came up to a change.
func tombsOver(tombs []tomb, hi uint64) []market.Range {
	var all []market.Range
	for _, t := range tombs {
		if t.seq > hi {
			all = append(all, t.in)
		}
	}
	return all
}

// freeze takes what is not in a segment out of the way of what comes.
func (s *entry) freeze() *frost {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) == 0 && len(s.newTombs) == 0 && !s.newAttrs {
		return nil
	}
	f := &frost{entry: s, pieces: s.open, tombs: s.newTombs, attrs: s.attrs, said: s.said, attrsToo: s.newAttrs}
	s.frozen, s.open, s.newTombs, s.newAttrs = s.open, nil, nil, false
	return f
}

// A frost is what was frozen of a series.
type frost struct {
	entry    *entry
	pieces   []*piece
	tombs    []tomb
	attrs    map[string]string
	said     uint64
	attrsToo bool
}

// thaw puts chunks in the place of what was frozen.
func (f *frost) thaw(chunks []*chunk) {
	s := f.entry
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = nil
	s.chunks = byFirstRow(slices.Concat(s.chunks, chunks))
}

// byFirstRow sorts chunks of one series, and returns them.
func byFirstRow(chunks []*chunk) []*chunk {
	slices.SortFunc(chunks, func(a, b *chunk) int { return a.first.compare(b.first, a.kind) })
	return chunks
}

// undo takes back what freeze did, when the segment could not be written.
func (f *frost) undo() {
	s := f.entry
	s.mu.Lock()
	defer s.mu.Unlock()
	// A piece may grow again, and then its number is above those of the tombs.
	var old []*piece
	for _, p := range s.frozen {
		left := []*piece{p}
		for _, in := range tombsOver(s.tombs, p.hi) {
			left = without(left, in)
		}
		old = append(old, left...)
	}
	s.open = slices.Concat(old, s.open)
	s.frozen = nil
	s.newTombs = slices.Concat(f.tombs, s.newTombs)
	s.newAttrs = s.newAttrs || f.attrsToo
}
