package httpapi

import (
	"io"
	"strconv"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// rowsHeader tells how many rows an answer has, when it has them all. An answer
// that is known whole before its first byte is sent has it, and its length, among
// its headers; one that is not has it as its trailer.
const rowsHeader = "Redfire-Rows"

// wholeBytes is how long an answer is at most that is sent as a whole: two thousand
// rows of JSON, about. Longer ones are sent in pieces of so many bytes.
const wholeBytes = 384 << 10

// A body is the body of an answer that is being made. What it collects is sent when
// it is much, or whole.
type body struct {
	call   *call
	packer io.WriteCloser // nil for none
	text   *[]byte
	sent   bool // a part of it
}

var bodyTexts = sync.Pool{New: func() any {
	b := make([]byte, 0, 64<<10)
	return &b
}}

// body begins an answer of a media type, packed as the client accepts it. Nothing
// is sent before there is much of it, or it is finished. Who has begun it drops it,
// whatever happens.
func (c *call) body(mediaType, packing string) (*body, error) {
	h := c.Header()
	h.Set("Content-Type", mediaType)
	b := &body{call: c}
	var err error
	switch packing {
	case "zstd":
		b.packer, err = zstd.NewWriter(unpacked{b}, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	case "gzip":
		b.packer, err = gzip.NewWriterLevel(unpacked{b}, gzip.BestSpeed)
	}
	if err != nil {
		return nil, err
	}
	if packing != "" {
		h.Set("Content-Encoding", packing)
	}
	b.text = bodyTexts.Get().(*[]byte) //nolint:forcetypeassert // there is nothing else
	return b, nil
}

// Write adds to the body.
func (b *body) Write(text []byte) (int, error) {
	if b.packer != nil {
		return b.packer.Write(text)
	}
	return b.collect(text)
}

// unpacked is a body as a packer writes to it.
type unpacked struct{ *body }

func (u unpacked) Write(text []byte) (int, error) { return u.collect(text) }

func (b *body) collect(text []byte) (int, error) {
	if len(*b.text)+len(text) > wholeBytes {
		if err := b.send(); err != nil {
			return 0, err
		}
	}
	if len(text) > wholeBytes {
		return b.call.Write(text)
	}
	*b.text = append(*b.text, text...)
	return len(text), nil
}

// send sends what was collected, as a part.
func (b *body) send() error {
	if !b.sent {
		b.sent = true
		b.call.Header().Set("Trailer", rowsHeader)
	}
	_, err := b.call.Write(*b.text)
	*b.text = (*b.text)[:0]
	return err
}

// finish sends what is left of a body of so many rows.
func (b *body) finish(rows int64) error {
	if b.packer != nil {
		if err := b.packer.Close(); err != nil {
			return err
		}
	}
	h := b.call.Header()
	if b.sent {
		err := b.send()
		h.Set(rowsHeader, strconv.FormatInt(rows, 10))
		return err
	}
	h.Set(rowsHeader, strconv.FormatInt(rows, 10))
	h.Set("Content-Length", strconv.Itoa(len(*b.text)))
	_, err := b.call.Write(*b.text)
	return err
}

// drop gives back what b collects into. It may be called for one that is nil.
func (b *body) drop() {
	if b == nil || b.text == nil {
		return
	}
	*b.text = (*b.text)[:0]
	bodyTexts.Put(b.text)
	b.text = nil
}
