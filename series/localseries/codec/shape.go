package codec

import "math/bits"

// samples is how many groups of a column the choice of its shape rests upon.
const samples = 4

// depthSize is what each depth must save to be worth what it takes in the head
// of a block and in time.
const depthSize = 5

// A sample is some groups of a column.
type sample struct {
	rows  [samples][groupRows]int64
	sizes [samples]int
}

// take reads groups spread over the column, the first and the last among them.
func (p *sample) take(s *source) {
	last := max(0, s.len()-groupRows)
	for i := range p.rows {
		at := last / (samples - 1) * i
		if i > 0 && at == 0 {
			return
		}
		p.sizes[i] = min(groupRows, s.len()-at)
		s.read(p.rows[i][:p.sizes[i]], at)
	}
}

// differ takes differences once more. Those of the first values of a group,
// which have nothing before them, are not meant to be looked at.
func (p *sample) differ() {
	for i := range p.rows {
		v := &p.rows[i]
		for j := p.sizes[i] - 1; j > 0; j-- {
			v[j] -= v[j-1]
		}
	}
}

// group returns the values of a group that have differences at all depths.
func (p *sample) group(i int) []int64 {
	return p.rows[i][min(maxDepth, p.sizes[i]):p.sizes[i]]
}

// cost returns how many bytes the sample takes in a shape.
func (p *sample) cost(sh *shape) (size int) {
	var space [groupRows]uint64
	by := divisorOf(sh.step)
	for i := range p.rows {
		v := p.group(i)
		u := space[:len(v)]
		sh.reduce(u, v, by)
		l := measure(u)
		size += l.best(len(u)).size
	}
	return size
}

// shapeOf returns the shape that is likely to take least for the column.
func shapeOf(s *source) shape {
	var p sample
	p.take(s)
	depth, least := 0, 0
	probe := p
	for d := range maxDepth + 1 {
		if s.len() <= maxDepth+1 || d > 0 && s.residual() {
			break
		}
		if d > 0 {
			probe.differ()
		}
		var r spread
		for i := range probe.rows {
			r.add(probe.group(i))
		}
		_, size := r.best(&probe)
		if size += d * depthSize; d == 0 || size < least {
			depth, least = d, size
		}
	}
	for range depth {
		p.differ()
	}
	r, start := spreadOf(s, depth)
	sh, _ := r.best(&p)
	sh.depth, sh.differences = depth, start
	return sh
}

// A spread is the least of some integers and what divides all their distances
// from each other: 0 if they are equal.
type spread struct {
	first, least int64
	step         uint64
	some         bool
}

// spreadOf returns the spread of the differences of a column.
func spreadOf(s *source, depth int) (r spread, start differences) {
	start = before(s, depth)
	d := start
	var v [groupRows]int64
	for at := 0; at < s.len(); at += groupRows {
		n := min(groupRows, s.len()-at)
		s.read(v[:n], at)
		d.take(v[:n], depth)
		r.add(v[:n])
	}
	return r, start
}

func (r *spread) add(v []int64) {
	if len(v) == 0 {
		return
	}
	if !r.some {
		*r = spread{first: v[0], least: v[0], some: true}
	}
	least, step := r.least, r.step
	for _, x := range v {
		least = min(least, x)
		if step != 1 {
			step = divisorOfBoth(distance(x, r.first), step)
		}
	}
	r.least, r.step = least, step
}

// best returns the better of the two shapes that a spread allows, and what the
// sample takes in it.
func (r *spread) best(p *sample) (sh shape, size int) {
	if r.step == 0 {
		return shape{flat: true, base: r.first}, 0
	}
	sh = shape{base: r.least, step: r.step}
	size = p.cost(&sh)
	if r.least >= 0 {
		return sh, size
	}
	signed := shape{signed: true, step: divisorOfBoth(distance(r.first, 0), r.step)}
	if n := p.cost(&signed); n < size {
		return signed, n
	}
	return sh, size
}

// distance returns how far a and b are from each other.
func distance(a, b int64) uint64 {
	if a < b {
		a, b = b, a
	}
	return uint64(a) - uint64(b)
}

// divisorOfBoth returns the greatest common divisor of a and b, of which 0 is
// divided by all. It is quick if b divides a.
func divisorOfBoth(a, b uint64) uint64 {
	// Division of 32 bits is quicker by far on some processors.
	if bits.Len64(a|b) <= 32 {
		for b != 0 {
			a, b = b, uint64(uint32(a)%uint32(b))
		}
		return a
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
