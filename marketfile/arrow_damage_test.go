package marketfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/series"
)

// arrowForms are small files and streams of all ways of packing.
func arrowForms(t testing.TB) (forms map[string][]byte) {
	forms = map[string][]byte{}
	for name, opts := range map[string][]ipc.Option{"plain": nil, "zstd": {ipc.WithZstd()}, "lz4": {ipc.WithLZ4()}, "deltas": {ipc.WithDictionaryDeltas(true)}} {
		forms[name+" stream"] = arrowBytes(t, false, numberBatches(11, 0, 9), opts...)
		forms[name+" file"] = arrowBytes(t, true, []arrow.RecordBatch{numberBatches(20)[0]}, opts...)
	}
	return forms
}

const arrowRows = 20

// countBytes is countWhole of a file that holds bytes. It is a new one each time:
// to write to one again waits for the disk.
func countBytes(t testing.TB, folder string, b []byte) (rows int, err error) {
	t.Helper()
	f, err := os.CreateTemp(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	rows, err = countWhole(t, f.Name())
	if err := os.Remove(f.Name()); err != nil {
		t.Fatal(err)
	}
	return rows, err
}

// damaged reports whether an error says that a file is not whole.
func damaged(err error) bool {
	return errors.Is(err, fault.FileDamaged) || errors.Is(err, fault.FileForm) || errors.Is(err, fault.FileEmpty)
}

// However much is missing at the end, it is missed.
func TestAnArrowFileThatIsCutOffIsAnError(t *testing.T) {
	for name, whole := range arrowForms(t) {
		folder := t.TempDir()
		for n := len(whole); n >= 0; n -= fewer.Step(7) {
			rows, err := countBytes(t, folder, whole[:n])
			if n == len(whole) && (err != nil || rows != arrowRows) {
				t.Errorf("%s: got %d rows, %v", name, rows, err)
			}
			if n < len(whole) && !damaged(err) {
				t.Errorf("%s: of %d bytes the first %d are %d rows, %v", name, len(whole), n, rows, err)
			}
		}
		cut := append(bytes.Clone(whole[:len(whole)/3/8*8]), whole[len(whole)/2/8*8:]...)
		if rows, err := countBytes(t, folder, cut); !damaged(err) {
			t.Errorf("%s without its middle: got %d rows, %v", name, rows, err)
		}
		if rows, err := countBytes(t, folder, append(whole, 0)); !damaged(err) {
			t.Errorf("%s with one byte more: got %d rows, %v", name, rows, err)
		}
	}
}

// Damage is an error, or lies in a value or a name: it never makes fewer rows of a
// file that looks whole.
func TestADamagedArrowFileIsNeverAShortOne(t *testing.T) {
	for name, whole := range arrowForms(t) {
		folder := t.TempDir()
		f := func(what string, content []byte) {
			t.Helper()
			if rows, err := countBytes(t, folder, content); !damaged(err) && (err != nil || rows != arrowRows) {
				t.Errorf("%s, %s: got %d rows, %v", name, what, rows, err)
			}
		}
		for i := 0; i < len(whole); i += fewer.Step(7) {
			for _, x := range []byte{0x01, 0x40, 0xff} {
				spoilt := bytes.Clone(whole)
				spoilt[i] ^= x
				f(fmt.Sprintf("byte %d with %02x", i, x), spoilt)
			}
		}
		for i := 0; i+8 <= len(whole); i += 4 * fewer.Step(7) {
			for _, x := range []uint64{0, 1 << 31, 1<<31 - 1, 1 << 40, 1 << 62, 1<<64 - 1} {
				spoilt := bytes.Clone(whole)
				binary.LittleEndian.PutUint64(spoilt[i:], x)
				f(fmt.Sprintf("%x at %d", x, i), spoilt)
			}
		}
	}
}

// What a file says of its size is not believed before it is there.
func TestDamageMakesNoGigabytes(t *testing.T) {
	folder := t.TempDir()
	for name, whole := range arrowForms(t) {
		for i := 0; i+8 <= len(whole); i += 4 * fewer.Step(7) {
			spoilt := bytes.Clone(whole)
			binary.LittleEndian.PutUint64(spoilt[i:], 400<<20|400<<52*uint64(i/4%2))
			if got := megabytes(t, folder, spoilt); got > 100 {
				t.Fatalf("%s: % x at %d makes %d MB", name, spoilt[i:i+8], i, got)
			}
		}
	}
}

// megabytes returns how much memory reading takes.
func megabytes(t *testing.T, folder string, b []byte) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = countBytes(t, folder, b)
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

// A batch is held as a whole, so it is refused if it is too large, by what it says
// of itself.
func TestABatchThatIsTooLargeIsToldSo(t *testing.T) {
	stream := arrowBytes(t, false, numberBatches(20))
	for rest := stream; ; {
		length := u32(rest, 4)
		root := flatRoot(rest[8 : 8+length])
		size := int(root.int64(3))
		if root.byte(1) == arrowBatch {
			binary.LittleEndian.PutUint64(root.bytes[root.field(3):], mostBatch+8)
			break
		}
		rest = rest[8+length+size:]
	}
	_, err := countWhole(t, write(t, "a", string(stream)))
	wantFault(t, err, fault.FileForm, "smaller batches")
}

// A schema whose parts are used again and again would never end.
func TestASchemaThatGrowsWithoutEndIsRefused(t *testing.T) {
	g := &schemaGuard{}
	// A field whose children are twice the same table, which is itself one with
	// such children, and so on.
	b := make([]byte, 0, 1<<12)
	var at []int
	for depth := range 60 {
		at = append(at, len(b))
		table := make([]byte, 48)
		le := binary.LittleEndian
		le.PutUint16(table[0:], 18) // the table of offsets: size, and that of children
		le.PutUint16(table[2:], 8)
		le.PutUint16(table[14:], 4)
		le.PutUint32(table[20:], 20) // from the table back to its offsets
		le.PutUint32(table[24:], 4)  // from there to the vector
		le.PutUint32(table[28:], 2)
		if depth == 59 {
			le.PutUint32(table[28:], 0)
		}
		le.PutUint32(table[32:], 48-32+20)
		le.PutUint32(table[36:], 48-36+20)
		b = append(b, table...)
	}
	if g.field(flatTable{b, at[0] + 20}, 1) || g.fields > mostFields+1 {
		t.Errorf("%d fields were taken", g.fields)
	}
}

func TestAnImportOfADamagedStreamKeepsWhatStandsBefore(t *testing.T) {
	path := asStream(t, walkArrow(t, 200_000))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := write(t, "cut", string(whole[:len(whole)*3/4]))
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, nil, cut)
	wantFault(t, err, fault.FileDamaged, cut+":131073:", "cut off")
	if r.New != 131_072 || r.Files != 0 {
		t.Errorf("got %s", counts(r))
	}
	s = emptyStore(t)
	report, err := Import(t.Context(), s, series.Bars, []string{cut}, &Options{Whole: true})
	wantFault(t, err, fault.FileDamaged, cut+":131073:", "cut off")
	if report.New != 0 || stored(t, s) != "" {
		t.Errorf("got %s", counts(report))
	}
}

func FuzzArrow(f *testing.F) {
	for _, b := range arrowForms(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 8 || !isArrow(b) {
			t.Skip("it does not begin as Arrow does")
		}
		if _, err := countBytes(t, t.TempDir(), b); err != nil && !damaged(err) {
			t.Error(err)
		}
	})
}
