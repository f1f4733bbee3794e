package marketfile

import (
	"encoding/binary"

	"github.com/redfire-quant/redfire/fault"
)

// The library makes room for as many things as a message says that it has, and
// goes where its offsets point. That is checked here first: where damage has made
// gigabytes of it, the process would end.

const (
	mostMeta   = 64 << 20  // bytes of what describes a batch, and of all names of a schema
	mostBatch  = 512 << 20 // bytes of a batch, unpacked
	mostFields = 20_000    // of a schema, nested ones too
	mostNested = 64        // fields within each other
)

// The kinds of Arrow's messages.
const (
	arrowSchema     = 1
	arrowDictionary = 2
	arrowBatch      = 3
)

// A flatTable is a table of a FlatBuffer. A field that would lie outside of the
// bytes ends in a panic, which guard makes an error of.
type flatTable struct {
	bytes []byte
	at    int
}

func u32(b []byte, at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }

// flatRoot returns the table that bytes are about.
func flatRoot(b []byte) flatTable { return flatTable{b, u32(b, 0)} }

// field returns where a field is, 0 if the table does not have it.
func (t flatTable) field(n int) int {
	table := t.at - int(int32(u32(t.bytes, t.at)))
	at := 4 + 2*n
	if at >= int(binary.LittleEndian.Uint16(t.bytes[table:])) {
		return 0
	}
	if off := int(binary.LittleEndian.Uint16(t.bytes[table+at:])); off != 0 {
		return t.at + off
	}
	return 0
}

func (t flatTable) int64(n int) int64 {
	at := t.field(n)
	if at == 0 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(t.bytes[at:]))
}

func (t flatTable) int16(n int) int16 {
	at := t.field(n)
	if at == 0 {
		return 0
	}
	return int16(binary.LittleEndian.Uint16(t.bytes[at:]))
}

func (t flatTable) byte(n int) byte {
	at := t.field(n)
	if at == 0 {
		return 0
	}
	return t.bytes[at]
}

func (t flatTable) table(n int) (flatTable, bool) {
	at := t.field(n)
	if at == 0 {
		return flatTable{}, false
	}
	return flatTable{t.bytes, at + u32(t.bytes, at)}, true
}

// vector returns where the first of several things of a size is, and how many
// there are.
func (t flatTable) vector(n, size int) (at, length int) {
	if at = t.field(n); at == 0 {
		return 0, 0
	}
	at += u32(t.bytes, at)
	length = u32(t.bytes, at)
	at += 4
	if length < 0 || length > (len(t.bytes)-at)/size {
		panic("a list is longer than what it stands in")
	}
	return at, length
}

// tables returns the tables of a vector.
func (t flatTable) tables(n int) []flatTable {
	at, length := t.vector(n, 4)
	all := make([]flatTable, length)
	for i := range all {
		all[i] = flatTable{t.bytes, at + 4*i + u32(t.bytes, at+4*i)}
	}
	return all
}

// A schemaGuard adds up what a schema would become: parts of it may be used more
// than once.
type schemaGuard struct{ fields, bytes int }

// checkSchema checks the schema that a message has.
func checkSchema(t flatTable) error {
	g := &schemaGuard{}
	g.keyed(t, 2)
	ok := true
	for _, f := range t.tables(1) {
		ok = ok && g.field(f, 1)
	}
	if !ok || g.bytes > mostMeta {
		return fault.FileForm.Errorf("its schema has more than %d columns, nests them deeper than %d, or has names of more than %d MB", mostFields, mostNested, mostMeta>>20)
	}
	return nil
}

// field checks a field and those in it.
func (g *schemaGuard) field(t flatTable, depth int) bool {
	const timestamp, union = 10, 14
	if g.fields++; g.fields > mostFields || depth > mostNested || g.bytes > mostMeta {
		return false
	}
	g.text(t, 0)
	g.keyed(t, 6)
	if of, ok := t.table(3); ok {
		switch t.byte(2) {
		case timestamp:
			g.text(of, 1)
		case union:
			_, n := of.vector(1, 4)
			g.bytes += 4 * n
		}
	}
	for _, child := range t.tables(5) {
		if !g.field(child, depth+1) {
			return false
		}
	}
	return true
}

func (g *schemaGuard) text(t flatTable, n int) {
	_, length := t.vector(n, 1)
	g.bytes += length
}

// keyed checks texts that have keys.
func (g *schemaGuard) keyed(t flatTable, n int) {
	for _, pair := range t.tables(n) {
		if g.bytes > mostMeta {
			return
		}
		g.text(pair, 0)
		g.text(pair, 1)
		g.bytes += 32
	}
}

// checkBatch checks what a batch of rows, or a dictionary, says of its columns.
func checkBatch(t flatTable, columns int) error {
	const most = 1<<31 - 1
	rows := t.int64(0)
	at, nodes := t.vector(1, 16)
	if nodes < columns {
		return fault.FileDamaged.Errorf("a batch has %d columns of %d", nodes, columns)
	}
	for i := range nodes {
		length := int64(binary.LittleEndian.Uint64(t.bytes[at+16*i:]))
		nulls := int64(binary.LittleEndian.Uint64(t.bytes[at+16*i+8:]))
		if i == 0 && length != rows {
			// The library would take so many rows as there are said to be.
			return fault.FileDamaged.Errorf("a batch of %d rows has columns of %d", rows, length)
		}
		if length < 0 || length > most || nulls < 0 || nulls > length {
			return fault.FileDamaged.Errorf("a column of %d values has %d empty ones", length, nulls)
		}
	}
	_, buffers := t.vector(2, 16)
	at, views := t.vector(4, 8)
	for i := range views {
		if n := binary.LittleEndian.Uint64(t.bytes[at+8*i:]); n > uint64(buffers) {
			return fault.FileDamaged.Errorf("a column has %d parts of %d", n, buffers)
		}
	}
	if rows < 0 || rows > most {
		return fault.FileDamaged.Errorf("a batch has %d rows", rows)
	}
	return nil
}
