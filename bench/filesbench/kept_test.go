package filesbench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// extras makes columns beside those of bars: the number of the row, null in every
// tenth; the number of the row as text, empty in every tenth and with a comma and
// quotation marks in it; half of it.
const extras = "n = np.arange(len(bars)); bars['Trade Count'] = pd.array(n, dtype='Int64'); bars.loc[::10, 'Trade Count'] = pd.NA; " +
	"bars['note'] = [f'row \"{i}\", {i}' for i in n]; bars.loc[::10, 'note'] = None; bars['half'] = n / 2; "

// keptSamples are files with these columns.
var keptSamples = []task{
	{Path: "kept.csv", Code: extras + "bars.to_csv(path, index=False)"},
	{Path: "kept.ndjson", Code: extras + "bars.to_json(path, orient='records', lines=True, double_precision=15)"},
	{Path: "kept.parquet", Code: extras + "bars.to_parquet(path)"},
	{Path: "kept-category.parquet", Code: extras + "bars['note'] = bars.note.astype('category'); bars.to_parquet(path)"},
	{Path: "kept-polars.csv", Code: extras + "pl.from_pandas(bars).write_csv(path)"},
	{Path: "kept-polars.ndjson", Code: extras + "pl.from_pandas(bars).write_ndjson(path)"},
	{Path: "kept-polars.parquet", Code: extras + "pl.from_pandas(bars).with_columns(pl.col('note').cast(pl.Categorical)).write_parquet(path)"},
	{Path: "kept-polars-narrow.parquet", Code: extras + "pl.from_pandas(bars).with_columns(pl.col('Trade Count').cast(pl.UInt16), pl.col('half').cast(pl.Float32)).write_parquet(path)"},
}

func TestColumnsThatAreKeptAreImportedRowByRow(t *testing.T) {
	r := readReal(t)
	dir := t.TempDir()
	var tasks []task
	for _, s := range keptSamples {
		tasks = append(tasks, task{Path: filepath.Join(dir, s.Path), Code: s.Code})
	}
	r.runPython(t, tasks)
	for _, s := range keptSamples {
		t.Run(s.Path, func(t *testing.T) {
			store := memseries.Open(nil)
			defer store.Close()
			opts := zoned("UTC")
			opts.Symbol, opts.Interval, opts.BarTime = minuteKey.Symbol, minuteKey.Interval, marketfile.Start
			opts.Keep = []marketfile.Kept{{Column: "Trade Count", Type: series.Int64}, {Column: "note"}, {Column: "half", Type: series.Float64}}
			path := filepath.Join(dir, s.Path)
			done, err := marketfile.Import(t.Context(), store, series.Bars, []string{path}, &opts)
			if err != nil || done.Refused > 0 {
				t.Fatalf("%+v, error %v\n%s", done, err, beginning(path))
			}
			rows := 0
			for f, err := range store.Read(t.Context(), series.Query{Keys: []series.Key{minuteKey}}) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range f.Len() {
					if got, want := extraOf(f, i), wantExtra(rows); got != want || f.Time[i] != r.minutes[rows].Time {
						t.Fatalf("row %d, at %s: got %s, want %s", rows, f.Time[i], got, want)
					}
					rows++
				}
			}
			if rows != len(r.minutes) {
				t.Errorf("got %d rows, want %d", rows, len(r.minutes))
			}
		})
	}
}

// extraOf shows the extra columns of a row.
func extraOf(f *series.Frame, i int) string {
	show := func(name string, value func(*series.Column) any) string {
		c := f.Column(name)
		if c == nil || c.Valid != nil && !c.Valid[i] {
			return "none"
		}
		return fmt.Sprint(value(c))
	}
	return show("trade_count", func(c *series.Column) any { return c.Ints[i] }) +
		"; " + show("note", func(c *series.Column) any { return c.Texts.Dict[c.Texts.Index[i]] }) +
		"; " + show("half", func(c *series.Column) any { return c.Floats[i] })
}

func wantExtra(n int) string {
	if tenth(n) {
		return fmt.Sprintf("none; none; %v", float64(n)/2)
	}
	return fmt.Sprintf("%d; row \"%d\", %d; %v", n, n, n, float64(n)/2)
}

func TestFilesOutOfOrderAndOfManySymbolsAreImported(t *testing.T) {
	r := readReal(t)
	dir := t.TempDir()
	const three = "b = pd.concat([bars.assign(symbol=s) for s in ['AAA', 'BBB', 'CCC']]); "
	codes := map[string]string{
		"backwards.csv":      three + "b.iloc[::-1].to_csv(path, index=False)",
		"shuffled.csv":       three + "b.sample(frac=1, random_state=1).to_csv(path, index=False)",
		"by-time.parquet":    three + "b.sort_values(['datetime', 'symbol']).to_parquet(path, row_group_size=999)",
		"shuffled.parquet":   three + "pl.from_pandas(b).sample(fraction=1, shuffle=True, seed=1).with_columns(pl.col('symbol').cast(pl.Categorical)).write_parquet(path)",
		"twice.csv":          three + "pd.concat([b, b]).to_csv(path, index=False)",
		"interleaved.ndjson": three + "pl.from_pandas(b.sort_values('datetime')).write_ndjson(path)",
	}
	var tasks []task
	for name, code := range codes {
		tasks = append(tasks, task{Path: filepath.Join(dir, name), Code: code})
	}
	r.runPython(t, tasks)
	for name := range codes {
		t.Run(name, func(t *testing.T) {
			store := memseries.Open(nil)
			defer store.Close()
			opts := zoned("UTC")
			opts.Symbol.Exchange, opts.Interval, opts.BarTime = market.NYSE, market.Minute, marketfile.Start
			done, err := marketfile.Import(t.Context(), store, series.Bars, []string{filepath.Join(dir, name)}, &opts)
			if want := int64(3 * len(r.minutes)); err != nil || done.Refused > 0 || done.New != want || done.Series != 3 {
				t.Fatalf("%+v, error %v, want %d new rows of 3 series", done, err, want)
			}
			for _, code := range []string{"AAA", "BBB", "CCC"} {
				y := market.Symbol{Code: code, Exchange: market.NYSE}
				all := store.Bars(t.Context(), y, market.Minute, market.Range{})
				if err := same(all, len(r.minutes), func(n int) market.Bar { return r.minutes[n] }); err != nil {
					t.Errorf("%s: %v", y, err)
				}
			}
		})
	}
}

func TestWhatPandasDoesNotNameIsAskedFor(t *testing.T) {
	r := readReal(t)
	dir := t.TempDir()
	const unnamed = "b = bars.set_index('datetime'); b.index.name = None; "
	csv, parquet := filepath.Join(dir, "unnamed.csv"), filepath.Join(dir, "unnamed.parquet")
	r.runPython(t, []task{{Path: csv, Code: unnamed + "b.to_csv(path)"}, {Path: parquet, Code: unnamed + "b.to_parquet(path)"}})
	opts := zoned("UTC")
	opts.Symbol, opts.Interval, opts.BarTime = minuteKey.Symbol, minuteKey.Interval, marketfile.Start
	f := func(path string, want bool) {
		t.Helper()
		store := memseries.Open(nil)
		defer store.Close()
		done, err := marketfile.Import(t.Context(), store, series.Bars, []string{path}, &opts)
		if (err == nil) != want || want && done.New != int64(len(r.minutes)) {
			t.Errorf("%s: got %+v, error %v", filepath.Base(path), done, err)
		}
	}
	f(csv, false)
	f(parquet, false)
	opts.Map = map[string]string{"time": "__index_level_0__"}
	f(parquet, true)
	opts.Map = map[string]string{"time": "#1"}
	f(csv, true)
}

func TestAFileThatPythonCutShortIsRefused(t *testing.T) {
	r := readReal(t)
	dir := t.TempDir()
	names := []string{"cut.csv.gz", "cut.parquet", "cut.csv.zst"}
	r.runPython(t, []task{
		{Path: filepath.Join(dir, names[0]), Code: "bars.to_csv(path, index=False)"},
		{Path: filepath.Join(dir, names[1]), Code: "bars.to_parquet(path)"},
		{Path: filepath.Join(dir, names[2]), Code: "pl.from_pandas(bars).write_csv(path, compression='zstd')"},
	})
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()*2/3); err != nil {
			t.Fatal(err)
		}
		store := memseries.Open(nil)
		opts := zoned("UTC")
		opts.Symbol, opts.Interval, opts.BarTime = minuteKey.Symbol, minuteKey.Interval, marketfile.Start
		if done, err := marketfile.Import(t.Context(), store, series.Bars, []string{path}, &opts); err == nil {
			t.Errorf("%s: it was imported: %+v", name, done)
		}
		kept := 0
		for b, err := range store.Bars(t.Context(), minuteKey.Symbol, market.Minute, market.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(r.minutes[kept:min(kept+1, len(r.minutes))], b) {
				t.Fatalf("%s: row %d is %+v", name, kept, b)
			}
			kept++
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}
