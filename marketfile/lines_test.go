package marketfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/redfire-quant/redfire/fault"
)

// linesOf cuts a text into blocks, and returns every line with its number: those
// that are too long as what their refusal says.
func linesOf(t *testing.T, r io.Reader) (all []string, err error) {
	t.Helper()
	l := newLines(&input{name: "a.csv", text: bufio.NewReaderSize(r, sampleSize)})
	var numbers []int64
	for {
		b, err := l.block()
		if err != nil {
			order := make([]int, len(all))
			for i := range order {
				order[i] = i
			}
			slices.SortFunc(order, func(i, j int) int { return int(numbers[i] - numbers[j]) })
			return picked(all, order), err
		}
		n := b.first
		for line := range bytes.Lines(b.text) {
			all, numbers = append(all, fmt.Sprintf("%d %s", n, summary(line))), append(numbers, n)
			n++
		}
		for _, bad := range b.bad {
			if len(bad.raw) != showSize || !errors.Is(bad.err, fault.FileRow) {
				t.Errorf("line %d is refused with %d bytes for %v", bad.line, len(bad.raw), bad.err)
			}
			all, numbers = append(all, fmt.Sprintf("%d refused %.40s", bad.line, bad.err)), append(numbers, bad.line)
		}
	}
}

// summary tells one line from another.
func summary(line []byte) string {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return fmt.Sprintf("%d %.8s %.8s", len(line), line, line[max(0, len(line)-8):])
}

// Lines of all lengths around those of a block and the longest must come out once
// and under their number, however the text is read.
func TestEveryLineComesOnceUnderItsNumber(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	lengths := []int{0, 1, 7, 100, 5000, blockSize - 1, blockSize, blockSize + 1, 2 * blockSize, lineSize - 20, lineSize - 6, lineSize + blockSize + 1, 3 * lineSize}
	for round := range 12 {
		var text strings.Builder
		var want []string
		count := 1 + random.IntN(60)
		for n := 1; n <= count; n++ {
			length := lengths[random.IntN(len(lengths))]
			if random.IntN(3) > 0 {
				length = random.IntN(3000)
			}
			line := fmt.Sprintf("%d:%s:%d", n, strings.Repeat("x", length), n)
			text.WriteString(line)
			if n < count || round%2 == 0 {
				text.WriteByte('\n')
			}
			want = append(want, fmt.Sprintf("%d %s", n, summary([]byte(line))))
		}
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(text.String()), "halves": iotest.HalfReader(strings.NewReader(text.String())), "error with data": iotest.DataErrReader(strings.NewReader(text.String())),
		} {
			got, err := linesOf(t, r)
			if !errors.Is(err, io.EOF) || len(got) != len(want) {
				t.Fatalf("%s: got %d lines of %d, %v", name, len(got), len(want), err)
			}
			compareLines(t, name, got, want)
		}
	}
}

// compareLines compares lines; a refused one has a length that allows it.
func compareLines(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range got {
		var n, length int
		if _, err := fmt.Sscanf(got[i], "%d refused the line has %d bytes", &n, &length); err == nil {
			if !strings.HasPrefix(want[i], fmt.Sprintf("%d %d ", n, length)) || length <= lineSize {
				t.Errorf("%s: got %s, want %s", name, got[i], want[i])
			}
			continue
		}
		if got[i] != want[i] {
			t.Errorf("%s: got %s, want %s", name, got[i], want[i])
		}
	}
}

func TestABrokenLineIsNeverARow(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		got, err := linesOf(t, io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrUnexpectedEOF)))
		place, _ := fault.PlaceOf(err)
		if !slices.Equal(got, want) || !errors.Is(err, fault.FileDamaged) || place.Line != len(want)+1 || place.File != "a.csv" {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	f("")
	f("a,b")
	f("a,b\n", "1 3 a,b a,b")
	f("a,b\nc", "1 3 a,b a,b")
}
