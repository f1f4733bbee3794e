package codec_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/series/localseries/codec"
)

var update = flag.Bool("update", false, "write testdata/blocks.txt anew")

const goldenFile = "testdata/blocks.txt"

// TestBlocksAreTheSameEverywhere compares blocks with those that were packed
// on amd64: short ones byte by byte, long ones by their SHA-256.
func TestBlocksAreTheSameEverywhere(t *testing.T) {
	got := goldenBlocks()
	if *update {
		if err := os.WriteFile(goldenFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	lines, wanted := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	if len(lines) != len(wanted) {
		t.Errorf("got %d lines, want %d", len(lines), len(wanted))
	}
	for i := range min(len(lines), len(wanted)) {
		if lines[i] != wanted[i] {
			t.Errorf("line %d: got %s, want %s", i+1, lines[i], wanted[i])
		}
	}
}

func goldenBlocks() string {
	var b strings.Builder
	add := func(name string, n int, block []byte) {
		if n < 100 {
			fmt.Fprintf(&b, "%s, %d: %x\n", name, n, block)
			return
		}
		fmt.Fprintf(&b, "%s, %d: %d bytes, %x\n", name, n, len(block), sha256.Sum256(block))
	}
	for _, n := range []int{0, 1, 2, 17, 1000} {
		ints, floats, bars, bools := intColumns(n), floatColumns(n), barColumns(n), boolColumns(n)
		for _, name := range slices.Sorted(maps.Keys(ints)) {
			add("integers, "+name, n, codec.AppendInts(nil, ints[name]))
		}
		for _, name := range slices.Sorted(maps.Keys(floats)) {
			add("numbers, "+name, n, codec.AppendFloats(nil, floats[name]))
		}
		for _, name := range slices.Sorted(maps.Keys(bars)) {
			v := bars[name]
			for i, block := range codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3]) {
				add(fmt.Sprintf("bars, %s, column %d", name, i), n, block)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(bools)) {
			add("truths, "+name, n, codec.AppendBools(nil, bools[name]))
		}
	}
	return b.String()
}

// TestUnpackersAreCurrent runs the generator again.
func TestUnpackersAreCurrent(t *testing.T) {
	dir := t.TempDir()
	generate(t, dir)
	want, err := os.ReadFile(dir + "/widths.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("widths.go")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Error("widths.go is not what unpackgen.go makes: run go generate")
	}
}
