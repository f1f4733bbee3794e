package raw_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/redfire-quant/redfire/internal/raw"
)

func TestBytesAreTheMemoryOfNumbers(t *testing.T) {
	values := []float64{1.5, -2, 0}
	b := raw.Bytes(values)
	if len(b) != 24 {
		t.Fatalf("got %d bytes, want 24", len(b))
	}
	binary.NativeEndian.PutUint64(b[8:], math.Float64bits(7))
	if values[1] != 7 {
		t.Errorf("got %v, want the second one changed", values)
	}
	if got := raw.Bytes([]uint32(nil)); got != nil {
		t.Errorf("of nothing: got %v", got)
	}
}

func TestLittleHasTheLowestByteFirst(t *testing.T) {
	got := raw.Little([]uint32{1, 0x01020304})
	if want := []byte{1, 0, 0, 0, 4, 3, 2, 1}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSwapTurnsEachNumberRound(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	raw.Swap(b, 4)
	if want := []byte{4, 3, 2, 1, 8, 7, 6, 5}; !bytes.Equal(b, want) {
		t.Errorf("got %v, want %v", b, want)
	}
	raw.Swap(b, 8)
	if want := []byte{5, 6, 7, 8, 1, 2, 3, 4}; !bytes.Equal(b, want) {
		t.Errorf("got %v, want %v", b, want)
	}
}
