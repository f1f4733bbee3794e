package marketfile

import (
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// nothing is for columns without values.
func nothing(to [][]byte, _ encoding.Values, _, n int) [][]byte {
	return append(to, make([][]byte, n)...)
}

func doubles(to []float64, v encoding.Values, from, n int) []float64 {
	return append(to, v.Double()[from:from+n]...)
}

func singles(to []float64, v encoding.Values, from, n int) []float64 {
	for _, x := range v.Float()[from : from+n] {
		to = append(to, widen(x))
	}
	return to
}

// widen returns the float64 that is written as x is, with the fewest digits: 0.1
// for what is nearest to 0.1 among float32, and not 0.10000000149011612.
func widen(x float32) float64 {
	v := float64(x)
	// Below, products and quotients are exact or rounded once, as the nearest
	// number of a decimal is.
	if v == 0 || !(math.Abs(v) < 1<<23) || math.Abs(v) < 1e-3 {
		return widenSlowly(x)
	}
	scale := 1.0
	for range 8 {
		if near := math.RoundToEven(v*scale) / scale; float32(near) == x {
			return near
		}
		scale *= 10
	}
	return widenSlowly(x)
}

func widenSlowly(x float32) float64 {
	if x == 0 || math.IsNaN(float64(x)) {
		return float64(x)
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	if err != nil {
		return float64(x)
	}
	return v
}

// wholes reads whole numbers of 32 or 64 bits.
func wholes(kind parquet.Kind, signed bool) func([]int64, encoding.Values, int, int) []int64 {
	switch {
	case kind == parquet.Int64:
		return func(to []int64, v encoding.Values, from, n int) []int64 {
			return append(to, v.Int64()[from:from+n]...)
		}
	case signed:
		return func(to []int64, v encoding.Values, from, n int) []int64 {
			for _, x := range v.Int32()[from : from+n] {
				to = append(to, int64(x))
			}
			return to
		}
	}
	return func(to []int64, v encoding.Values, from, n int) []int64 {
		for _, x := range v.Uint32()[from : from+n] {
			to = append(to, int64(x))
		}
		return to
	}
}

// bigWholes reads whole numbers that may be too large for an int64, as texts.
func bigWholes(to [][]byte, v encoding.Values, from, n int) [][]byte {
	for _, x := range v.Uint64()[from : from+n] {
		to = append(to, strconv.AppendUint(nil, x, 10))
	}
	return to
}

func byteArrays(to [][]byte, v encoding.Values, from, n int) [][]byte {
	text, offsets := v.ByteArray()
	for i := from; i < from+n; i++ {
		to = append(to, text[offsets[i]:offsets[i+1]:offsets[i+1]])
	}
	return to
}

// truths reads a bit for each value, the lowest of a byte first.
func truths(to [][]byte, v encoding.Values, from, n int) [][]byte {
	texts := [2][]byte{[]byte("false"), []byte("true")}
	bits := v.Boolean()
	for i := from; i < from+n; i++ {
		to = append(to, texts[bits[i/8]>>(i%8)&1])
	}
	return to
}

// clocks reads times of the day, as texts.
func clocks(kind parquet.Kind, unit time.Duration) func([][]byte, encoding.Values, int, int) [][]byte {
	read := wholes(kind, true)
	return func(to [][]byte, v encoding.Values, from, n int) [][]byte {
		for _, x := range read(nil, v, from, n) {
			of := time.Unix(0, 0).UTC().Add(time.Duration(x) * unit)
			to = append(to, of.AppendFormat(nil, "15:04:05.999999999"))
		}
		return to
	}
}

// decimals reads whole numbers that stand for so many decimals.
func decimals(kind parquet.Kind, scale int) func([]float64, encoding.Values, int, int) []float64 {
	switch kind {
	case parquet.Int32, parquet.Int64:
		read := wholes(kind, true)
		return func(to []float64, v encoding.Values, from, n int) []float64 {
			for _, x := range read(nil, v, from, n) {
				to = append(to, decimal(x, scale))
			}
			return to
		}
	case parquet.FixedLenByteArray:
		return func(to []float64, v encoding.Values, from, n int) []float64 {
			all, size := v.FixedLenByteArray()
			for i := from; i < from+n; i++ {
				to = append(to, bigDecimal(all[i*size:(i+1)*size], scale))
			}
			return to
		}
	}
	return func(to []float64, v encoding.Values, from, n int) []float64 {
		for _, x := range byteArrays(nil, v, from, n) {
			to = append(to, bigDecimal(x, scale))
		}
		return to
	}
}

// decimal returns the float64 that is nearest to x without so many decimals.
func decimal(x int64, scale int) float64 {
	const exact = 1 << 53
	if x > -exact && x < exact && scale >= 0 && scale < len(powersOfTen) {
		return float64(x) / powersOfTen[scale] // both are exact: it is rounded once
	}
	return parseDecimal(strconv.FormatInt(x, 10), scale)
}

// powersOfTen are those that a float64 holds exactly.
var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// bigDecimal does the same for a number of any length, in two's complement, the
// highest byte first.
func bigDecimal(b []byte, scale int) float64 {
	if len(b) <= 8 {
		x := int64(0)
		for i, digit := range b {
			if i == 0 {
				x = int64(int8(digit))
				continue
			}
			x = x<<8 | int64(digit)
		}
		return decimal(x, scale)
	}
	x := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(len(b))*8))
	}
	return parseDecimal(x.String(), scale)
}

func parseDecimal(digits string, scale int) float64 {
	v, err := strconv.ParseFloat(digits+"e"+strconv.Itoa(-scale), 64)
	if err != nil {
		return math.NaN() // too large; it will be refused
	}
	return v
}
