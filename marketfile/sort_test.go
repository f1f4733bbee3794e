package marketfile

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/series/memseries"
)

const tickHead = "symbol,time,price,qty,venue\n"

// trade is a row of a file of ticks.
type trade struct {
	symbol string
	micro  int64
	id     int
}

func (x trade) row() string {
	return fmt.Sprintf("%s,%s,%d,1,v%d\n", x.symbol, time.UnixMicro(x.micro).UTC().Format("2006-01-02 15:04:05.999999Z"), x.id+1, x.id%7)
}

// trades returns n trades of three symbols, several to a microsecond, in the order
// of time but for a share of them.
func trades(n int, disorder float64) []trade {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	all := make([]trade, n)
	at := int64(1475798400e6)
	for i := range all {
		at += random.Int64N(2)
		micro := at
		if random.Float64() < disorder {
			micro -= random.Int64N(int64(n))
		}
		all[i] = trade{fmt.Sprintf("%c.SHFE", 'a'+random.IntN(3)), micro, i}
	}
	return all
}

// wantTicks is what stored returns when trades were imported in this order.
func wantTicks(all []trade) string {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b trade) int {
		return cmp.Or(strings.Compare(a.symbol, b.symbol), cmp.Compare(a.micro, b.micro))
	})
	var b strings.Builder
	seq := 0
	for i, x := range sorted {
		if seq++; i == 0 || sorted[i-1].symbol != x.symbol || sorted[i-1].micro != x.micro {
			seq = 0
		}
		fmt.Fprintf(&b, "ticks %s %s#%d last_price=%d last_volume=1 venue=\"v%d\"\n", x.symbol, time.UnixMicro(x.micro).UTC().Format("2006-01-02T15:04:05.999999Z"), seq, x.id+1, x.id%7)
	}
	return b.String()
}

// filesOfTrades writes trades into so many files.
func filesOfTrades(t testing.TB, all []trade, n int) (files []string) {
	t.Helper()
	for part := range slices.Chunk(all, (len(all)+n-1)/n) {
		text := tickHead
		for _, x := range part {
			text += x.row()
		}
		files = append(files, write(t, fmt.Sprintf("%d.csv", len(files)), text))
	}
	return files
}

func TestTicksAreNumberedInTheOrderOfTheFiles(t *testing.T) {
	o := &Options{Keep: []Kept{{Column: "venue"}}, Scratch: scratchIn(t)}
	f := func(all []trade, files int) {
		t.Helper()
		paths := filesOfTrades(t, all, files)
		s := emptyStore(t)
		r, err := imports(t, s, series.Ticks, o, paths...)
		if want := fmt.Sprintf("%d read: %[1]d new, 0 unchanged, 0 replaced, 0 refused", len(all)); err != nil || counts(r) != want || r.Files != files {
			t.Fatalf("got %s of %d files, %v, want %s", counts(r), r.Files, err, want)
		}
		if got := stored(t, s); got != wantTicks(all) {
			t.Fatal("the ticks are not numbered as they stand")
		}
		r, err = imports(t, s, series.Ticks, o, paths...)
		if want := fmt.Sprintf("%d read: 0 new, %[1]d unchanged, 0 replaced, 0 refused", len(all)); err != nil || counts(r) != want {
			t.Fatalf("got %s, %v, want %s", counts(r), err, want)
		}
		if len(r.Keys) != r.Series || r.Series != 3 || len(r.Notes) != 0 {
			t.Fatalf("got %d series, %v, %v", r.Series, r.Keys, r.Notes)
		}
	}
	f(trades(3000, 0), 1)
	f(trades(3000, 0), 3)
	f(trades(3000, 0.001), 1)
	f(trades(3000, 0.5), 4)
	backwards := trades(2000, 0)
	slices.Reverse(backwards)
	f(backwards, 2)
}

// The disorder is found when some rows are stored already.
func TestRowsKeptBeforeADisorderWasFoundAreCountedOnce(t *testing.T) {
	ordered := trades(batchRows+50_000, 0)
	all := append(ordered, trade{"a.SHFE", ordered[10].micro, len(ordered)}, trade{"a.SHFE", ordered[0].micro - 1, len(ordered) + 1})
	path := write(t, "a.csv", "time\n")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "a title\n", tickHead)
	for _, x := range all {
		fmt.Fprint(f, x.row())
	}
	fmt.Fprint(f, "bad\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s := emptyStore(t)
	var told []Progress
	o := &Options{Keep: []Kept{{Column: "venue"}}, Scratch: scratchIn(t), Progress: func(p Progress) { told = append(told, p) }}
	for i, want := range []string{
		fmt.Sprintf("%d read: %d new, 0 unchanged, 0 replaced, 1 refused", len(all)+1, len(all)),
		fmt.Sprintf("%d read: 0 new, %d unchanged, 0 replaced, 1 refused", len(all)+1, len(all)),
	} {
		r, err := imports(t, s, series.Ticks, o, path)
		if err != nil || counts(r) != want || len(r.Notes) != 1 || r.Series != 3 {
			t.Errorf("import %d: got %s %v, %v, want %s", i, counts(r), r.Notes, err, want)
		}
	}
	if got := stored(t, s); got != wantTicks(all) {
		t.Error("the ticks are not numbered as they stand")
	}
	if !slices.ContainsFunc(told, func(p Progress) bool { return p.Sorting && p.Space > 0 && p.Folder == "memory" }) {
		t.Error("nobody was told of sorting")
	}
	if got := beside(t, path); !slices.Equal(got, []string{".rejects.csv"}) {
		t.Errorf("got %v", got)
	}
}

func TestTicksOutOfOrderNeedAPlaceForSorting(t *testing.T) {
	path := write(t, "a.csv", "time,price,qty\n2026-01-05 09:30:00,1,1\n2026-01-05 09:30:01,2,1\n2026-01-05 09:30:00,3,1\n")
	f := func(scratch func() (*Scratch, error), want error, says string) {
		t.Helper()
		s := emptyStore(t)
		o := ticksIn(t)
		o.Scratch = scratch
		r, err := imports(t, s, series.Ticks, o, path)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), says) || r.New != 0 {
			t.Errorf("got %s, %v, want %v", counts(r), err, want)
		}
	}
	f(nil, fault.FileDisorder, path+":4:")
	broken := errors.New("no scratch")
	f(func() (*Scratch, error) { return nil, broken }, broken, "")
	full := func(free int64, err error) func() (*Scratch, error) {
		return func() (*Scratch, error) {
			s, _ := scratchIn(t)()
			s.Free = func() (int64, error) { return free, err }
			return s, nil
		}
	}
	f(full(1<<20, nil), fault.FileSpace, "memory")
	f(full(0, broken), broken, "")
	closed := func() (*Scratch, error) {
		s, _ := scratchIn(t)()
		return s, s.Store.Close()
	}
	f(closed, fault.Closed, "")
}

func TestTicksThatDifferFromTheStoredOnesAreRefused(t *testing.T) {
	f := func(disorder string) {
		t.Helper()
		s := emptyStore(t)
		o := ticksIn(t)
		o.Scratch = scratchIn(t)
		text := "time,price,qty\n2026-01-05 09:30:00,1,1\n2026-01-05 09:30:00,2,1\n2026-01-05 09:30:01,3,1\n" + disorder
		if _, err := imports(t, s, series.Ticks, o, write(t, "a.csv", text)); err != nil {
			t.Fatal(err)
		}
		before := stored(t, s)
		path := write(t, "b.csv", strings.Replace(text, "00,2,1", "00,9,1", 1))
		n := strings.Count(text, "\n") - 1
		for range 2 {
			r, err := imports(t, s, series.Ticks, o, path)
			if want := fmt.Sprintf("%d read: 0 new, %d unchanged, 0 replaced, 1 refused", n, n-1); err != nil || counts(r) != want || r.Reasons[fault.FileConflict] != 1 {
				t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
			}
			if got := stored(t, s); got != before {
				t.Errorf("got %s", got)
			}
			if got := read(t, path+".rejects.csv"); !strings.Contains(got, "\n3,") || !strings.Contains(got, "number 1 [RF-FIL-015]") {
				t.Errorf("got %s", got)
			}
		}
		o.Replace = true
		r, err := imports(t, s, series.Ticks, o, path)
		if want := fmt.Sprintf("%d read: 0 new, %d unchanged, 1 replaced, 0 refused", n, n-1); err != nil || counts(r) != want {
			t.Errorf("got %s, %v, want %s", counts(r), err, want)
		}
		if got := stored(t, s); got != strings.Replace(before, "#1 last_price=2", "#1 last_price=9", 1) {
			t.Errorf("got %s", got)
		}
	}
	f("")
	f("2026-01-05 09:29:59,5,1\n")
}

func TestTicksThatHaveTheirNumbersKeepThem(t *testing.T) {
	text := "time,seq,price,qty\n2026-01-05 09:30:01,7,1,1\n2026-01-05 09:30:00,4294967295,2,1\n2026-01-05 09:30:01,0,3,1\n" +
		"2026-01-05 09:30:01,0,4,1\n2026-01-05 09:30:01,-1,4,1\n2026-01-05 09:30:01,4294967296,4,1\n2026-01-05 09:30:01,,4,1\n2026-01-05 09:30:01,x,4,1\n"
	s := emptyStore(t)
	for _, want := range []string{"8 read: 3 new, 0 unchanged, 0 replaced, 5 refused", "8 read: 0 new, 3 unchanged, 0 replaced, 5 refused"} {
		r, err := imports(t, s, series.Ticks, ticksIn(t), write(t, "a.csv", text))
		if err != nil || counts(r) != want || r.Reasons[fault.FileTwice] != 1 || r.Reasons[fault.FileCell] != 4 {
			t.Errorf("got %s %v, %v, want %s", counts(r), r.Reasons, err, want)
		}
	}
	want := "ticks rb2601.SHFE 2026-01-05T01:30:00Z#4294967295 last_price=2 last_volume=1\n" +
		"ticks rb2601.SHFE 2026-01-05T01:30:01Z#0 last_price=3 last_volume=1\nticks rb2601.SHFE 2026-01-05T01:30:01Z#7 last_price=1 last_volume=1\n"
	if got := stored(t, s); got != want {
		t.Errorf("got %s", got)
	}
}

func TestNumbersEndWhereSeqDoes(t *testing.T) {
	n := numbers{micro: 1, next: math.MaxUint32, begun: true}
	_, err := n.number(1000)
	wantFault(t, err, fault.FileOption, "4294967295")
	if seq, err := n.number(2000); seq != 0 || err != nil {
		t.Errorf("got %d, %v", seq, err)
	}
	if _, err = n.number(1999); !errors.Is(err, errDisorder) {
		t.Errorf("got %v", err)
	}
	// Before 1970 too a microsecond begins at its start.
	n = numbers{}
	for i, x := range []struct {
		time market.Time
		seq  uint32
	}{{-2000, 0}, {-1999, 1}, {-1001, 2}, {-1000, 0}, {-1, 1}, {1, 0}} {
		if seq, err := n.number(x.time); seq != x.seq || err != nil {
			t.Errorf("%d: got %d, %v", i, seq, err)
		}
	}
}

func TestLevelsOfTheBookAndOfTheDay(t *testing.T) {
	f := func(header, row, want string, code fault.Code) {
		t.Helper()
		s := emptyStore(t)
		o := ticksIn(t)
		r, err := imports(t, s, series.Ticks, o, write(t, "a.csv", "time,last,"+header+"\n2026-01-05 09:30,1,"+row+"\n"))
		_, got, _ := strings.Cut(strings.TrimSpace(stored(t, s)), "#0 ")
		if err != nil || got != want || code != "" && r.Reasons[code] != 1 {
			t.Errorf("%s: %s: got %s %s %v, %v", header, row, got, counts(r), r.Reasons, err)
		}
	}
	f("bid_price_1,ask_price_3,bid_volume_2", "1,0,5", "bid_price_1=1 bid_volume_2=5 depth=2 last_price=1", "")
	f("bid_price_1,ask_price_3,bid_volume_2", "0,0,0", "last_price=1", "")
	f("bid_price_1,ask_price_3,bid_volume_2", ",,", "last_price=1", "")
	f("bid_price_1,ask_price_3", "0,-0", "depth=3 last_price=1", "") // a zero with a sign is not nothing
	f("depth,bid_price_1", "5,1", "bid_price_1=1 depth=5 last_price=1", "")
	f("depth,bid_price_2", "1,1", "", fault.MarketDepth)
	f("depth,bid_price_2", "6,1", "", fault.MarketDepth)
	f("depth,bid_price_2", "-1,0", "", fault.MarketDepth)
	f("depth,bid_price_2", "1.5,0", "", fault.FileCell)
	f("bid_price_1", "-1", "", fault.FileSuspect)
	f("high,low", "1,2", "", fault.FileSuspect)
	f("high,low", "0,2", "last_price=1 low_price=2", "")
	f("turnover", "-1", "", fault.FileSuspect)
	f("localtime", "1767576601", "last_price=1 localtime=1767576601000000000", "")
	f("localtime", "2026-01-05 09:30:01", "last_price=1 localtime=1767576601000000000", "")
	f("localtime", "1767576601000000001", "last_price=1 localtime=1767576601000000001", "")
	f("localtime", "", "last_price=1", "")
	f("localtime", "x", "", fault.MarketTime)
	f("localtime", "1677-01-01", "", fault.MarketTimeRange)
	f("名称", "螺纹", `last_price=1 name="螺纹"`, "")
}

// The unit of the times of rows is not that of the times at which they came.
func TestLocalTimesHaveAFormOfTheirOwn(t *testing.T) {
	s := emptyStore(t)
	o := ticksIn(t)
	o.TimeUnit = "ms"
	r, err := imports(t, s, series.Ticks, o, write(t, "a.csv", "time,last,localtime\n1475798400000,1,2016-10-07 08:00:01\n1475798400001,1,1475798401000000000\n"))
	if got := stored(t, s); err != nil || strings.Count(got, "localtime=1475798401000000000") != 2 {
		t.Errorf("got %s %s %v, %v", got, counts(r), r.Reasons, err)
	}
}

func TestSortingInAStoreOnDiskHasTheSameResult(t *testing.T) {
	all := trades(20_000, 0.3)
	folder := filepath.Join(t.TempDir(), "sort")
	o := &Options{Keep: []Kept{{Column: "venue"}}, Scratch: func() (*Scratch, error) {
		s, err := localseries.Open(folder, nil)
		return &Scratch{Store: s, Folder: folder, Free: func() (int64, error) { return 1 << 40, nil }, Remove: func() error { return os.RemoveAll(folder) }}, err
	}}
	s := memseries.Open(nil)
	defer s.Close()
	r, err := imports(t, s, series.Ticks, o, filesOfTrades(t, all, 2)...)
	if err != nil || r.New != int64(len(all)) || stored(t, s) != wantTicks(all) {
		t.Errorf("got %s, %v", counts(r), err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder for sorting is left: %v", err)
	}
}
