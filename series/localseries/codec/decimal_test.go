package codec

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestQuotientIsThatOfDivision compares multiplication with division, mostly
// where the quotient is about half way between two doubles.
func TestQuotientIsThatOfDivision(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for e, scale := range powers {
		d := decimalFor(e)
		d.divides = false // on 386 too
		f := func(m int64) {
			if got, want := d.quotient(m), float64(m)/scale; math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("%d / 1e%d: got %v, want %v", m, e, got, want)
			}
			if got, want := d.quotient(-m), float64(-m)/scale; math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("%d / 1e%d: got %v, want %v", -m, e, got, want)
			}
		}
		f(0)
		f(maxInteger - 1)
		for range 20_000 {
			m := r.Int64N(maxInteger)
			f(m >> r.IntN(53))
			half := between(float64(m) / scale)
			near, _ := half.Mul(half, big.NewFloat(scale)).Int64()
			for i := max(1, near-2); i < min(near+3, maxInteger); i++ {
				f(i)
			}
		}
	}
}

// between returns what is half way between x and the next double.
func between(x float64) *big.Float {
	a, b := big.NewFloat(x).SetPrec(200), big.NewFloat(math.Nextafter(x, math.Inf(1)))
	return a.Quo(a.Add(a, b), big.NewFloat(2))
}

// TestQuotientIsFarFromHalfWay proves that multiplication may stand for
// division: for each power the error is less than the least distance.
func TestQuotientIsFarFromHalfWay(t *testing.T) {
	for e := range powers {
		inverse := 1 / powers[e]
		rest := math.FMA(-inverse, powers[e], 1) / powers[e]
		exact := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(e)), nil))
		sum := new(big.Rat).Add(new(big.Rat).SetFloat64(inverse), new(big.Rat).SetFloat64(rest))
		wrong, _ := sum.Quo(sum.Sub(sum, exact), exact).Float64()
		rounding := math.Abs(rest/inverse) * 0x1p-53
		least := 0x1p-54 / math.Pow(5, float64(e))
		if sum := math.Abs(wrong) + rounding; sum >= least {
			t.Errorf("1e%d: the error is %g of the quotient, and may be below %g", e, sum, least)
		}
	}
}

func TestDivisorDividesExactly(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 100_000 {
		step := r.Uint64() >> r.IntN(64)
		if step == 0 {
			continue
		}
		by := divisorOf(step)
		u := r.Uint64() % max(1, math.MaxUint64/step)
		if got := u * step >> by.shift * uint64(by.inverse); got != u {
			t.Fatalf("%d * %d / %d: got %d", u, step, step, got)
		}
	}
}
