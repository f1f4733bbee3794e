package marketfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"github.com/redfire-quant/redfire/fault"
)

// The library unpacks a page into a buffer of its own choice and forgets what it
// unpacked if that did not fit (parquet-go issue 608: LZ4, and gzip of unlucky
// lengths); it trusts lengths that damage has changed. So pages are unpacked
// here, and the library is given a file whose pages never were packed.

// readFooter reads the end of a Parquet file.
func readFooter(in io.ReaderAt, size int64) (*format.FileMetaData, error) {
	const tail = 8 // the length of what stands before it, and the mark
	var end [tail]byte
	if size < tail+int64(len(parquetMark)) {
		return nil, fault.FileDamaged.Errorf("parquet: %w", io.ErrUnexpectedEOF)
	}
	if _, err := in.ReadAt(end[:], size-tail); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != parquetMark || length > size-tail-int64(len(parquetMark)) {
		return nil, fault.FileDamaged.Errorf("the end of the file is not that of a Parquet file: it was cut off")
	}
	footer := make([]byte, length)
	if _, err := in.ReadAt(footer, size-tail-length); err != nil {
		return nil, err
	}
	meta, protocol := &format.FileMetaData{}, thrift.CompactProtocol{}
	return meta, thrift.NewDecoder(protocol.NewReaderFromBytes(footer)).Decode(meta)
}

const parquetMark = "PAR1"

// openUnpacked opens a file that has the end of another, but for its pages not
// being packed. The pages are read by a pageStream.
func openUnpacked(meta *format.FileMetaData) (*parquet.File, error) {
	const endless = 1 << 60
	for i := range meta.RowGroups {
		columns := meta.RowGroups[i].Columns
		for j := range columns {
			columns[j].MetaData.Codec, columns[j].MetaData.TotalCompressedSize = format.Uncompressed, endless
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), meta)
	if err != nil {
		return nil, err
	}
	file := append([]byte(parquetMark), footer...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(footer)))
	file = append(file, parquetMark...)
	return parquet.OpenFile(bytes.NewReader(file), int64(len(file)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
}

// A pageStream is the pages of a column as they would stand in the file if they
// were not packed. It is read from its beginning to its end.
type pageStream struct {
	packed *bufio.Reader // the pages in the file
	meta   *format.ColumnMetaData
	zstd   *zstd.Decoder

	optional bool // the column may lack values

	base   int64  // where the library takes the column to begin
	at     int64  // how much of the stream was read
	raw    []byte // the page as it stands in the file
	page   []byte // its header, and what it holds
	rest   []byte // what was not read of that
	values int64  // that the pages had so far
}

// newPageStream returns the pages of a column of a file of that size.
func newPageStream(in io.ReaderAt, size int64, meta *format.ColumnMetaData, z *zstd.Decoder) (*pageStream, error) {
	begin := meta.DataPageOffset
	if d := meta.DictionaryPageOffset; d != 0 { // the library begins there too
		begin = d
	}
	if begin < 0 || meta.TotalCompressedSize < 0 || meta.TotalCompressedSize > size-begin {
		return nil, fault.FileDamaged.Errorf("a column reaches from byte %d to %d of a file of %d", begin, begin+meta.TotalCompressedSize, size)
	}
	const readSize = 256 << 10
	section := io.NewSectionReader(in, begin, meta.TotalCompressedSize)
	return &pageStream{packed: bufio.NewReaderSize(section, readSize), meta: meta, zstd: z, base: begin}, nil
}

// ReadAt reads on: there is no other place to read at.
func (s *pageStream) ReadAt(b []byte, at int64) (int, error) {
	if at != s.base+s.at {
		return 0, errors.New("the pages are not read in their order")
	}
	if len(s.rest) == 0 {
		if err := s.turn(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.rest)
	s.rest, s.at = s.rest[n:], s.at+int64(n)
	return n, nil
}

// leastPage is how large a page may be unpacked, whatever the end of the file
// says of its column.
const leastPage = 64 << 20

// turn unpacks the next page.
func (s *pageStream) turn() error {
	if s.values >= s.meta.NumValues {
		return io.EOF
	}
	h, protocol := format.PageHeader{}, thrift.CompactProtocol{}
	if err := thrift.NewDecoder(protocol.NewReader(s.packed)).Decode(&h); err != nil {
		return err
	}
	levels, err := s.check(&h)
	if err != nil {
		return err
	}
	s.raw = sized(s.raw, int(h.CompressedPageSize))
	if _, err := io.ReadFull(s.packed, s.raw); err != nil {
		return err
	}
	if h.CRC != 0 && uint32(h.CRC) != crc32.ChecksumIEEE(s.raw) {
		return fault.FileDamaged.Errorf("the checksum of a page is wrong")
	}
	codec := s.meta.Codec
	if v2 := h.DataPageHeaderV2; v2.Valid && v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
		codec = format.Uncompressed
	}
	h.CompressedPageSize, h.CRC = h.UncompressedPageSize, 0
	header, err := thrift.Marshal(&protocol, &h)
	if err != nil {
		return err
	}
	s.page = sized(s.page, len(header)+int(h.UncompressedPageSize))
	copy(s.page, header)
	page := s.page[len(header):]
	copy(page, s.raw[:levels])
	if err := s.unpack(codec, page[levels:], s.raw[levels:]); err != nil {
		return err
	}
	if err := checkPage(&h, page, levels, s.optional); err != nil {
		return err
	}
	if s.meta.Type == format.Boolean {
		return s.plainTruths(&h, page, levels)
	}
	s.rest = s.page
	return nil
}

// plainTruths makes a page of booleans in runs one that has them bit by bit: the
// library takes every run to end with a byte. The page was checked.
func (s *pageStream) plainTruths(h *format.PageHeader, page []byte, levels int32) error {
	s.rest = s.page
	v1, v2 := &h.DataPageHeader, &h.DataPageHeaderV2
	g := &pageGuard{rest: page[levels:]}
	switch {
	case v2.Valid && v2.V.Encoding == format.RLE:
		v2.V.Encoding, g.values = format.Plain, int(v2.V.NumValues)
	case v1.Valid && v1.V.Encoding == format.RLE:
		v1.V.Encoding, g.values = format.Plain, int(v1.V.NumValues)
		if s.optional && v1.V.DefinitionLevelEncoding == format.RLE {
			g.part()
		}
	default:
		return nil
	}
	before := page[:len(page)-len(g.rest)]
	g.rest, _ = g.part()
	bits := g.truths()
	h.UncompressedPageSize = int32(len(before) + len(bits))
	h.CompressedPageSize = h.UncompressedPageSize
	header, err := thrift.Marshal(new(thrift.CompactProtocol), h)
	s.rest = slices.Concat(header, before, bits)
	return err
}

// check refuses a page that is larger than its column can be. It returns how many
// of its bytes are never packed.
func (s *pageStream) check(h *format.PageHeader) (levels int32, err error) {
	v2 := &h.DataPageHeaderV2.V
	s.values += int64(h.DataPageHeader.V.NumValues) + int64(v2.NumValues)
	levels = v2.DefinitionLevelsByteLength + v2.RepetitionLevelsByteLength
	most := max(s.meta.TotalUncompressedSize, leastPage)
	switch {
	case h.DataPageHeader.V.NumValues < 0, v2.NumValues < 0, s.values > s.meta.NumValues,
		h.CompressedPageSize < 0, h.UncompressedPageSize < 0, int64(h.UncompressedPageSize) > most,
		int64(h.CompressedPageSize) > s.meta.TotalCompressedSize,
		v2.DefinitionLevelsByteLength < 0, v2.RepetitionLevelsByteLength < 0,
		levels < 0, levels > min(h.CompressedPageSize, h.UncompressedPageSize):
		return 0, fault.FileDamaged.Errorf("a page up to value %d takes %d bytes, its whole column %d", s.values, h.UncompressedPageSize, s.meta.TotalUncompressedSize)
	}
	return levels, nil
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// unpack fills to, exactly.
func (s *pageStream) unpack(codec format.CompressionCodec, to, from []byte) error {
	got, err := s.decode(codec, to, from)
	switch {
	case fault.CodeOf(err) != "":
		return err
	case err != nil:
		return fault.FileDamaged.Errorf("unpack: %w", err)
	case got != len(to):
		return fault.FileDamaged.Errorf("a page of %d bytes has %d", len(to), got)
	}
	return nil
}

// decode returns how many bytes there are. It fills to with them if they are as
// many as it has.
func (s *pageStream) decode(codec format.CompressionCodec, to, from []byte) (int, error) {
	if len(to) == 0 && len(from) == 0 { // of a page without values
		return 0, nil
	}
	switch codec {
	case format.Uncompressed:
		copy(to, from)
		return len(from), nil
	case format.Snappy:
		n, err := snappy.DecodedLen(from)
		if err != nil || n != len(to) {
			return n, err
		}
		_, err = snappy.Decode(to, from)
		return n, err
	case format.Zstd:
		got, err := s.zstd.DecodeAll(from, to[:0:len(to)])
		return len(got), err
	case format.Gzip:
		z, err := gzip.NewReader(bytes.NewReader(from))
		if err != nil {
			return 0, err
		}
		return fill(to, z)
	case format.Lz4Raw:
		return lz4.UncompressBlock(from, to)
	case format.Brotli:
		got, err := parquet.Brotli.Decode(make([]byte, 0, len(to)+1), from)
		copy(to, got)
		return len(got), err
	}
	return 0, fault.FileForm.Errorf("its columns are packed by %s, which is not read: write it with zstd or snappy", codec)
}

// fill fills to from r, and returns how many bytes there are, one more than fit
// at most.
func fill(to []byte, r io.Reader) (int, error) {
	n, err := io.ReadFull(r, to)
	if err != nil {
		return n, err
	}
	more, err := io.ReadFull(r, make([]byte, 1))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n + more, err
}
