package marketfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// streams are frames of every kind, of which each call makes new ones.
func streams() map[series.Kind][]*series.Frame {
	return map[series.Kind][]*series.Frame{
		series.Bars:      manyBars(),
		series.Ticks:     {plainTicks("a", 3000), plainTicks("b", 2000), plainTicks("c", 7)},
		series.Indicator: {rsi("a.X", "rsi(14)"), rsi("b.X", "rsi(14)"), rsi("a.X", "rsi(6)")},
	}
}

// The messages of a stream are as the format wants them: what stands in front of
// the values is a multiple of 8 bytes, and they begin at multiples of 64.
func TestTheMessagesOfAStreamAreAligned(t *testing.T) {
	for kind, frames := range streams() {
		stream := encoded(t, marketfile.ArrowStream, kind, frames...)
		messages, in := 0, bytes.NewReader(stream)
		for wantAlignedMessage(t, in) {
			messages++
		}
		if messages < 3 {
			t.Errorf("%s: there are %d messages", kind, messages)
		}
	}
}

// wantAlignedMessage reads a message. It reports false for the end, behind which
// nothing may stand.
func wantAlignedMessage(t *testing.T, in *bytes.Reader) bool {
	t.Helper()
	at := in.Size() - int64(in.Len())
	var head [2]uint32
	if err := binary.Read(in, binary.LittleEndian, &head); err != nil {
		t.Fatalf("at %d: %v", at, err)
	}
	if head[0] != 0xFFFFFFFF || head[1]%8 != 0 {
		t.Fatalf("at %d: a message begins with %x", at, head)
	}
	if head[1] == 0 {
		if in.Len() > 0 {
			t.Errorf("%d bytes stand behind the end", in.Len())
		}
		return false
	}
	meta := make([]byte, head[1])
	if _, err := io.ReadFull(in, meta); err != nil {
		t.Fatal(err)
	}
	body := bodyOf(meta)
	if body%64 != 0 {
		t.Errorf("at %d: a message has %d bytes of values", at, body)
	}
	if _, err := in.Seek(int64(body), io.SeekCurrent); err != nil {
		t.Fatal(err)
	}
	return true
}

// bodyOf returns how many bytes of values a message has, which is the fourth field
// of its table.
func bodyOf(meta []byte) uint64 {
	table := binary.LittleEndian.Uint32(meta)
	fields := meta[table-binary.LittleEndian.Uint32(meta[table:]):]
	if binary.LittleEndian.Uint16(fields) < 12 {
		return 0
	}
	at := binary.LittleEndian.Uint16(fields[10:])
	if at == 0 {
		return 0
	}
	return binary.LittleEndian.Uint64(meta[table+uint32(at):])
}

// A packed stream is written by the library, and holds the same rows under the same
// schema.
func TestAStreamIsReadAsThatOfTheLibrary(t *testing.T) {
	for kind, frames := range streams() {
		wantSameStream(t, kind, frames)
	}
}

func wantSameStream(t *testing.T, kind series.Kind, frames []*series.Frame) {
	t.Helper()
	var packed bytes.Buffer
	encode(t, &packed, kind, &marketfile.EncodeOptions{Format: marketfile.ArrowStream, Compress: true}, frames...)
	theirs, err := ipc.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Release()
	ours, err := ipc.NewReader(bytes.NewReader(encoded(t, marketfile.ArrowStream, kind, frames...)))
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Release()
	if !ours.Schema().Equal(theirs.Schema()) || !ours.Schema().Metadata().Equal(theirs.Schema().Metadata()) {
		t.Errorf("%s: got %s, want %s", kind, ours.Schema(), theirs.Schema())
	}
	for theirs.Next() {
		if !ours.Next() {
			t.Fatalf("%s: a batch is missing: %v", kind, ours.Err())
		}
		got, want := fmt.Sprint(ours.RecordBatch()), fmt.Sprint(theirs.RecordBatch())
		if got != want {
			t.Errorf("%s: got %.300s, want %.300s", kind, got, want)
		}
	}
	if ours.Next() || ours.Err() != nil || theirs.Err() != nil {
		t.Errorf("%s: there are more batches, or %v, %v", kind, ours.Err(), theirs.Err())
	}
}

// What a stream leaves for the next, which may be of another shape, is never seen.
func TestStreamsAfterEachOtherAndAtOnceDoNotMix(t *testing.T) {
	want := map[series.Kind][]byte{}
	for kind, frames := range streams() {
		want[kind] = encoded(t, marketfile.ArrowStream, kind, frames...)
	}
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			for n := range 12 {
				kind := []series.Kind{series.Bars, series.Ticks, series.Indicator}[(i+n)%3]
				frames := streams()[kind]
				if n%4 == 3 {
					unfinished(t, kind, frames)
				}
				if got := encoded(t, marketfile.ArrowStream, kind, frames...); !bytes.Equal(got, want[kind]) {
					t.Errorf("%s: stream %d differs", kind, n)
				}
			}
		})
	}
	all.Wait()
}

// unfinished writes a stream that is given up.
func unfinished(t *testing.T, kind series.Kind, frames []*series.Frame) {
	for _, w := range []io.Writer{io.Discard, stuckPipe{}} {
		e, err := marketfile.NewEncoder(w, kind, told(frames...), &marketfile.EncodeOptions{Format: marketfile.ArrowStream, Columns: []string{}})
		if err != nil {
			t.Error(err)
			continue
		}
		err = errors.Join(e.Write(frames[0]), e.Write(frames[len(frames)-1]))
		if w != io.Discard {
			err = errors.Join(err, e.Close())
			if err == nil {
				t.Error("a writer that fails is not told of")
			}
		} else if err != nil {
			t.Error(err)
		}
	}
}
