package codec_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series/localseries/codec"
)

var lengths = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 127, 128, 129, 130, 255, 256, 257, 4095, 4096, 5000}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// junk is what dst holds before unpacking: all of it must be written.
const junk = -0x5a5a5a5a5a5a5a5a

func wantInts(t *testing.T, name string, v []int64) []byte {
	t.Helper()
	block := codec.AppendInts(nil, v)
	got := slices.Repeat([]int64{junk}, len(v))
	if err := codec.Ints(got, block); err != nil || !slices.Equal(got, v) {
		t.Fatalf("%s, %d values: got %v, error %v, want %v", name, len(v), head(got), err, head(v))
	}
	wantRefused(t, name, block, len(v), codec.Ints)
	return block
}

func wantFloats(t *testing.T, name string, v []float64) []byte {
	t.Helper()
	block := codec.AppendFloats(nil, v)
	got := slices.Repeat([]float64{junk}, len(v))
	if err := codec.Floats(got, block); err != nil || !slices.EqualFunc(got, v, sameBits) {
		t.Fatalf("%s, %d values: got %v, error %v, want %v", name, len(v), head(got), err, head(v))
	}
	wantRefused(t, name, block, len(v), codec.Floats)
	return block
}

func wantBools(t *testing.T, name string, v []bool) []byte {
	t.Helper()
	block := codec.AppendBools(nil, v)
	got := make([]bool, len(v))
	for i := range got {
		got[i] = !v[i]
	}
	if err := codec.Bools(got, block); err != nil || !slices.Equal(got, v) {
		t.Fatalf("%s, %d values: got %v, error %v, want %v", name, len(v), head(got), err, head(v))
	}
	wantRefused(t, name, block, len(v), codec.Bools)
	return block
}

// wantBars packs and unpacks bars, all columns and each subset of them.
func wantBars(t *testing.T, name string, v [4][]float64) [4][]byte {
	t.Helper()
	blocks := codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3])
	rows := len(v[0])
	for subset := range 16 {
		var got [4][]float64
		given := blocks
		for i := range got {
			if subset>>i&1 != 0 {
				got[i] = slices.Repeat([]float64{junk}, rows)
			} else if i == 1 || i == 2 {
				given[i] = nil
			}
		}
		if err := codec.Bars(got, given); err != nil {
			t.Fatalf("%s, %d rows, columns %04b: %v", name, rows, subset, err)
		}
		for i := range got {
			if got[i] != nil && !slices.EqualFunc(got[i], v[i], sameBits) {
				t.Fatalf("%s, %d rows, columns %04b: got %v in column %d, want %v", name, rows, subset, head(got[i]), i, head(v[i]))
			}
		}
	}
	return blocks
}

func head[T any](v []T) string {
	return fmt.Sprint(v[:min(len(v), 12)])
}

// wantRefused unpacks what is too short, too long, or of another length.
func wantRefused[T any](t *testing.T, name string, block []byte, rows int, unpack func([]T, []byte) error) {
	t.Helper()
	f := func(what string, n int, b []byte) {
		t.Helper()
		if err := unpack(make([]T, n), b); !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("%s: %s: got error %v, want ErrCorrupt", name, what, err)
		}
	}
	f("one value more", rows+1, block)
	if rows > 0 {
		f("one value less", rows-1, block)
	}
	f("one byte more", rows, append(slices.Clone(block), 0))
	f("one byte less", rows, block[:len(block)-1])
	f("no byte", rows, nil)
}

// repeat makes n values of a function of the row.
func repeat[T any](n int, f func(i int) T) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = f(i)
	}
	return v
}

// intColumns are columns with something special to each.
func intColumns(n int) map[string][]int64 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	some := func(v ...int64) func(int) int64 { return func(i int) int64 { return v[i%len(v)] } }
	make64 := func(f func(i int) int64) []int64 { return repeat(n, f) }
	all := map[string][]int64{
		"zeros":        make64(some(0)),
		"equal":        make64(some(-77)),
		"least":        make64(some(math.MinInt64)),
		"greatest":     make64(some(math.MaxInt64)),
		"extremes":     make64(some(math.MinInt64, math.MaxInt64)),
		"least and 0":  make64(some(math.MinInt64, 0)),
		"far apart":    make64(some(math.MinInt64, math.MaxInt64, 0, -1, 1)),
		"around zero":  make64(some(0, -1, 1, -2, 2)),
		"line":         make64(func(i int) int64 { return 1_700_000_000e9 + 60e9*int64(i) }),
		"falling line": make64(func(i int) int64 { return 5 - 7*int64(i) }),
		"steep line":   make64(func(i int) int64 { return math.MaxInt64 / 3 * int64(i) }),
		"parabola":     make64(func(i int) int64 { return int64(i)*int64(i)*12 - 5*int64(i) + 9 }),
		"divisor":      make64(func(i int) int64 { return 17 + 1_000_000*int64(r.IntN(1000)) }),
		"even divisor": make64(func(i int) int64 { return int64(r.IntN(99)-50) << 40 }),
		"great divisor": make64(func(i int) int64 {
			return int64(r.IntN(3)-1) * (math.MaxInt64 - 6)
		}),
		"random":       make64(func(int) int64 { return int64(r.Uint64()) }),
		"last":         make64(func(i int) int64 { return int64(i / max(1, n-1)) }),
		"rarely below": make64(func(i int) int64 { return int64(i % 50 / -49) }),
		"even and far": make64(func(i int) int64 {
			return (int64(r.IntN(3)-1) - int64(i%200/199)<<40 + int64(i%150/149)<<41) << 10
		}),
		"rare jump": make64(func(i int) int64 { return int64(r.IntN(4)) + int64(r.IntN(50)/49)*1<<50 }),
	}
	last := int64(0)
	all["walk"] = make64(func(int) int64 { last += int64(r.IntN(201) - 100); return last })
	last = 0
	all["gaps"] = make64(func(i int) int64 { last += 60e9 * int64(1+r.IntN(30)/29*r.IntN(9)); return last })
	for w := 1; w <= 64; w++ {
		all[fmt.Sprintf("%d bits", w)] = make64(func(int) int64 { return int64(r.Uint64() >> (64 - w)) })
		all[fmt.Sprintf("rarely %d bits", w)] = make64(func(i int) int64 {
			return int64(r.Uint64() >> (64 - w) >> min(r.Uint64N(40)*uint64(w), 63))
		})
	}
	return all
}

func TestIntsComeBack(t *testing.T) {
	for _, n := range lengths {
		for name, v := range intColumns(n) {
			wantInts(t, name, v)
		}
	}
}

func TestSomeColumnsTakeFewBytes(t *testing.T) {
	ints := intColumns(4096)
	f := func(name string, most int) {
		t.Helper()
		if n := len(codec.AppendInts(nil, ints[name])); n > most {
			t.Errorf("%s: got %d bytes, want %d at most", name, n, most)
		}
	}
	f("zeros", 4)
	f("equal", 5)
	f("least", 13)
	f("line", 20)
	f("falling line", 8)
	f("parabola", 10)
	f("divisor", 32*(1+10*16)+20)      // 10 bits
	f("even divisor", 32*(1+7*16)+20)  // 7 bits
	f("great divisor", 32*(1+2*16)+30) // 2 bits
	f("extremes", 32*(1+16)+30)        // 1 bit
	f("random", 32*(1+8*128)+40)
	f("gaps", 1200)         // 1.2 bits and exceptions
	f("walk", 4250)         // 8 bits
	f("rare jump", 2300)    // 2 bits and 2 % of exceptions
	f("rarely below", 320)  // 0 bits and 2 % of exceptions
	f("even and far", 1400) // 2 bits and 1 % of exceptions
	floats := floatColumns(4096)
	g := func(name string, most int) {
		t.Helper()
		if n := len(codec.AppendFloats(nil, floats[name])); n > most {
			t.Errorf("%s: got %d bytes, want %d at most", name, n, most)
		}
	}
	g("zeros", 6)
	g("NaN", 17)
	g("minus zero", 17)
	g("hundredths", 7720)         // 15 bits
	g("a few NaN", 7720+9*41+140) // as many, and 41 exceptions
	g("a few of many digits", 7720+41*9+140)
	g("a third of a cent", 32*(1+7*128)+30) // 52 bits of fraction, few of exponent
	g("NaN before a group", 2200)           // 3 bits and 32 exceptions
	g("unlike the sample", 11500)           // 22 bits
	bools := map[string]int{"true": 3, "false": 3, "late": 6, "alternating": 515, "random": 515}
	for name, most := range bools {
		if n := len(codec.AppendBools(nil, boolColumns(4096)[name])); n > most {
			t.Errorf("%s: got %d bytes, want %d at most", name, n, most)
		}
	}
}

func floatColumns(n int) map[string][]float64 {
	r := rand.New(rand.NewPCG(2, uint64(n)))
	some := func(v ...float64) func(int) float64 { return func(i int) float64 { return v[i%len(v)] } }
	of := func(f func(i int) float64) []float64 { return repeat(n, f) }
	nan := math.Float64frombits(0x7ff8_dead_beef_0001)
	cents := func(int) float64 { return float64(r.IntN(30000)) / 100 }
	seldom := func(x float64) func(int) float64 {
		return func(i int) float64 {
			if i%100 == 99 {
				return x
			}
			return cents(i)
		}
	}
	all := map[string][]float64{
		"zeros":        of(some(0)),
		"minus zero":   of(some(math.Copysign(0, -1))),
		"both zeros":   of(some(0, math.Copysign(0, -1))),
		"NaN":          of(some(math.NaN())),
		"NaN payloads": of(func(i int) float64 { return math.Float64frombits(0xfff0_0000_0000_0001 + uint64(i)) }),
		"signalling":   of(some(math.Float64frombits(0x7ff0_0000_0000_0001), nan)),
		"infinities":   of(some(math.Inf(1), math.Inf(-1), 1)),
		"denormals":    of(some(5e-324, -5e-324, 2.2250738585072009e-308, 0)),
		"greatest":     of(some(math.MaxFloat64, -math.MaxFloat64)),
		"17 digits":    of(some(0.1+0.2, 1.1*1.1, 2.0/3)),
		"random bits":  of(func(int) float64 { return math.Float64frombits(r.Uint64()) }),
		"hundredths":   of(cents),
		"negative":     of(func(i int) float64 { return -cents(i) - 0.01 }),
		"a few NaN":    of(seldom(nan)),
		"NaN before a group": of(func(i int) float64 {
			if i%128 == 0 {
				return nan
			}
			return 100 + float64(i%8)/8
		}),
		"a few minus zero":     of(seldom(math.Copysign(0, -1))),
		"a few of many digits": of(seldom(0.1 + 0.2)),
		"a few of five places": of(seldom(1.00005)),
		"unlike the sample": of(func(i int) float64 {
			if i%65 == 0 {
				return 2.5
			}
			return float64(r.IntN(3_000_000)) / 1e4
		}),
		"many NaN":           of(some(1.25, nan, 3.5)),
		"a third of a cent":  of(func(i int) float64 { return (float64(r.IntN(64)) + 64) / 3 }),
		"mixed places":       of(some(1, 1.5, 1.25, 1.125, 100.0625, 7.03125)),
		"large integers":     of(func(i int) float64 { return float64(1<<53 - 1 - int64(i)) }),
		"too large integers": of(func(i int) float64 { return float64(uint64(1)<<53 + 2*uint64(i)) }),
	}
	for e := range 23 {
		all[fmt.Sprintf("1e-%d", e)] = of(func(i int) float64 {
			return float64(r.Int64N(1<<53)>>r.IntN(53)) / math.Pow10(e)
		})
		all[fmt.Sprintf("small 1e-%d", e)] = of(func(i int) float64 { return float64(1+i%999) / math.Pow10(e) })
	}
	return all
}

func TestFloatsComeBack(t *testing.T) {
	for _, n := range lengths {
		for name, v := range floatColumns(n) {
			wantFloats(t, name, v)
		}
	}
}

// barColumns are bars as they are and as they should not be.
func barColumns(n int) map[string][4][]float64 {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	walk := func(scale float64, jump int) (v [4][]float64) {
		last := 10000
		for range n {
			open := last + jump*(r.IntN(7)-3)
			last = open + r.IntN(41) - 20
			for i, x := range [4]int{open, max(open, last) + r.IntN(9), min(open, last) - r.IntN(9), last} {
				v[i] = append(v[i], float64(x)/scale)
			}
		}
		return v
	}
	with := func(v [4][]float64, column int, x float64) [4][]float64 {
		if n > 0 {
			v[column] = slices.Clone(v[column])
			v[column][n/2] = x
		}
		return v
	}
	of := func(f func(i, column int) float64) (v [4][]float64) {
		for c := range v {
			v[c] = repeat(n, func(i int) float64 { return f(i, c) })
		}
		return v
	}
	floats := floatColumns(n)
	all := map[string][4][]float64{
		"bars":               walk(100, 0),
		"integers":           walk(1, 1),
		"jumps":              walk(1e4, 100000),
		"five places":        walk(1e5, 1),
		"22 places":          walk(1e22, 1),
		"negative":           walk(-100, 1), // high is below low too
		"mixed places":       with(walk(100, 1), 2, 99.98765),
		"a NaN":              with(walk(100, 1), 1, math.NaN()),
		"a NaN open":         with(walk(100, 1), 0, math.NaN()),
		"a minus zero":       with(walk(100, 1), 3, math.Copysign(0, -1)),
		"an infinity":        with(walk(100, 1), 2, math.Inf(1)),
		"zeros":              of(func(int, int) float64 { return 0 }),
		"equal":              of(func(int, int) float64 { return 1.5 }),
		"equal by column":    of(func(_, c int) float64 { return float64(c) }),
		"random bits":        of(func(int, int) float64 { return math.Float64frombits(r.Uint64()) }),
		"extreme integers":   of(func(i, c int) float64 { return float64(1<<53-1) * float64(1-2*((i+c)%2)) }),
		"one column is none": {floats["hundredths"], floats["zeros"], floats["NaN"], floats["negative"]},
	}
	for e := range 23 {
		all[fmt.Sprintf("1e-%d", e)] = of(func(i, c int) float64 {
			return float64(r.Int64N(1<<53)>>r.IntN(53)-1<<51) / math.Pow10(e)
		})
	}
	return all
}

func TestBarsComeBack(t *testing.T) {
	for _, n := range lengths {
		for name, v := range barColumns(n) {
			wantBars(t, name, v)
		}
	}
}

func boolColumns(n int) map[string][]bool {
	r := rand.New(rand.NewPCG(4, uint64(n)))
	return map[string][]bool{
		"true":        repeat(n, func(int) bool { return true }),
		"false":       make([]bool, n),
		"late":        repeat(n, func(i int) bool { return i > n/2 }),
		"early":       repeat(n, func(i int) bool { return i < n/3 }),
		"alternating": repeat(n, func(i int) bool { return i%2 == 0 }),
		"random":      repeat(n, func(int) bool { return r.IntN(2) == 0 }),
		"runs":        repeat(n, func(i int) bool { return i/300%2 == 1 }),
		"the last":    repeat(n, func(i int) bool { return i == n-1 }),
	}
}

func TestBoolsComeBack(t *testing.T) {
	for _, n := range lengths {
		for name, v := range boolColumns(n) {
			wantBools(t, name, v)
		}
	}
}

func TestWhatWasInDstStays(t *testing.T) {
	before := []byte("before")
	f := func(name string, appended, alone []byte) {
		t.Helper()
		if !slices.Equal(appended, append(slices.Clone(before), alone...)) {
			t.Errorf("%s: the block differs when something stands before it", name)
		}
	}
	dst := func() []byte { return slices.Clone(before) }
	for name, v := range intColumns(300) {
		f(name, codec.AppendInts(dst(), v), codec.AppendInts(nil, v))
	}
	for name, v := range floatColumns(300) {
		f(name, codec.AppendFloats(dst(), v), codec.AppendFloats(nil, v))
	}
	for name, v := range boolColumns(300) {
		f(name, codec.AppendBools(dst(), v), codec.AppendBools(nil, v))
	}
	for name, v := range barColumns(300) {
		got := codec.AppendBars([4][]byte{dst(), dst(), dst(), dst()}, v[0], v[1], v[2], v[3])
		for i, alone := range codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3]) {
			f(name, got[i], alone)
		}
	}
}

// TestASliceOfALargerOneIsNotExceeded unpacks into the middle of a slice, from
// the middle of another.
func TestASliceOfALargerOneIsNotExceeded(t *testing.T) {
	for name, v := range intColumns(131) {
		block := codec.AppendInts([]byte{0xff}, v)
		around := append(slices.Clone(block), slices.Repeat([]byte{0xff}, 2000)...)
		got := slices.Repeat([]int64{junk}, 2000)
		if err := codec.Ints(got[5:136], around[1:len(block)]); err != nil || !slices.Equal(got[5:136], v) {
			t.Fatalf("%s: got %v, error %v, want %v", name, head(got[5:136]), err, head(v))
		}
		for i, x := range got {
			if (i < 5 || i >= 136) && x != junk {
				t.Fatalf("%s: value %d before or behind dst was written", name, i-5)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	ints, floats, bars, bools := intColumns(5000), floatColumns(5000), barColumns(5000), boolColumns(5000)
	f := func(name string, call func()) {
		t.Helper()
		if n := testing.AllocsPerRun(5, call); n != 0 {
			t.Errorf("%s: got %v allocations a call, want none", name, n)
		}
	}
	var block []byte
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for name, v := range ints {
		f("pack "+name, func() { block = codec.AppendInts(block[:0], v) })
		f("unpack "+name, func() { check(codec.Ints(v, block)) })
	}
	for name, v := range floats {
		f("pack "+name, func() { block = codec.AppendFloats(block[:0], v) })
		f("unpack "+name, func() { check(codec.Floats(v, block)) })
	}
	for name, v := range bools {
		f("pack "+name, func() { block = codec.AppendBools(block[:0], v) })
		f("unpack "+name, func() { check(codec.Bools(v, block)) })
	}
	var blocks [4][]byte
	for name, v := range bars {
		f("pack "+name, func() {
			for i := range blocks {
				blocks[i] = blocks[i][:0]
			}
			blocks = codec.AppendBars(blocks, v[0], v[1], v[2], v[3])
		})
		f("unpack "+name, func() { check(codec.Bars(v, blocks)) })
	}
	f("refuse", func() {
		if codec.Ints(ints["walk"], block[:3]) == nil {
			t.Error("a piece of a block is not refused")
		}
	})
}

func TestConcurrently(t *testing.T) {
	var g sync.WaitGroup
	for i := range 4 {
		g.Go(func() {
			n := 1000 + i
			for name, v := range barColumns(n) {
				blocks := codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3])
				got := [4][]float64{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
				if err := codec.Bars(got, blocks); err != nil || !slices.EqualFunc(got[3], v[3], sameBits) {
					t.Errorf("%s: come back changed, error %v", name, err)
				}
			}
			for name, v := range intColumns(n) {
				got := make([]int64, n)
				if err := codec.Ints(got, codec.AppendInts(nil, v)); err != nil || !slices.Equal(got, v) {
					t.Errorf("%s: come back changed, error %v", name, err)
				}
			}
		})
	}
	g.Wait()
}

func TestErrCorruptIsCorrupt(t *testing.T) {
	if err := codec.Ints(nil, nil); !errors.Is(err, codec.ErrCorrupt) || !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v, want ErrCorrupt and fault.Corrupt", err)
	}
}
