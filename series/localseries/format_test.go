package localseries

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A pythonChunk is a chunk as somebody reads it who knows docs/en/format.md, and
// nothing of this package.
type pythonChunk struct {
	Key     []any            `json:"key"`
	Rows    int              `json:"rows"`
	Columns map[string][]any `json:"columns"`
}

func TestSomebodyElseCanReadASegment(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("NOT RUN: %v", err)
		}
		t.Skipf("NOT RUN: %v", err)
	}
	folder := t.TempDir()
	s, err := Open(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := series.FrameOfBars(market.Symbol{Code: "螺纹钢", Exchange: market.SHFE}, market.Minute, walk(0, 5000))
	f.Cols[4].Floats[7] = math.Pi // no decimal form
	f.Cols[5].Floats[9] = -1e300
	f.Attrs = map[string]string{series.AttrZone: "Asia/Shanghai"}
	ids, valid, venue := make([]int64, f.Len()), make([]bool, f.Len()), make([]uint32, f.Len())
	for i := range ids {
		ids[i], valid[i], venue[i] = int64(i*i*i)-1e9, i%3 == 0 && i < 1000, uint32(i/7%2)
	}
	f.Cols = append(f.Cols, series.Column{Name: "id", Ints: ids, Valid: valid}, series.Column{Name: "venue", Texts: &series.Texts{Dict: []string{"甲", "N"}, Index: venue}})
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(folder, segmentPrefix+"*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("got segments %q, %v, want one", names, err)
	}
	c := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "read_segment.py"), names[0])
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, &f, out)
}

// wantSame compares what was read with the rows of f.
func wantSame(t *testing.T, f *series.Frame, read []byte) {
	t.Helper()
	row := 0
	lines := bufio.NewScanner(bytes.NewReader(read))
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var c pythonChunk
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Key[2] != f.Key.Symbol.Code || c.Key[3] != string(f.Key.Symbol.Exchange) {
			t.Fatalf("got key %v, want that of %s", c.Key, f.Key)
		}
		part := f.Slice(row, row+c.Rows)
		for _, column := range part.Cols {
			if got, want := c.Columns[column.Name], asJSON(&column); got != nil && !slices.Equal(got, want) || got == nil && slices.ContainsFunc(want, func(x any) bool { return x != nil && x != 0.0 }) {
				t.Errorf("%s of rows from %d on: got %v, want %v", column.Name, row, got, want)
			}
		}
		for i, at := range c.Columns["time"] {
			if at != float64(part.Time[i]) {
				t.Fatalf("time of row %d: got %v, want %d", row+i, at, part.Time[i])
			}
		}
		row += c.Rows
	}
	if row != f.Len() {
		t.Errorf("got %d rows, want %d", row, f.Len())
	}
}

// asJSON returns the values of a column as encoding/json reads them.
func asJSON(c *series.Column) []any {
	all := make([]any, c.Len())
	for i := range all {
		switch {
		case c.Valid != nil && !c.Valid[i]:
		case c.Floats != nil:
			all[i] = c.Floats[i]
		case c.Ints != nil:
			all[i] = float64(c.Ints[i])
		default:
			all[i] = c.Texts.Dict[c.Texts.Index[i]]
		}
	}
	return all
}
