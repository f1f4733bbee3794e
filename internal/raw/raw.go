// Package raw shows numbers as the bytes that they are in memory, so that many of
// them are written and read without a copy.
package raw

import (
	"encoding/binary"
	"slices"
	"unsafe"
)

// A Number has a fixed number of bytes.
type Number interface {
	~int64 | ~uint32 | ~float64
}

// BigEndian tells that the numbers of this machine have their highest byte first.
var BigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// Bytes returns the memory of values.
func Bytes[T Number](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(values[0])))
}

// Little returns values with the lowest byte of each first: their own memory, or a
// copy where the machine has them the other way round.
func Little[T Number](values []T) []byte {
	b := Bytes(values)
	if BigEndian && len(b) > 0 {
		b = slices.Clone(b)
		Swap(b, len(b)/len(values))
	}
	return b
}

// Swap turns the bytes of each number of that size round.
func Swap(b []byte, size int) {
	for ; len(b) >= size; b = b[size:] {
		slices.Reverse(b[:size])
	}
}
