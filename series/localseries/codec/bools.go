package codec

import "encoding/binary"

// AppendBools appends v to dst as a block and returns it.
func AppendBools(dst []byte, v []bool) []byte {
	from := len(dst)
	most := from + 1 + packedSize(len(v), 1)
	dst = append(dst, kindRuns)
	if len(v) > 0 && v[0] {
		dst[from] = kindRuns | 1
	}
	begin := 0
	for i := 1; i <= len(v) && len(dst) <= most; i++ {
		if i == len(v) || v[i] != v[i-1] {
			dst = binary.AppendUvarint(dst, uint64(i-begin))
			begin = i
		}
	}
	if len(dst) <= most {
		return dst
	}
	return appendBitmap(dst[:from], v)
}

func appendBitmap(dst []byte, v []bool) []byte {
	dst = binary.AppendUvarint(append(dst, kindBitmap), uint64(len(v)))
	var b byte
	for i, set := range v {
		if set {
			b |= 1 << (i % 8)
		}
		if i%8 == 7 || i == len(v)-1 {
			dst = append(dst, b)
			b = 0
		}
	}
	return dst
}

// Bools unpacks into dst the block of exactly len(dst) truths.
func Bools(dst []bool, block []byte) error {
	r := reader{rest: block}
	var ok bool
	switch kind := r.byte(); kind {
	case kindRuns, kindRuns | 1:
		ok = runs(dst, kind&1 != 0, &r)
	case kindBitmap:
		ok = bitmap(dst, &r)
	}
	if !ok || r.failed || len(r.rest) > 0 {
		return ErrCorrupt
	}
	return nil
}

// runs unpacks runs in turn of value and its opposite.
func runs(dst []bool, value bool, r *reader) bool {
	for len(dst) > 0 {
		n := r.uvarint()
		if n == 0 || n > uint64(len(dst)) {
			return false
		}
		run := dst[:n]
		for i := range run {
			run[i] = value
		}
		dst, value = dst[n:], !value
	}
	return true
}

func bitmap(dst []bool, r *reader) bool {
	if r.uvarint() != uint64(len(dst)) {
		return false
	}
	block := r.bytes(packedSize(len(dst), 1))
	if r.failed {
		return false
	}
	for i := range dst {
		dst[i] = block[i/8]>>(i%8)&1 != 0
	}
	return true
}
