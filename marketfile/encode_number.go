package marketfile

import (
	"math"
	"strconv"
)

// appendFloat appends the shortest text that reads back as v, as encoding/json
// writes it: with an exponent where it would be long. decimals is how many the
// last number of the column had; that of v likely has as many.
//
// Most prices are decimals of few digits, and the shortest text of such a number
// is found without strconv. If n/10^k, divided as floats, is v, and n is below
// 10^15 and k at most 22, then v is the float nearest to the decimal n/10^k, since
// n and 10^k are exact and division rounds to the nearest. No other decimal of 15
// digits or less is nearest to the same float, so this one is the shortest, once
// its last digit is not 0.
func appendFloat(b []byte, v float64, decimals *int) []byte {
	abs := math.Abs(v)
	if whole := int64(abs); abs < maxDigits && float64(whole) == abs {
		if math.Signbit(v) {
			b = append(b, '-')
		}
		return appendDecimal(b, uint64(whole), 0)
	}
	if abs < 1e-6 || abs >= 1e21 {
		return appendExponent(b, v)
	}
	n, k, ok := asDecimal(abs, *decimals)
	if !ok {
		if n, k, ok = asDecimal(abs, mostDecimals(abs)); !ok {
			return strconv.AppendFloat(b, v, 'f', -1, 64)
		}
		*decimals = k
	}
	if math.Signbit(v) {
		b = append(b, '-')
	}
	return appendDecimal(b, n, k)
}

// maxDigits is beyond the numbers of 15 digits: what every float64 tells apart.
const maxDigits = 1e15

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

var wholePowers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// asDecimal returns the n and the least k for which n/10^k is abs, if there are such
// with a k up to the given one. abs is not whole.
func asDecimal(abs float64, most int) (n uint64, k int, ok bool) {
	scaled := abs*powers[most] + 0.5
	if scaled >= maxDigits {
		return 0, 0, false
	}
	n, k = uint64(int64(scaled)), most
	if float64(int64(n))/powers[k] != abs {
		return 0, 0, false
	}
	if n%10 != 0 {
		return n, k, true
	}
	for zeros := 8; zeros > 0; zeros /= 2 { // 15 in all, less than k: abs is not whole
		if q := n / wholePowers[zeros]; q*wholePowers[zeros] == n {
			n, k = q, k-zeros
		}
	}
	return n, k, true
}

// mostDecimals returns how many decimals leave abs, which is at least 10^-6, 15
// digits at most.
func mostDecimals(abs float64) int {
	k := 0
	for k < len(powers)-2 && abs*powers[k+1] < maxDigits-1 {
		k++
	}
	return k
}

// pairs are the numbers of two digits.
const pairs = "0001020304050607080910111213141516171819" + "2021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859" + "6061626364656667686970717273747576777879" + "8081828384858687888990919293949596979899"

// appendDecimal appends n/10^k, of which k is at most 21.
func appendDecimal(b []byte, n uint64, k int) []byte {
	var text [24]byte
	at := len(text)
	for ; k >= 2; k -= 2 {
		at -= 2
		n = putPair(text[at:], n)
	}
	if k == 1 {
		at--
		text[at] = byte('0' + n%10)
		n /= 10
	}
	if at < len(text) {
		at--
		text[at] = '.'
	}
	for n >= 100 {
		at -= 2
		n = putPair(text[at:], n)
	}
	if n >= 10 {
		at -= 2
		putPair(text[at:], n)
	} else {
		at--
		text[at] = byte('0' + n)
	}
	return append(b, text[at:]...)
}

// putPair puts the last two digits of n at the beginning of text, and returns what
// stands before them.
func putPair(text []byte, n uint64) uint64 {
	q := n / 100
	two := 2 * (n - q*100)
	text[0], text[1] = pairs[two], pairs[two+1]
	return q
}

// appendExponent appends a number with an exponent of as few digits as it needs.
func appendExponent(b []byte, v float64) []byte {
	b = strconv.AppendFloat(b, v, 'e', -1, 64)
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// appendWhole appends a number, as a text if a float64 does not hold it: most
// readers of JSON have no other numbers.
func appendWhole(b []byte, v int64) []byte {
	const most = 1 << 53
	if -most <= v && v <= most {
		return strconv.AppendInt(b, v, 10)
	}
	return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
}
