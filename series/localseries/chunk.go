package localseries

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries/codec"
)

// A chunk is a part of a segment that says of itself what it is:
//
//	0 4  0x4b4e4843, "CHNK"
//	4 4  length of the head, these 24 bytes included
//	8 8  length of the body
//	16 8 XXH3-64 of the rest of the head
//	     the head:
//	     1 byte of what it is: rows, a tombstone, attributes
//	     a key
//	     8 bytes each, the lowest and the highest number of the changes it holds,
//	     and the number of the one with which it began to count, if that was later
//	     of rows: a count of them; the time of the first and the last, and for
//	     ticks their Seq; a count of blocks, and of each
//	         a name (see below), a byte of type, 8 bytes of length of the block
//	         and 8 of its XXH3-64
//	     of a tombstone: a range
//	     of attributes: attributes
//	     the body: the blocks
//
// The name of a block is that of a column; or the byte 253 for Time, 254 for
// Seq. A block of type 128 has the presence of the column before it. Blocks are
// packed as package codec says; those of open, high, low and close refer to each
// other if their type has 64 added. A block of texts is a count, the texts of a
// dictionary, and the packed index.
const (
	chunkMagic = 0x4b4e4843
	chunkStart = 24

	chunkRows = iota - 1 // 1
	chunkTomb
	chunkAttrs

	nameTime = 253
	nameSeq  = 254

	typePresence = 128
	typeRefers   = 64
)

// rowsOfChunk is how many rows a chunk has at most.
const rowsOfChunk = 4096

// A chunk is rows of one series in a segment.
type chunk struct {
	segment     *segment
	at          int64 // of the body, in the file
	kind        series.Kind
	rows        int
	first, last position
	lo, hi      uint64
	number      uint64 // of the change with which it began to count
	blocks      []block
	unpacked    unpacked
}

// A position is a place: the time of bars and indicators, the time and Seq of
// ticks.
type position struct {
	time market.Time
	seq  uint32
}

// A block is the packed form of one column.
type block struct {
	name   string // of the column; "time" and "seq" are those of the frame
	kind   byte
	length int64
	sum    uint64
	offset int64 // in the body
}

// isExtra reports whether b has values of an extra column.
func (b *block) isExtra(k series.Kind) bool {
	return b.name != "time" && b.name != "seq" && !series.IsBase(k, b.name)
}

// valueType returns the type of the column of b.
func (b *block) valueType() series.Type { return series.Type(b.kind &^ typeRefers) }

// appendChunk adds a chunk of rows to b.
func appendChunk(b []byte, f *series.Frame, lo, hi, number uint64) []byte {
	p := packer{kind: f.Key.Kind}
	p.pack(f)
	n := f.Len() - 1
	c := &chunk{rows: n + 1, first: positionOf(f, 0), last: positionOf(f, n), lo: lo, hi: hi, number: number, blocks: p.blocks}
	return appendWhole(b, c.head(f.Key), p.body)
}

// head returns the head of c, without what every chunk begins with.
func (c *chunk) head(k series.Key) []byte {
	b := appendStart(chunkRows, k, c.lo, c.hi, c.number)
	b = appendCount(b, c.rows)
	for _, at := range []position{c.first, c.last} {
		b = appendTime(b, at.time)
		if k.Kind == series.Ticks {
			b = order.AppendUint32(b, at.seq)
		}
	}
	b = appendCount(b, len(c.blocks))
	for i := range c.blocks {
		x := &c.blocks[i]
		switch x.name {
		case "time":
			b = append(b, nameTime)
		case "seq":
			b = append(b, nameSeq)
		default:
			b = appendName(b, k.Kind, x.name)
		}
		b = order.AppendUint64(append(b, x.kind), uint64(x.length))
		b = order.AppendUint64(b, x.sum)
	}
	return b
}

func appendStart(what byte, k series.Key, lo, hi, number uint64) []byte {
	b := appendKey([]byte{what}, k)
	for _, n := range []uint64{lo, hi, number} {
		b = order.AppendUint64(b, n)
	}
	return b
}

func appendTomb(b []byte, k series.Key, t tomb) []byte {
	return appendWhole(b, appendRange(appendStart(chunkTomb, k, t.seq, t.seq, t.number), t.in), nil)
}

func appendAttrChunk(b []byte, k series.Key, attrs map[string]string, seq uint64) []byte {
	return appendWhole(b, appendAttrs(appendStart(chunkAttrs, k, seq, seq, seq), attrs), nil)
}

func appendWhole(b, head, body []byte) []byte {
	b = order.AppendUint32(b, chunkMagic)
	b = order.AppendUint32(b, uint32(chunkStart+len(head)))
	b = order.AppendUint64(b, uint64(len(body)))
	b = order.AppendUint64(b, xxh3.Hash(head))
	return append(append(b, head...), body...)
}

// A packer makes the blocks of a chunk.
type packer struct {
	kind   series.Kind
	blocks []block
	body   []byte
}

func (p *packer) block(name string, kind byte, packed []byte) {
	p.blocks = append(p.blocks, block{name: name, kind: kind, length: int64(len(packed)), sum: xxh3.Hash(packed)})
	p.body = append(p.body, packed...)
}

func (p *packer) pack(f *series.Frame) {
	times := make([]int64, f.Len())
	for i, t := range f.Time {
		times[i] = int64(t)
	}
	p.block("time", byte(series.Int64), codec.AppendInts(nil, times))
	if f.Seq != nil {
		for i, s := range f.Seq {
			times[i] = int64(s)
		}
		p.block("seq", byte(series.Int64), codec.AppendInts(nil, times))
	}
	refer := p.packPrices(f)
	for i := range f.Cols {
		if c := &f.Cols[i]; !(refer && slices.Contains(prices[:], c.Name)) && !p.needless(c) {
			p.packColumn(c)
		}
	}
}

// prices are the columns that refer to each other, in the order of the codec.
var prices = [4]string{"open", "high", "low", "close"}

// packPrices packs the prices of bars together, if all of them are there.
func (p *packer) packPrices(f *series.Frame) bool {
	var values [4][]float64
	for i, name := range prices {
		c := f.Column(name)
		if p.kind != series.Bars || c == nil || c.Floats == nil {
			return false
		}
		values[i] = c.Floats
	}
	for i, packed := range codec.AppendBars([4][]byte{}, values[0], values[1], values[2], values[3]) {
		p.block(prices[i], byte(series.Float64)+typeRefers, packed)
	}
	return true
}

// needless reports whether c says what a missing column says.
func (p *packer) needless(c *series.Column) bool {
	if empty(p.kind, c) {
		return true
	}
	if !series.IsBase(p.kind, c.Name) {
		return false
	}
	switch c.Type() {
	case series.Float64:
		return !slices.ContainsFunc(c.Floats, func(x float64) bool { return x != 0 || 1/x < 0 })
	case series.Int64:
		return !slices.ContainsFunc(c.Ints, func(x int64) bool { return x != 0 })
	}
	return !slices.ContainsFunc(c.Texts.Index, func(i uint32) bool { return c.Texts.Dict[i] != "" })
}

func (p *packer) packColumn(c *series.Column) {
	name := c.Name
	switch c.Type() {
	case series.Float64:
		p.block(name, byte(series.Float64), codec.AppendFloats(nil, c.Floats))
	case series.Int64:
		p.block(name, byte(series.Int64), codec.AppendInts(nil, c.Ints))
	case series.Text:
		p.block(name, byte(series.Text), packTexts(c))
	}
	if c.Valid != nil {
		p.block(name, typePresence, codec.AppendBools(nil, c.Valid))
	}
}

// packTexts packs an index with a dictionary of the texts that it has.
func packTexts(c *series.Column) []byte {
	codes := map[uint32]int64{}
	var used []string
	index := make([]int64, c.Len())
	for i, code := range c.Texts.Index {
		if c.Valid != nil && !c.Valid[i] {
			continue
		}
		n, ok := codes[code]
		if !ok {
			n = int64(len(used))
			codes[code] = n
			used = append(used, c.Texts.Dict[code])
		}
		index[i] = n
	}
	b := appendCount(nil, len(used))
	for _, s := range used {
		b = appendText(b, s)
	}
	return codec.AppendInts(b, index)
}

// A headed is what the head of a chunk says.
type headed struct {
	what   byte
	key    series.Key
	lo     uint64
	hi     uint64
	last   uint64 // the change with which it began to count
	length int64  // of the head
	body   int64
	sum    uint64            // of the head
	chunk  *chunk            // of rows
	in     market.Range      // of a tombstone
	attrs  map[string]string // of attributes
}

// parseHead reads the head of a chunk.
func parseHead(b []byte) (h headed, err error) {
	if len(b) < chunkStart || order.Uint32(b) != chunkMagic || int64(order.Uint32(b[4:])) != int64(len(b)) {
		return h, errShape
	}
	if order.Uint64(b[16:]) != xxh3.Hash(b[chunkStart:]) {
		return h, errSum
	}
	h.length, h.body, h.sum = int64(len(b)), int64(order.Uint64(b[8:])), order.Uint64(b[16:])
	p := &parser{b: b[chunkStart:]}
	h.what, h.key = p.byte(), p.key()
	h.lo, h.hi, h.last = p.uint64(), p.uint64(), p.uint64()
	switch h.what {
	case chunkRows:
		h.chunk = p.chunk(&h)
	case chunkTomb:
		h.in = p.timeRange()
	case chunkAttrs:
		h.attrs = p.attrs()
	default:
		return h, errShape
	}
	if p.err == nil && (len(p.b) > 0 || h.body < 0) {
		p.err = errShape
	}
	return h, p.err
}

func (p *parser) chunk(h *headed) *chunk {
	c := &chunk{kind: h.key.Kind, lo: h.lo, hi: h.hi, number: h.last, rows: p.rows()}
	for _, at := range []*position{&c.first, &c.last} {
		at.time = p.time()
		if h.key.Kind == series.Ticks {
			at.seq = p.uint32()
		}
	}
	offset := int64(0)
	n := p.count(1 + 1 + 16)
	c.blocks = make([]block, 0, n)
	for range n {
		b := block{name: p.blockName(h.key.Kind), kind: p.byte(), length: int64(p.uint64()), sum: p.uint64(), offset: offset}
		if b.length < 0 || b.length > h.body-offset {
			p.err = errShape
			return c
		}
		offset += b.length
		c.blocks = append(c.blocks, b)
	}
	return c
}

// rows returns a count of rows of a chunk.
func (p *parser) rows() int {
	n := 0
	for shift := 0; shift < 28; shift += 7 {
		b := p.byte()
		n |= int(b&127) << shift
		if b < 128 {
			break
		}
	}
	if n < 1 || n > rowsOfChunk {
		p.err = errShape
	}
	return n
}

func (p *parser) blockName(k series.Kind) string {
	if len(p.b) > 0 && p.b[0] >= nameTime {
		return map[byte]string{nameTime: "time", nameSeq: "seq"}[p.byte()]
	}
	return p.name(k)
}

var errSum = fault.DiskDamaged.Errorf("the checksum is another")

// A buffer is what decoding a chunk needs, and is used again.
type buffer struct {
	bytes  []byte
	frame  series.Frame
	ints   []int64
	times  []market.Time
	seqs   []uint32
	floats map[string][]float64
	longs  map[string][]int64
	valid  map[string][]bool
}

var buffers = sync.Pool{New: func() any { return newBuffer() }}

func newBuffer() *buffer {
	return &buffer{floats: map[string][]float64{}, longs: map[string][]int64{}, valid: map[string][]bool{}}
}

// wants reports whether columns, nil for all, has name.
func wants(columns []string, name string) bool {
	return columns == nil || name == "time" || name == "seq" || slices.Contains(columns, name)
}

// load reads the wanted columns of c into b. What it returns is good until b is
// used again.
func (c *chunk) load(k series.Key, columns []string, b *buffer) (*series.Frame, error) {
	from, to := c.span(columns)
	b.bytes = slices.Grow(b.bytes[:0], int(to-from))[:to-from]
	if _, err := c.segment.file.ReadAt(b.bytes, c.at+from); errors.Is(err, io.EOF) {
		return nil, c.damaged(from, io.ErrUnexpectedEOF)
	} else if err != nil {
		return nil, failed(err)
	}
	b.frame = series.Frame{Key: k, Cols: b.frame.Cols[:0]}
	d := &decoder{c, b, columns, from}
	if err := d.all(); err != nil {
		return nil, err
	}
	return &b.frame, nil
}

// span returns the part of the body that holds the wanted blocks.
func (c *chunk) span(columns []string) (from, to int64) {
	from = -1
	for i := range c.blocks {
		if b := &c.blocks[i]; c.needs(b, columns) {
			if from < 0 {
				from = b.offset
			}
			to = b.offset + b.length
		}
	}
	return from, to
}

// needs reports whether a block must be read for the wanted columns: those that
// prices refer to must, too.
func (c *chunk) needs(b *block, columns []string) bool {
	if wants(columns, b.name) {
		return true
	}
	return b.kind&^typePresence == byte(series.Float64)+typeRefers && (b.name == "open" || b.name == "close") &&
		slices.ContainsFunc(prices[:], func(name string) bool { return slices.Contains(columns, name) })
}

// unpack reads all columns of c into memory of their own. It needs a buffer
// meanwhile.
func (c *chunk) unpack(k series.Key, b *buffer) (*series.Frame, error) {
	own := newBuffer()
	own.bytes, own.ints = b.bytes, b.ints
	f, err := c.load(k, nil, own)
	b.bytes, b.ints = own.bytes, own.ints
	if err != nil {
		return nil, err
	}
	kept := *f // and not the buffer around it
	return &kept, nil
}

func (c *chunk) damaged(offset int64, err error) error {
	return fault.DiskDamaged.Errorf("%s: offset %d: %w", c.segment.path, c.at+offset, err)
}

// A decoder decodes the blocks of a chunk.
type decoder struct {
	*chunk
	to      *buffer
	columns []string
	from    int64 // where in the body the bytes begin
}

func (d *decoder) all() error {
	var referring [4][]byte
	for i := range d.blocks {
		b := &d.blocks[i]
		if !d.needs(b, d.columns) {
			continue
		}
		packed := d.to.bytes[b.offset-d.from : b.offset-d.from+b.length]
		if xxh3.Hash(packed) != b.sum {
			return d.damaged(b.offset, errSum)
		}
		if b.kind == byte(series.Float64)+typeRefers {
			referring[slices.Index(prices[:], b.name)] = packed
			continue
		}
		if err := d.decode(b, packed); err != nil {
			return d.damaged(b.offset, fmt.Errorf("%s: %w", b.name, err))
		}
	}
	if err := d.decodePrices(referring); err != nil {
		return d.damaged(0, err)
	}
	return d.check()
}

func (d *decoder) decodePrices(blocks [4][]byte) error {
	if blocks[0] == nil {
		return nil
	}
	var values [4][]float64
	for i, name := range prices {
		if wants(d.columns, name) {
			values[i] = d.to.floatsOf(name, d.rows)
			d.to.frame.Cols = append(d.to.frame.Cols, series.Column{Name: name, Floats: values[i]})
		}
	}
	return codec.Bars(values, blocks)
}

func (d *decoder) decode(b *block, packed []byte) error {
	f := &d.to.frame
	switch {
	case b.kind == typePresence:
		c := f.Column(b.name)
		if c == nil {
			return errShape
		}
		c.Valid = d.to.validOf(b.name, d.rows)
		return codec.Bools(c.Valid, packed)
	case b.name == "time":
		d.to.times = slices.Grow(d.to.times[:0], d.rows)[:d.rows]
		f.Time = d.to.times
		return d.decodeTime(packed)
	case b.name == "seq":
		return d.decodeSeq(packed)
	}
	c := series.Column{Name: b.name}
	var err error
	switch series.Type(b.kind) {
	case series.Float64:
		c.Floats = d.to.floatsOf(b.name, d.rows)
		err = codec.Floats(c.Floats, packed)
	case series.Int64:
		c.Ints = d.to.longsOf(b.name, d.rows)
		err = codec.Ints(c.Ints, packed)
	case series.Text:
		c.Texts, err = d.texts(packed)
	default:
		err = errShape
	}
	f.Cols = append(f.Cols, c)
	return err
}

func (d *decoder) decodeTime(packed []byte) error {
	ints := d.to.intsFor(d.rows)
	if err := codec.Ints(ints, packed); err != nil {
		return err
	}
	for i, t := range ints {
		d.to.frame.Time[i] = market.Time(t)
	}
	return nil
}

func (d *decoder) decodeSeq(packed []byte) error {
	ints := d.to.intsFor(d.rows)
	if err := codec.Ints(ints, packed); err != nil {
		return err
	}
	d.to.seqs = slices.Grow(d.to.seqs[:0], d.rows)[:d.rows]
	d.to.frame.Seq = d.to.seqs
	for i, s := range ints {
		if s < 0 || s > 1<<32-1 {
			return errShape
		}
		d.to.frame.Seq[i] = uint32(s)
	}
	return nil
}

func (d *decoder) texts(packed []byte) (*series.Texts, error) {
	p := &parser{b: packed}
	t := &series.Texts{Dict: make([]string, p.count(1)), Index: make([]uint32, d.rows)}
	for i := range t.Dict {
		t.Dict[i] = p.text()
	}
	ints := d.to.intsFor(d.rows)
	if p.err != nil {
		return t, p.err
	}
	if err := codec.Ints(ints, p.b); err != nil {
		return t, err
	}
	for i, n := range ints {
		if n < 0 || n >= int64(max(1, len(t.Dict))) {
			return t, errShape
		}
		t.Index[i] = uint32(n)
	}
	return t, nil
}

// check holds what was decoded against the head.
func (d *decoder) check() error {
	f := &d.to.frame
	n := d.rows
	if len(f.Time) != n || f.Key.Kind == series.Ticks && len(f.Seq) != n ||
		f.Time[0] != d.first.time || f.Time[n-1] != d.last.time {
		return d.damaged(0, errShape)
	}
	return nil
}

func (b *buffer) intsFor(n int) []int64 {
	b.ints = slices.Grow(b.ints[:0], n)[:n]
	return b.ints
}

func (b *buffer) floatsOf(name string, n int) []float64 {
	b.floats[name] = slices.Grow(b.floats[name][:0], n)[:n]
	return b.floats[name]
}

func (b *buffer) longsOf(name string, n int) []int64 {
	b.longs[name] = slices.Grow(b.longs[name][:0], n)[:n]
	return b.longs[name]
}

func (b *buffer) validOf(name string, n int) []bool {
	b.valid[name] = slices.Grow(b.valid[name][:0], n)[:n]
	return b.valid[name]
}
