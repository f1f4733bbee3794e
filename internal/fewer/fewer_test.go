package fewer

import (
	"strconv"
	"testing"
)

func TestAllIsTriedPlainlyOn64Bits(t *testing.T) {
	f := func(race bool, bits int, want bool) {
		t.Helper()
		if got := whole(race, bits); got != want {
			t.Errorf("race %v, %d bits: got %v, want %v", race, bits, got, want)
		}
	}
	f(false, 64, true)
	f(true, 64, false)
	f(false, 32, false)
	f(true, 32, false)
	if strconv.IntSize == 32 && Whole() {
		t.Error("all is tried on 32 bits")
	}
}

func TestAPartIsNeverNothing(t *testing.T) {
	for n := range 100 {
		got := Of(n)
		if Whole() && got != n || !Whole() && (got > n || got < (n+7)/8) {
			t.Errorf("of %d inputs %d are tried", n, got)
		}
		if got := Some(make([]bool, n)); len(got) != Of(n) {
			t.Errorf("some of %d are %d", n, len(got))
		}
	}
	if got := Step(7); Whole() && got != 1 || !Whole() && got != 7 {
		t.Errorf("got step %d", got)
	}
}
