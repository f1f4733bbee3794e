package localseries

import (
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A builder puts rows of one series behind each other, column by column.
//
// What it holds never changes: rows are only added. A snapshot is therefore
// good for ever, and costs nothing for each row.
type builder struct {
	frame series.Frame
	codes map[string]map[string]uint32 // the places of texts, by column
	mixed string                       // a column that came with values of two types
}

func newBuilder(k series.Key) *builder {
	b := &builder{frame: series.Frame{Key: k, Time: []market.Time{}}}
	if k.Kind == series.Ticks {
		b.frame.Seq = []uint32{}
	}
	return b
}

// add adds rows of f, whose order is the caller's affair.
func (b *builder) add(f *series.Frame, from, to int) {
	had := b.frame.Len()
	b.frame.Time = append(b.frame.Time, f.Time[from:to]...)
	if b.frame.Seq != nil {
		b.frame.Seq = append(b.frame.Seq, f.Seq[from:to]...)
	}
	for i := range b.frame.Cols {
		c := &b.frame.Cols[i]
		if i < len(f.Cols) && f.Cols[i].Name == c.Name {
			b.addValues(c, &f.Cols[i], from, to)
			continue
		}
		if of := f.Column(c.Name); of != nil {
			b.addValues(c, of, from, to)
		} else {
			b.addNone(c, to-from)
		}
	}
	for i := range f.Cols {
		of := &f.Cols[i]
		if (i < len(b.frame.Cols) && b.frame.Cols[i].Name == of.Name) || b.frame.Column(of.Name) != nil || empty(f.Key.Kind, of) {
			continue
		}
		c := series.Column{Name: of.Name}
		switch of.Type() {
		case series.Float64:
			c.Floats = []float64{}
		case series.Int64:
			c.Ints = []int64{}
		case series.Text:
			c.Texts = &series.Texts{}
		}
		b.addNone(&c, had)
		b.addValues(&c, of, from, to)
		b.frame.Cols = append(b.frame.Cols, c)
	}
}

// empty reports whether c is an extra column without a value.
func empty(k series.Kind, c *series.Column) bool {
	return !series.IsBase(k, c.Name) && !c.HasValue()
}

// addValues adds values of a column that has the same name. If it is of another
// type, something is damaged.
func (b *builder) addValues(c, of *series.Column, from, to int) {
	if c.Type() != of.Type() {
		b.mixed = c.Name
		b.addNone(c, to-from)
		return
	}
	had := c.Len()
	if of.Valid != nil && slices.Contains(of.Valid[from:to], false) && c.Valid == nil {
		c.Valid = allTrue(had)
	}
	switch {
	case c.Floats != nil:
		c.Floats = append(c.Floats, of.Floats[from:to]...)
	case c.Ints != nil:
		c.Ints = append(c.Ints, of.Ints[from:to]...)
	default:
		b.addTexts(c, of, from, to)
	}
	switch {
	case c.Valid == nil:
	case of.Valid != nil:
		c.Valid = append(c.Valid, of.Valid[from:to]...)
	default:
		c.Valid = append(c.Valid, allTrue(to-from)...)
	}
}

func allTrue(n int) []bool { return slices.Repeat([]bool{true}, n) }

func (b *builder) addTexts(c, of *series.Column, from, to int) {
	// A Texts that a snapshot has is not changed: it is replaced.
	t := *c.Texts
	for i := from; i < to; i++ {
		if of.Valid != nil && !of.Valid[i] {
			t.Index = append(t.Index, 0)
			continue
		}
		t.Index = append(t.Index, b.code(c.Name, &t, of.Texts.Dict[of.Texts.Index[i]]))
	}
	c.Texts = &t
}

func (b *builder) code(column string, t *series.Texts, s string) uint32 {
	codes := b.codes[column]
	if codes == nil {
		if b.codes == nil {
			b.codes = map[string]map[string]uint32{}
		}
		codes = map[string]uint32{}
		b.codes[column] = codes
	}
	n, ok := codes[s]
	if !ok {
		n = uint32(len(t.Dict))
		codes[s] = n
		t.Dict = append(t.Dict, s)
	}
	return n
}

// addNone adds rows without a value: 0 in base columns, absent in others.
func (b *builder) addNone(c *series.Column, n int) {
	if n == 0 {
		return
	}
	had := c.Len()
	base := series.IsBase(b.frame.Key.Kind, c.Name)
	switch {
	case c.Floats != nil:
		c.Floats = append(c.Floats, make([]float64, n)...)
	case c.Ints != nil:
		c.Ints = append(c.Ints, make([]int64, n)...)
	case base:
		t := *c.Texts
		t.Index = append(t.Index, slices.Repeat([]uint32{b.code(c.Name, &t, "")}, n)...)
		c.Texts = &t
	default:
		t := *c.Texts
		t.Index = append(t.Index, make([]uint32, n)...)
		c.Texts = &t
	}
	switch {
	case base && c.Valid != nil:
		c.Valid = append(c.Valid, allTrue(n)...)
	case !base:
		if c.Valid == nil {
			c.Valid = allTrue(had)
		}
		c.Valid = append(c.Valid, make([]bool, n)...)
	}
}

// snapshot returns the rows as they are, which stay so.
func (b *builder) snapshot() *series.Frame {
	f := b.frame
	f.Cols = slices.Clone(b.frame.Cols)
	return &f
}

// addReversed adds the rows of f from the last to the first.
func (b *builder) addReversed(f *series.Frame) {
	from := b.frame.Len()
	b.add(f, 0, f.Len())
	slices.Reverse(b.frame.Time[from:])
	if b.frame.Seq != nil {
		slices.Reverse(b.frame.Seq[from:])
	}
	for i := range b.frame.Cols {
		c := &b.frame.Cols[i]
		switch {
		case c.Floats != nil:
			slices.Reverse(c.Floats[from:])
		case c.Ints != nil:
			slices.Reverse(c.Ints[from:])
		default:
			slices.Reverse(c.Texts.Index[from:])
		}
		if c.Valid != nil {
			slices.Reverse(c.Valid[from:])
		}
	}
}

// sound returns an error if a column came with values of two types.
func (b *builder) sound() error {
	if b.mixed == "" {
		return nil
	}
	return fault.DiskDamaged.Errorf("the column %s of %s has values of two types", b.mixed, b.frame.Key)
}

// reset makes b empty, for other rows of the series. What it gave away before
// is no longer good.
func (b *builder) reset() {
	b.frame.Time = b.frame.Time[:0]
	if b.frame.Seq != nil {
		b.frame.Seq = b.frame.Seq[:0]
	}
	b.frame.Cols = b.frame.Cols[:0]
	clear(b.codes)
}

// A piece is rows of one series in memory, in order, of which no two stand in
// one place.
type piece struct {
	*builder
	lo, hi uint64 // the numbers of the changes that its rows came by
	epoch  int    // pieces of two are not joined: a segment is between them
}

// pieceRows is how many rows a piece has before the next one is begun.
const pieceRows = 1 << 16

// addPiece returns pieces with the rows of f, which came by change number seq.
// The last of the pieces may grow; those before it stay as they are.
func addPiece(pieces []*piece, f *series.Frame, seq uint64, epoch int) []*piece {
	if f.Len() == 0 {
		return pieces
	}
	if n := len(pieces) - 1; n >= 0 {
		p := pieces[n]
		if had := p.frame.Len(); had < pieceRows && p.epoch == epoch && p.frame.ComparePlace(had-1, f, 0) < 0 {
			p.add(f, 0, f.Len())
			p.hi = seq
			return pieces
		}
	}
	p := &piece{newBuilder(f.Key), seq, seq, epoch}
	p.add(f, 0, f.Len())
	pieces = append(slices.Clip(pieces), p)
	// Late rows make pieces that overlap, or small ones. They are joined as they
	// come, small ones first, so that a row is copied a few times only.
	for n := len(pieces) - 1; n > 0 && joins(pieces[n-1], pieces[n]); n-- {
		joined := joinPieces(pieces[n-1], pieces[n])
		pieces = append(slices.Clone(pieces[:n-1]), joined)
	}
	return pieces
}

// joins reports whether q, which came after p, is joined with it.
func joins(p, q *piece) bool {
	n, m := p.frame.Len(), q.frame.Len()
	return p.epoch == q.epoch && n <= 2*m && (n+m <= pieceRows || overlap(p, q))
}

func overlap(p, q *piece) bool {
	return p.frame.ComparePlace(0, &q.frame, q.frame.Len()-1) <= 0 && q.frame.ComparePlace(0, &p.frame, p.frame.Len()-1) <= 0
}

// joinPieces returns the rows of pieces of one epoch, of those in one place the
// one that came last.
func joinPieces(pieces ...*piece) *piece {
	if len(pieces) == 1 {
		return pieces[0]
	}
	var sources []source
	all := &piece{newBuilder(pieces[0].frame.Key), pieces[0].lo, pieces[0].hi, pieces[0].epoch}
	for _, p := range pieces {
		all.lo, all.hi = min(all.lo, p.lo), max(all.hi, p.hi)
		sources = append(sources, source{frame: &p.frame, hi: p.hi})
	}
	newMerge(sources).addTo(all.builder)
	return all
}

// without returns pieces without the rows in r. Those that have none there stay
// the same.
func without(pieces []*piece, r market.Range) []*piece {
	var left []*piece
	for _, p := range pieces {
		from, to := p.frame.Find(r)
		if from == to {
			left = append(left, p)
			continue
		}
		if n := p.frame.Len(); from == 0 && to == n {
			continue
		}
		q := &piece{newBuilder(p.frame.Key), p.lo, p.hi, p.epoch}
		if from > 0 {
			q.add(&p.frame, 0, from)
		}
		if n := p.frame.Len(); to < n {
			q.add(&p.frame, to, n)
		}
		left = append(left, q)
	}
	return left
}
