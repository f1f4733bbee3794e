// Package codec is a stand-in until the real one is here.
package codec

import (
	"encoding/binary"
	"errors"
	"math"
)

var ErrCorrupt = errors.New("a block cannot be decoded")

func AppendInts(dst []byte, v []int64) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
	}
	return dst
}

func Ints(dst []int64, block []byte) error {
	if len(block) != 8*len(dst) {
		return ErrCorrupt
	}
	for i := range dst {
		dst[i] = int64(binary.LittleEndian.Uint64(block[8*i:]))
	}
	return nil
}

func AppendFloats(dst []byte, v []float64) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	return dst
}

func Floats(dst []float64, block []byte) error {
	if len(block) != 8*len(dst) {
		return ErrCorrupt
	}
	for i := range dst {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(block[8*i:]))
	}
	return nil
}

func AppendBars(dst [4][]byte, open, high, low, closing []float64) [4][]byte {
	for i, v := range [4][]float64{open, high, low, closing} {
		dst[i] = AppendFloats(dst[i], v)
	}
	return dst
}

func Bars(dst [4][]float64, blocks [4][]byte) error {
	for i := range dst {
		if dst[i] == nil {
			continue
		}
		if err := Floats(dst[i], blocks[i]); err != nil {
			return err
		}
	}
	return nil
}

func AppendBools(dst []byte, v []bool) []byte {
	for _, x := range v {
		if x {
			dst = append(dst, 1)
		} else {
			dst = append(dst, 0)
		}
	}
	return dst
}

func Bools(dst []bool, block []byte) error {
	if len(block) != len(dst) {
		return ErrCorrupt
	}
	for i := range dst {
		dst[i] = block[i] == 1
	}
	return nil
}
