// Package codec packs columns of integers, numbers and truths into blocks, and
// unpacks them.
//
// What is unpacked is what was packed, bit for bit: every int64, and every
// float64 with the sign of its zero, the payload of its NaN and all its digits.
// The same values give the same bytes on every machine. Unpacking never panics
// and reads nothing but the block, whatever bytes that holds: it either fills
// dst or fails with [ErrCorrupt]. A block knows how many values it holds, but
// not whether a bit of one was flipped: whoever keeps blocks keeps checksums.
//
// All functions may be called concurrently. Those that append return the
// extended slice as append does, and allocate for nothing else; those that
// unpack do not allocate. None keeps a slice that it was given.
//
// # Format
//
// A uvarint is 7 bits a byte, the lowest first, the highest bit set in all but
// the last. A varint x is the uvarint u = x<<1 ^ x>>63, where the second shift
// brings in the sign, and x = u>>1 ^ -(u&1), where the shift brings in 0. Other
// numbers are little-endian. Arithmetic wraps around in 64 bits. The first byte
// of a block is its kind.
//
// Integers ([AppendInts]), kind 0x00 to 0x0e: bits 0 and 1 are the depth, 0 to
// 2; bit 2 (4) is set if small numbers have a sign, bit 3 (8) if the column is
// flat.
//
//	byte     kind
//	uvarint  n, the number of values
//	varint   base
//	uvarint  step; not if flat
//	varint   value, what stands before the first one; only if depth > 0
//	varint   slope, the difference before that; only if depth > 1
//	groups   of 128 values, the last of what is left; not if flat
//
// A group holds small numbers u. If they have a sign, it is in the lowest bit:
// u is then u>>1 ^ -(u&1). Each stands for d = base + step*u; in a flat column
// all d are base. At depth 0 the value is d. At depth 1, value += d gives it. At
// depth 2, slope += d and then value += slope gives it. A group begins with a
// byte of width w, 0 to 56 or 64, and 0x80 if there are exceptions. With count
// as the number of its values:
//
//	byte     w
//	bytes    ceil(count*w/8): bits i*w to i*w+w-1 are value i, and bit b is
//	         bit b%8 of byte b/8; bits left in the last byte are 0
//
// or, with exceptions,
//
//	byte     w | 0x80
//	byte     e, the number of exceptions
//	byte     x, the width of what they exceed w by: 0 to 56 or 64
//	bytes    ceil(count*w/8) as above
//	bytes    e: which values they are, counted from 0
//	bytes    ceil(e*x/8): the upper bits, packed in the same way: they are
//	         shifted left by w and set in their value
//
// Numbers ([AppendFloats]):
//
//	byte     0x10, decimal
//	byte     p, 0 to 22
//	block    of integers: each value is its integer divided by 10^p, rounded
//	         to the nearest double
//
//	byte     0x11, decimal but for some
//	byte     p
//	block    of integers as above, anything in the place of an exception
//	uvarint  number of exceptions, each of them
//	           uvarint  how many values are between the last one and this
//	           8 bytes  the double
//
//	byte     0x12, bits
//	block    of integers: each is the bits of a double
//
// Bars ([AppendBars]) are four blocks of numbers as above, or these four with
// one p, where the blocks of integers have depth 0 and the integers, divided by
// 10^p, are the prices:
//
//	0x18  byte p, varint s, block: open minus the close before, s for the first
//	0x19  byte p, block: close minus open
//	0x1a  byte p, block: high minus the greater of open and close
//	0x1b  byte p, block: the lesser of open and close, minus low
//
// Truths ([AppendBools]), runs or a bitmap. Runs do not say how many values
// there are, which whoever unpacks them must know:
//
//	byte     0x20, or 0x21 if the first is true
//	uvarint  the length of each run, at least 1, until all values have one;
//	         a run of true follows one of false, and the other way round
//
//	byte     0x22
//	uvarint  n
//	bytes    ceil(n/8): bit i%8 of byte i/8 is value i
package codec
