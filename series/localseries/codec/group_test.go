package codec

import (
	"math/rand/v2"
	"testing"
)

func TestAGroupTakesTheLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		count := 1 + r.IntN(groupRows)
		u := make([]uint64, count)
		for i := range u {
			u[i] = r.Uint64() >> (r.IntN(64) | r.IntN(64))
		}
		l := measure(u)
		p := l.best(count)
		if size := len(appendGroup(nil, u)); size != p.size {
			t.Fatalf("a group takes %d bytes, its plan says %d", size, p.size)
		}
		for w := range uint(widest + 1) {
			if size := sizeAt(u, w); size < p.size {
				t.Fatalf("width %d: takes %d bytes, the best plan %d at width %d", w, size, p.size, p.width)
			}
		}
	}
}

// sizeAt returns what a group takes when packed to a width.
func sizeAt(u []uint64, width uint) int {
	exceptions, longest := 0, uint(0)
	for _, x := range u {
		if x>>width == 0 {
			continue
		}
		exceptions++
		for x>>longest != 0 {
			longest++
		}
	}
	size := 1 + (len(u)*int(width)+7)/8
	if exceptions == 0 {
		return size
	}
	excess := longest - width
	if excess > 56 {
		excess = 64
	}
	return size + 2 + exceptions + (exceptions*int(excess)+7)/8
}
