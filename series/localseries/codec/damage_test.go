package codec_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os/exec"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/series/localseries/codec"
)

func generate(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "run", "unpackgen.go", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("go run unpackgen.go: %v\n%s", err, out)
	}
}

// damaged calls f with block cut off at every length, and with every byte
// changed in some ways. The slices have no byte behind them that could be read
// unnoticed.
func damaged(block []byte, f func(spoilt []byte)) {
	for n := 0; n < len(block); n += fewer.Step(7) {
		f(slices.Clip(slices.Clone(block[:n])))
	}
	for i := 0; i < len(block); i += fewer.Step(7) {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			spoilt := slices.Clone(block)
			spoilt[i] ^= flip
			f(slices.Clip(spoilt))
		}
	}
}

func wantCorruptOrNil(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("got error %v, want ErrCorrupt or none", err)
	}
}

func TestDamagedBlocksNeverPanic(t *testing.T) {
	for _, n := range []int{1, 5, 140} {
		got := make([]int64, n)
		for _, v := range intColumns(n) {
			damaged(codec.AppendInts(nil, v), func(b []byte) { wantCorruptOrNil(t, codec.Ints(got, b)) })
		}
		floats := make([]float64, n)
		for _, v := range floatColumns(n) {
			damaged(codec.AppendFloats(nil, v), func(b []byte) { wantCorruptOrNil(t, codec.Floats(floats, b)) })
		}
		bools := make([]bool, n)
		for _, v := range boolColumns(n) {
			damaged(codec.AppendBools(nil, v), func(b []byte) { wantCorruptOrNil(t, codec.Bools(bools, b)) })
		}
		for _, v := range barColumns(n) {
			out := [4][]float64{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
			blocks := codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3])
			for i := range blocks {
				spoilt := blocks
				damaged(blocks[i], func(b []byte) {
					spoilt[i] = b
					wantCorruptOrNil(t, codec.Bars(out, spoilt))
				})
			}
		}
	}
}

// TestACutOffBlockIsCorrupt is about every length of blocks of every form.
func TestACutOffBlockIsCorrupt(t *testing.T) {
	const n = 300
	got, floats, bools := make([]int64, n), make([]float64, n), make([]bool, n)
	f := func(name string, block []byte, unpack func(b []byte) error) {
		t.Helper()
		for i := 0; i < len(block); i += fewer.Step(7) {
			if err := unpack(block[:i:i]); !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("%s: %d of %d bytes: got error %v, want ErrCorrupt", name, i, len(block), err)
			}
		}
	}
	for name, v := range intColumns(n) {
		f(name, codec.AppendInts(nil, v), func(b []byte) error { return codec.Ints(got, b) })
	}
	for name, v := range floatColumns(n) {
		f(name, codec.AppendFloats(nil, v), func(b []byte) error { return codec.Floats(floats, b) })
	}
	for name, v := range boolColumns(n) {
		f(name, codec.AppendBools(nil, v), func(b []byte) error { return codec.Bools(bools, b) })
	}
	for name, v := range barColumns(n) {
		blocks := codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3])
		for i := range blocks {
			f(name, blocks[i], func(b []byte) error {
				cut := blocks
				cut[i] = b
				out := [4][]float64{floats, make([]float64, n), make([]float64, n), make([]float64, n)}
				return codec.Bars(out, cut)
			})
		}
	}
}

// TestWrongBlocksAreCorrupt is about blocks that no function here makes, and
// those that are another function's.
func TestWrongBlocksAreCorrupt(t *testing.T) {
	ints := func(name string, n int, b ...byte) {
		t.Helper()
		if err := codec.Ints(make([]int64, n), b); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
	floats := func(name string, n int, b ...byte) {
		t.Helper()
		if err := codec.Floats(make([]float64, n), b); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
	bools := func(name string, n int, b ...byte) {
		t.Helper()
		if err := codec.Bools(make([]bool, n), b); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
	ints("depth 3", 1, 0x03, 1, 0, 1, 0, 0, 0)
	ints("depth 3, flat", 1, 0x0b, 1, 0, 0, 0)
	ints("kind 0x10", 1, 0x18, 1, 0)
	ints("endless uvarint", 1, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0)
	ints("width 57", 1, 0x00, 1, 0, 1, 57, 1, 2, 3, 4, 5, 6, 7, 8)
	ints("width 65", 1, 0x00, 1, 0, 1, 65, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	ints("width 127", 1, 0x00, 1, 0, 1, 127, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7)
	ints("64 bits with exceptions", 1, 0x00, 1, 0, 1, 0xc0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	ints("more exceptions than values", 1, 0x00, 1, 0, 1, 0x80, 2, 0, 0, 0)
	ints("an exception of no value", 1, 0x00, 1, 0, 1, 0x80, 1, 0, 1)
	ints("255 exceptions", 200, append([]byte{0x00, 200, 1, 0, 1, 0x80, 255, 0}, make([]byte, 500)...)...)
	floats("integers", 1, codec.AppendInts(nil, []int64{5})...)
	floats("a column of bars", 1, codec.AppendBars([4][]byte{}, []float64{1}, []float64{1}, []float64{1}, []float64{1})[3]...)
	floats("10^23", 1, 0x10, 23, 0x08, 1, 0)
	floats("a patch of no value", 1, append([]byte{0x11, 0, 0x08, 1, 0, 1, 1}, make([]byte, 8)...)...)
	floats("two patches of one value", 1, append([]byte{0x11, 0, 0x08, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 8)...)...)
	floats("a count too great", 1, append([]byte{0x11, 0, 0x08, 1, 0, 2, 0}, make([]byte, 8)...)...)
	floats("a gap beyond all", 2, append(binary.AppendUvarint([]byte{0x11, 0, 0x08, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0}, math.MaxUint64), make([]byte, 8)...)...)
	floats("a patch too many", 0, append([]byte{0x11, 0, 0x08, 0, 0, 1, 0}, make([]byte, 8)...)...)
	bools("an empty run", 2, 0x20, 1, 0, 1)
	bools("a run too long", 2, 0x20, 1, 2)
	bools("a long run", 2, append([]byte{0x20}, binary.AppendUvarint(nil, math.MaxUint64)...)...)
	bools("kind 0x23", 0, 0x23, 0)
	bools("integers", 1, codec.AppendInts(nil, []int64{5})...)
}

// TestBarsRefuseForeignBlocks unpacks bars of which a block is not the one
// that belongs there.
func TestBarsRefuseForeignBlocks(t *testing.T) {
	of := func(v [4][]float64) [4][]byte { return codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3]) }
	all := barColumns(200)
	bars, other, longer, alone := of(all["bars"]), of(all["five places"]), of(barColumns(201)["bars"]), of(all["a NaN"])
	deep := codec.AppendInts([]byte{0x19, 2}, intColumns(200)["line"])
	f := func(name string, blocks [4][]byte) {
		t.Helper()
		v := make([]float64, 200)
		if err := codec.Bars([4][]float64{v, slices.Clone(v), slices.Clone(v), slices.Clone(v)}, blocks); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
	for i := range bars {
		with := func(b []byte) [4][]byte {
			blocks := bars
			blocks[i] = b
			return blocks
		}
		f("none", with(nil))
		f("a byte more", with(append(slices.Clone(bars[i]), 0)))
		f("another column", with(bars[(i+1)%4]))
		f("another power of ten", with(other[i]))
		f("another length", with(longer[i]))
		f("one without partners", with(alone[i]))
		f("differences of differences", with(deep))
	}
	for _, column := range []int{0, 3} {
		var v [4][]float64
		v[2] = make([]float64, 200)
		blocks := bars
		blocks[column] = nil
		if err := codec.Bars(v, blocks); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("low without column %d: got error %v, want ErrCorrupt", column, err)
		}
	}
	for _, n := range [][2]int{{199, 200}, {200, 199}, {200, 201}, {201, 200}} {
		v := [4][]float64{make([]float64, n[0]), make([]float64, n[1])}
		if err := codec.Bars(v, bars); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("columns of two lengths: got error %v, want ErrCorrupt", err)
		}
	}
	if err := codec.Bars([4][]float64{}, [4][]byte{}); err != nil {
		t.Errorf("no column wanted: got error %v", err)
	}
}
