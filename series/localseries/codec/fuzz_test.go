package codec_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/series/localseries/codec"
)

// numbersOf makes integers of bytes, as many for each as size says: few bytes
// make small integers.
func numbersOf(b []byte, size uint8) []int64 {
	n := int(size%8) + 1
	var v []int64
	for len(b) >= n {
		var word [8]byte
		copy(word[8-n:], b[:n])
		v = append(v, int64(binary.LittleEndian.Uint64(word[:]))>>(64-8*n))
		b = b[n:]
	}
	return v
}

func addSeeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"extremes", "line", "parabola", "divisor", "random", "walk", "rare jump", "rarely 60 bits"} {
		var b []byte
		for _, x := range intColumns(150)[name] {
			b = binary.LittleEndian.AppendUint64(b, uint64(x))
		}
		for size := range uint8(8) {
			f.Add(b, size)
		}
	}
	f.Add([]byte{}, uint8(0))
}

func FuzzInts(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		v := numbersOf(b, size)
		wantInts(t, "fuzz", v)
		for i := range v { // the same as differences
			if i > 0 {
				v[i] += v[i-1]
			}
		}
		wantInts(t, "sums", v)
	})
}

// pricesOf makes prices of numbers: of all their bits, or with some places and
// now and then one that has no decimal form.
func pricesOf(v []int64, places uint8) []float64 {
	return repeat(len(v), func(i int) float64 {
		if places > 100 || places > 50 && i%17 == 3 {
			return math.Float64frombits(uint64(v[i]))
		}
		return float64(v[i]) / math.Pow10(int(places%25))
	})
}

func FuzzFloats(f *testing.F) {
	addFloatSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte, size, places uint8) {
		wantFloats(t, "fuzz", pricesOf(numbersOf(b, size), places))
	})
}

func FuzzBars(f *testing.F) {
	addFloatSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte, size, places uint8) {
		all := pricesOf(numbersOf(b, size), places)
		n := len(all) / 4
		wantBars(t, "fuzz", [4][]float64{all[:n], all[n : 2*n], all[2*n : 3*n], all[3*n : 4*n]})
	})
}

func addFloatSeeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"hundredths", "17 digits", "NaN payloads", "mixed places", "denormals"} {
		var b []byte
		for _, x := range floatColumns(40)[name] {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		for _, places := range []uint8{0, 2, 8, 22, 23, 52, 101} {
			f.Add(b, places%8, places)
		}
		f.Add(b, uint8(7), uint8(101))
	}
}

func FuzzBools(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{0xff, 0xff, 0, 0xaa}, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, less uint8) {
		n := max(0, 8*len(b)-int(less%8))
		wantBools(t, "fuzz", repeat(n, func(i int) bool { return b[i/8]>>(i%8)&1 != 0 }))
	})
}

// fuzzDecode gives arbitrary bytes to unpack, which must fail with ErrCorrupt
// or give values, and the same ones again.
func fuzzDecode[T any](f *testing.F, unpack func([]T, []byte) error, same func(a, b T) bool) {
	f.Fuzz(func(t *testing.T, block []byte, rows uint16) {
		got, again := make([]T, rows%5000), make([]T, rows%5000)
		err := unpack(got, slices.Clip(block))
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("got error %v, want ErrCorrupt", err)
		}
		if err2 := unpack(again, append(slices.Clone(block), 1, 2, 3, 4, 5, 6, 7, 8, 9)[:len(block)]); (err2 == nil) != (err == nil) {
			t.Fatalf("got error %v, and %v when other bytes stand behind", err, err2)
		}
		if err == nil && !slices.EqualFunc(got, again, same) {
			t.Fatal("what stands behind the block changes the values")
		}
	})
}

func FuzzDecodeInts(f *testing.F) {
	for _, v := range intColumns(140) {
		f.Add(codec.AppendInts(nil, v), uint16(len(v)))
	}
	fuzzDecode(f, codec.Ints, func(a, b int64) bool { return a == b })
}

func FuzzDecodeFloats(f *testing.F) {
	for _, v := range floatColumns(140) {
		f.Add(codec.AppendFloats(nil, v), uint16(len(v)))
	}
	fuzzDecode(f, codec.Floats, sameBits)
}

func FuzzDecodeBools(f *testing.F) {
	for _, v := range boolColumns(140) {
		f.Add(codec.AppendBools(nil, v), uint16(len(v)))
	}
	fuzzDecode(f, codec.Bools, func(a, b bool) bool { return a == b })
}

func FuzzDecodeBars(f *testing.F) {
	for _, v := range barColumns(140) {
		b := codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3])
		f.Add(b[0], b[1], b[2], b[3], uint16(len(v[0])))
	}
	f.Fuzz(func(t *testing.T, open, high, low, closing []byte, rows uint16) {
		n := int(rows % 5000)
		v := [4][]float64{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
		wantCorruptOrNil(t, codec.Bars(v, [4][]byte{open, high, low, closing}))
	})
}
