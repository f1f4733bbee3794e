package marketfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

func TestPathsNameWhatAFileHolds(t *testing.T) {
	f := func(path, pattern, want string) {
		t.Helper()
		y, v, err := parsePath(path, pattern)
		got := y.Code + " " + string(y.Exchange) + " " + v.String()
		if err != nil || got != want {
			t.Errorf("%s by %s: got %q, %v, want %q", path, pattern, got, err, want)
		}
	}
	f("/data/rb2601.SHFE/1m.csv", "{symbol}/{interval}.csv", "rb2601 SHFE 1m")
	f("data/BRK.B.NYSE/d.csv", "{symbol}/{interval}.csv", "BRK.B NYSE d")
	f("SPY.NYSE/1m_new_york_wall_clock.csv", "{symbol}/{interval}_*.csv", "SPY NYSE 1m")
	f("SHFE/rb2601_2026_01.csv.gz", "{exchange}/{code}_*.csv.gz", "rb2601 SHFE ")
	f("SHFE/rb2601.csv", "./{exchange}/{code}.csv", "rb2601 SHFE ")
	f("/a/SHFE/rb2601.csv", "/a/{exchange}/{code}.csv", "rb2601 SHFE ")
	f("螺纹 钢/100%_5m.csv", "{code}/*_{interval}.csv", "螺纹 钢  5m")
	f("x/100%.csv", "{code}.csv", "100%  ")
	f("x/[a](b)+.csv", "[{code}](b)+.csv", "a  ")
	f("x/a.SHFE", "{symbol}", "a SHFE ")
	f("x/SH600519.csv", "{exchange}{code}.csv", "600519 SH ")
	f("x/sz000001.csv", "{exchange}{code}.csv", "000001 SZ ")
	g := func(path, pattern string, code fault.Code, says string) {
		t.Helper()
		y, v, err := parsePath(path, pattern)
		wantFault(t, err, code, says)
		if err == nil {
			t.Errorf("%s by %s: got %v, %v", path, pattern, y, v)
		}
	}
	g("a/b.csv", "{symbol}/{interval}.csv", fault.FileOption, "{symbol}/{interval}.csv")
	g("rb.shfe/1m.csv", "{symbol}/{interval}.csv", fault.FileOption, "does not end")
	g("xrb.SHFE/1m.csv.bak", "{symbol}/{interval}.csv", fault.FileOption, "does not end")
	g("a/b.csv", "{code}/{code}.csv", fault.FileOption, "twice")
	g("a/b.csv", "{name}.csv", fault.FileOption, "{name}")
	g("a/0m.csv", "{interval}.csv", fault.MarketInterval, "")
	g("a/ b.csv", "{code}.csv", fault.MarketSymbol, "space")
	g("SHFErb2601.csv", "{exchange}{code}.csv", fault.FileOption, "does not end")
	g("rb26011m.csv", "{code}{interval}.csv", fault.FileOption, "nothing between")
	g("a/b.csv", "(", fault.FileOption, "does not end")
}

func TestThePathStandsBackBehindWhatIsSaid(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "m2601.DCE")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "5m.csv")
	if err := os.WriteFile(path, []byte(head+rows2), 0o666); err != nil {
		t.Fatal(err)
	}
	f := func(o *Options, want string) {
		t.Helper()
		o.Path = "{symbol}/{interval}.csv"
		r, err := imports(t, emptyStore(t), series.Bars, o, path)
		if err != nil || len(r.Keys) != 1 || r.Keys[0].String() != want {
			t.Errorf("got %v, %v, want %s", r.Keys, err, want)
		}
	}
	o := barsIn(t)
	o.AcceptSuspect = true
	f(o, "bars rb2601.SHFE 1m")
	o.Symbol.Code, o.Interval = "", 0
	o.Symbol.Exchange = ""
	f(o, "bars m2601.DCE 5m")
}

func TestFilesAreFoundOnceAndInOrder(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }
	for _, name := range []string{"b/2.csv", "b/10.csv.gz", "a.NDJSON", "c.parquet", "e.arrow", "F.Feather", "d.txt.zst", "x.pdf", "a.csv.rejects.csv", "a.csv.rejects.2.csv", "a.csv.rejects.csv.part", "100%.csv", "螺 纹.csv", "we[ird].csv"} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(at("b/2.csv"), at("link.csv")); err != nil {
		t.Skip(err) // Windows may not
	}
	f := func(want string, names ...string) {
		t.Helper()
		for i := range names {
			names[i] = at(names[i])
		}
		got, err := Files(names)
		for i := range got {
			got[i] = filepath.ToSlash(strings.TrimPrefix(got[i], folder+string(filepath.Separator)))
		}
		if err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%v: got %s, %v, want %s", names, strings.Join(got, ", "), err, want)
		}
	}
	f("100%.csv, F.Feather, a.NDJSON, b/10.csv.gz, b/2.csv, c.parquet, d.txt.zst, e.arrow, we[ird].csv, 螺 纹.csv", "")
	f("b/2.csv, b/10.csv.gz", "b/2.csv", "b", "b/../b/2.csv", "link.csv")
	f("link.csv", "link.csv", "b/2.csv")
	f("100%.csv, link.csv, we[ird].csv, 螺 纹.csv", "*.csv")
	f("we[ird].csv", "we[ird].csv")
	f("a.csv.rejects.csv", "a.csv.rejects.csv")
	g := func(name string, code fault.Code) {
		t.Helper()
		_, err := Files([]string{at(name)})
		wantFault(t, err, code, at(name))
	}
	g("none.csv", fault.FileMissing)
	g("*.xls", fault.FileMissing)
	g("[.csv", fault.FileOption)
	if err := os.Mkdir(at("empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	g("empty", fault.FileMissing)
}

// Of one file named twice every tick would be there twice.
func TestAFileMayBeNamedOnce(t *testing.T) {
	path := write(t, "a.csv", "time,price,qty\n2026-01-05 09:30:00,1,2\n")
	link := filepath.Join(t.TempDir(), "b.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	for _, twice := range []string{path, link, filepath.Dir(path) + "/./a.csv"} {
		s := emptyStore(t)
		r, err := imports(t, s, series.Ticks, ticksIn(t), path, twice)
		wantFault(t, err, fault.FileOption, twice, "named before")
		if r.Read != 0 || stored(t, s) != "" {
			t.Errorf("got %s", counts(r))
		}
	}
	r, err := imports(t, emptyStore(t), series.Ticks, ticksIn(t), link)
	if err != nil || r.New != 1 || !slices.Equal(r.Rejects, nil) {
		t.Errorf("got %s, %v", counts(r), err)
	}
}
