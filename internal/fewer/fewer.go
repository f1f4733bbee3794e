// Package fewer lets tests that try very many inputs, one after the other, try a part
// of them where that costs much and finds little: under the race detector, which
// slows code down tenfold and has nothing to find in a loop that runs alone, and on
// 32 bits. Run plainly on 64 bits, they try all.
package fewer

import "strconv"

// less is how many inputs there are to each that is tried.
const less = 8

// Whole reports whether all inputs are to be tried.
func Whole() bool { return whole(raceDetector, strconv.IntSize) }

func whole(race bool, bits int) bool { return !race && bits == 64 }

// Of returns how many of n inputs to try: all, or an eighth and at least one.
func Of(n int) int {
	if Whole() {
		return n
	}
	return (n + less - 1) / less
}

// Some returns the first of all inputs, as many as [Of] says.
func Some[T any](all []T) []T { return all[:Of(len(all))] }

// Step returns by how much a loop over all inputs goes on: by 1, or by step where a
// part is tried. A step that shares no factor with the length of a pattern in the
// inputs, as 7 shares none with the 8 bytes of a number, meets all places of it.
func Step(step int) int {
	if Whole() {
		return 1
	}
	return step
}
