package marketfile

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"github.com/redfire-quant/redfire/fault"
)

// An arrowFooter tells what an Arrow file holds. A file looks like a mark and a
// stream in front of it, but Polars writes no length before the schema there.
type arrowFooter struct {
	schema []byte // as a message
	blocks []arrowBlock
}

// An arrowBlock is where a message is.
type arrowBlock struct {
	kind       byte
	from, size int64
}

// next returns the next message of a file: the dictionaries come first, since
// their place in the file is free.
func (f *arrowFooter) next() (b arrowBlock, ok bool) {
	if len(f.blocks) == 0 {
		return b, false
	}
	b, f.blocks = f.blocks[0], f.blocks[1:]
	return b, true
}

// readArrowFooter reads the end of an Arrow file.
func readArrowFooter(in *io.SectionReader) (*arrowFooter, error) {
	const tail, begin = len(arrowMark) + 4, 8
	var end [tail]byte
	at := in.Size() - int64(tail)
	if at < begin {
		return nil, errCut()
	}
	if _, err := in.ReadAt(end[:], at); err != nil {
		return nil, readFault(err)
	}
	size := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != arrowMark || size > at-begin {
		return nil, fault.FileDamaged.Errorf("the end of the file is not that of an Arrow file: it was cut off")
	}
	if size > mostMeta {
		return nil, fault.FileForm.Errorf("its footer has %d bytes, at most %d are read: write it in larger batches", size, mostMeta)
	}
	b := make([]byte, schemaAt+size)
	if _, err := in.ReadAt(b[schemaAt:], at-size); err != nil {
		return nil, readFault(err)
	}
	f := &arrowFooter{schema: b}
	t := flatTable{b, schemaAt + u32(b, schemaAt)}
	schema, ok := t.table(1)
	if !ok {
		return nil, fault.FileDamaged.Errorf("the footer has no schema")
	}
	f.wrap(int(t.int16(0)), schema.at)
	f.take(t, 2, arrowDictionary)
	f.take(t, 3, arrowBatch)
	return f, f.check(at-size, size)
}

// schemaAt is where the footer begins behind the message that has its schema.
const schemaAt = 32

// wrap writes a message in front of the footer, of which the schema is a part.
func (f *arrowFooter) wrap(version, schema int) {
	const (
		fields, table = 4, 16
		header        = table + 8
	)
	le, b := binary.LittleEndian, f.schema
	le.PutUint32(b, table)
	for i, x := range []uint16{12, 12, 4, 6, header - table, 0} { // sizes, and where its fields are
		le.PutUint16(b[fields+2*i:], x)
	}
	le.PutUint32(b[table:], table-fields)
	le.PutUint16(b[table+4:], uint16(version))
	b[table+6] = arrowSchema
	le.PutUint32(b[header:], uint32(schema-header))
}

// take takes the places of messages of a kind.
func (f *arrowFooter) take(t flatTable, n int, kind byte) {
	const block = 24
	at, length := t.vector(n, block)
	for i := range length {
		b := t.bytes[at+block*i:]
		meta, body := int64(int32(u32(b, 8))), int64(binary.LittleEndian.Uint64(b[16:]))
		f.blocks = append(f.blocks, arrowBlock{kind, int64(binary.LittleEndian.Uint64(b)), meta + max(body, 0)})
	}
}

// check sees to it that the messages fill the file up to its footer: where damage
// takes some from the list, nothing else tells that they are missing.
func (f *arrowFooter) check(end, size int64) error {
	const most = 64 // bytes that fill up, or say that there are no more
	inOrder := slices.SortedFunc(slices.Values(f.blocks), func(a, b arrowBlock) int { return cmp.Compare(a.from, b.from) })
	at, room := int64(8), size+most // the schema stands there too
	for _, b := range append(inOrder, arrowBlock{from: end}) {
		if b.from < at || b.from-at > room || b.size < 0 || b.size > end-b.from {
			return fault.FileDamaged.Errorf("its footer does not tell of all that is in the file")
		}
		at, room = b.from+b.size, most
	}
	return nil
}
