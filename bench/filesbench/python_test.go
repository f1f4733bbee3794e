package filesbench

import (
	_ "embed" // for the script
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/bench/venv"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

//go:embed python_test.py
var pythonScript string

// testTicks is how many ticks files have: the first hours of the week.
const testTicks = 20_000

// real are the rows that Python is given: minutes of SPY, days of the S&P 500,
// ticks of BTC, many of which have one time.
type real struct {
	minutes, days []market.Bar
	ticks         []market.Tick
}

var (
	minuteKey = series.BarKey(market.Symbol{Code: "SPY", Exchange: market.NYSE}, market.Minute)
	dayKey    = series.BarKey(market.Symbol{Code: "SPX", Exchange: market.CBOE}, market.Day)
	tickKey   = series.TickKey(market.Symbol{Code: "BTCUSD", Exchange: "BITSTAMP"})
)

func readReal(t *testing.T) *real {
	t.Helper()
	r := &real{}
	data := realdata.Open(t)
	for _, set := range data.Bars {
		for b, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			switch series.BarKey(set.Symbol, set.Interval) {
			case minuteKey:
				r.minutes = append(r.minutes, b)
			case dayKey:
				r.days = append(r.days, b)
			}
		}
	}
	for _, set := range data.Ticks {
		if set.Symbol != tickKey.Symbol {
			continue
		}
		for trade, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if r.ticks = append(r.ticks, trade.Tick); len(r.ticks) == testTicks {
				break
			}
		}
	}
	if len(r.minutes) < 1000 || len(r.days) < 1000 || len(r.ticks) < testTicks {
		t.Fatalf("real data: %d minutes, %d days, %d ticks", len(r.minutes), len(r.days), len(r.ticks))
	}
	return r
}

// A task is a piece of Python that writes or reads the file at path.
type task struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Kind   string `json:"kind,omitempty"`
	Out    string `json:"out,omitempty"`    // where the rows go that it read
	Symbol string `json:"symbol,omitempty"` // that they have
}

// runPython runs tasks in one process.
func (r *real) runPython(t *testing.T, tasks []task) {
	t.Helper()
	if testing.Short() {
		t.Skip("Python may have to be installed: not in a short run")
	}
	python, err := venv.Python(t.Context(), func(line string) { t.Log(line) })
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	rows := map[string]string{}
	put := func(kind string, b []byte) {
		rows[kind] = filepath.Join(dir, kind)
		if err := os.WriteFile(rows[kind], b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("bars", bytesOfBars(r.minutes))
	put("days", bytesOfBars(r.days))
	put("ticks", bytesOfTicks(r.ticks))
	job, err := json.Marshal(map[string]any{"rows": rows, "tasks": tasks})
	if err != nil {
		t.Fatal(err)
	}
	put("job", job)
	c := exec.CommandContext(t.Context(), python, "-c", pythonScript, rows["job"])
	c.Env = append(os.Environ(), "TZ=UTC")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("python: %v: %s", err, out)
	}
}

func bytesOfBars(all []market.Bar) (b []byte) {
	for i := range all {
		r := &all[i]
		b = appendNumbers(b, r.Time, r.Open, r.High, r.Low, r.Close, r.Volume)
	}
	return b
}

func bytesOfTicks(all []market.Tick) (b []byte) {
	for i := range all {
		r := &all[i]
		b = appendNumbers(b, r.Time, float64(r.Seq), r.LastPrice, r.LastVolume)
	}
	return b
}

func appendNumbers(b []byte, t market.Time, values ...float64) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(t))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// A sample is a file that Python writes and Import reads.
type sample struct {
	name string // of the file
	code string // that writes it, out of bars, days or ticks
	opts marketfile.Options

	// keyed tells that columns say symbol and interval, and no option does.
	keyed bool

	// bar changes the n-th bar to what is expected, and returns false if it is
	// refused. nil changes none.
	bar func(n int, b *market.Bar) bool
}

// zoned are options with the zone of times.
func zoned(name string) marketfile.Options {
	zone, err := market.LoadZone(name)
	if err != nil {
		panic(err)
	}
	return marketfile.Options{Zone: zone}
}

func utc(change func(*marketfile.Options)) marketfile.Options {
	o := zoned("UTC")
	change(&o)
	return o
}

const (
	useDatetimeIndex = "b = bars.set_index('datetime'); "
	newYork          = "bars['datetime'] = bars.datetime.dt.tz_localize('UTC').dt.tz_convert('America/New_York'); "
	withUTC          = "bars['datetime'] = bars.datetime.dt.tz_localize('UTC'); "
	wallOfNewYork    = newYork + "bars['datetime'] = bars.datetime.dt.tz_localize(None); "
	polarsOf         = "p = pl.from_pandas(bars); "
	polarsUTC        = polarsOf + "p = p.with_columns(pl.col('datetime').dt.replace_time_zone('UTC')); "
	polarsNewYork    = polarsUTC + "p = p.with_columns(pl.col('datetime').dt.convert_time_zone('America/New_York')); "
	floats           = "['open', 'high', 'low', 'close']"
)

// every tenth row lacks something.
func tenth(n int) bool { return n%10 == 0 }

func noVolume(n int, b *market.Bar) bool {
	if tenth(n) {
		b.Volume = 0
	}
	return true
}

func refused(n int, _ *market.Bar) bool { return !tenth(n) }

var utcOnly = zoned("UTC")

// textSamples are CSV and NDJSON of bars of a minute.
var textSamples = []sample{
	{name: "rangeindex.csv", code: "bars.to_csv(path)", opts: utcOnly},
	{name: "noindex.csv", code: "bars.to_csv(path, index=False)", opts: utcOnly},
	{name: "datetimeindex.csv", code: useDatetimeIndex + "b.to_csv(path)", opts: utcOnly},
	{name: "utc.csv", code: withUTC + useDatetimeIndex + "b.to_csv(path)"},
	{name: "newyork.csv", code: newYork + useDatetimeIndex + "b.to_csv(path)"},
	{name: "wall.csv", code: wallOfNewYork + useDatetimeIndex + "b.to_csv(path)", opts: zoned("America/New_York")},
	{name: "nan-volume.csv", code: "bars.loc[::10, 'volume'] = np.nan; bars.to_csv(path, index=False)", opts: utcOnly, bar: noVolume},
	{name: "nan-text.csv", code: "bars.loc[::10, 'volume'] = np.nan; bars.to_csv(path, index=False, na_rep='NaN')", opts: utcOnly, bar: refused},
	{name: "nan-close.csv", code: "bars.loc[::10, 'close'] = np.nan; bars.to_csv(path, index=False)", opts: utcOnly, bar: refused},
	{name: "nat.csv", code: "bars.loc[::10, 'datetime'] = pd.NaT; bars.to_csv(path, index=False)", opts: utcOnly, bar: refused},
	{name: "semicolon.csv", code: "bars.to_csv(path, sep=';', index=False)", opts: utcOnly},
	{name: "tab.csv", code: "bars.to_csv(path, sep='\\t', index=False)", opts: utcOnly},
	{name: "quoted.csv", code: "import csv; bars.to_csv(path, index=False, quoting=csv.QUOTE_ALL)", opts: utcOnly},
	{name: "crlf.csv", code: "bars.to_csv(path, index=False, lineterminator='\\r\\n')", opts: utcOnly},
	{name: "compact.csv", code: "bars.to_csv(path, index=False, date_format='%Y%m%d %H:%M:%S')", opts: utcOnly},
	{name: "dayfirst.csv", code: "bars.to_csv(path, index=False, date_format='%d/%m/%Y %H:%M')", opts: utc(func(o *marketfile.Options) { o.DateOrder = marketfile.DayMonthYear })},
	{name: "epoch-ns.csv", code: "bars['datetime'] = bars.datetime.astype('int64'); bars.to_csv(path, index=False)"},
	{name: "epoch-ms.csv", code: "bars['datetime'] = bars.datetime.astype('datetime64[ms]').astype('int64'); bars.to_csv(path, index=False)"},
	{name: "epoch-s.csv", code: "bars['datetime'] = bars.datetime.astype('datetime64[s]').astype('int64'); bars.to_csv(path, index=False)"},
	{name: "epoch-float.csv", code: "bars['datetime'] = bars.datetime.astype('datetime64[s]').astype('int64') * 1.0; bars.to_csv(path, index=False)"},
	{name: "date-time.csv", code: "bars.insert(0, 'date', bars.datetime.dt.date); bars.insert(1, 'time', bars.datetime.dt.time); bars.drop(columns='datetime').to_csv(path, index=False)", opts: utcOnly},
	{name: "gzip.csv.gz", code: "bars.to_csv(path, index=False)", opts: utcOnly},
	{name: "bom.csv", code: "bars.to_csv(path, index=False, encoding='utf-8-sig')", opts: utcOnly},
	{name: "utf16.csv", code: "bars.to_csv(path, index=False, encoding='utf-16')", opts: utcOnly},
	{name: "gbk.csv", code: "bars.columns = ['时间', '开盘价', '最高价', '最低价', '收盘价', '成交量']; bars.to_csv(path, index=False, encoding='gbk')", opts: utcOnly},
	{name: "float-format.csv", code: "bars.to_csv(path, index=False, float_format='%.4f')", opts: utcOnly},
	{name: "exponent.csv", code: "bars.to_csv(path, index=False, float_format='%.17e')", opts: utcOnly},
	{name: "float32.csv", code: "bars[" + floats + "] = bars[" + floats + "].astype('float32'); bars.to_csv(path, index=False)", opts: utcOnly},
	{name: "keyed.csv", keyed: true, code: "bars.insert(0, 'symbol', 'SPY.NYSE'); bars.insert(1, 'interval', '1m'); bars.to_csv(path, index=False)", opts: utcOnly},
	{name: "lines.ndjson", code: "bars.to_json(path, orient='records', lines=True, double_precision=15)"},
	{name: "lines-iso.ndjson", code: "bars.to_json(path, orient='records', lines=True, date_format='iso', double_precision=15)", opts: utcOnly},
	{name: "lines-utc.ndjson", code: withUTC + "bars.to_json(path, orient='records', lines=True, date_format='iso', double_precision=15)"},
	{name: "lines-nan.ndjson.gz", code: "bars.loc[::10, 'volume'] = np.nan; bars.to_json(path, orient='records', lines=True, double_precision=15)", bar: noVolume},
	{name: "polars.csv", code: polarsOf + "p.write_csv(path)", opts: utcOnly},
	{name: "polars-utc.csv", code: polarsUTC + "p.write_csv(path)"},
	{name: "polars-newyork.csv", code: polarsNewYork + "p.write_csv(path)"},
	{name: "polars-iso.csv", code: polarsUTC + "p.write_csv(path, datetime_format='%Y-%m-%dT%H:%M:%S%.3fZ')"},
	{name: "polars-format.csv", code: polarsOf + "p.write_csv(path, datetime_format='%Y-%m-%d %H:%M', separator='|')", opts: utcOnly},
	{name: "polars-null.csv", code: polarsOf + "p.with_columns(pl.when(pl.int_range(pl.len()) % 10 != 0).then(pl.col('volume')).alias('volume')).write_csv(path)", opts: utcOnly, bar: noVolume},
	{name: "polars-symbol.csv", code: polarsOf + "p.with_columns(pl.lit('SPY.NYSE').cast(pl.Categorical).alias('symbol')).write_csv(path)", opts: utcOnly},
	{name: "polars.ndjson", code: polarsOf + "p.write_ndjson(path)", opts: utcOnly},
	{name: "polars-utc.ndjson", code: polarsUTC + "p.write_ndjson(path)"},
	{name: "polars-newyork.ndjson", code: polarsNewYork + "p.write_ndjson(path)"},
	{name: "polars-null.ndjson", code: polarsOf + "p.with_columns(pl.when(pl.int_range(pl.len()) % 10 != 0).then(pl.col('volume')).alias('volume')).write_ndjson(path)", opts: utcOnly, bar: noVolume},
}

// parquetSamples are Parquet files of bars of a minute.
var parquetSamples = []sample{
	{name: "naive.parquet", code: "bars.to_parquet(path)", opts: utcOnly},
	{name: "datetimeindex.parquet", code: useDatetimeIndex + "b.to_parquet(path)", opts: utcOnly},
	{name: "utc.parquet", code: withUTC + useDatetimeIndex + "b.to_parquet(path)"},
	{name: "newyork.parquet", code: newYork + useDatetimeIndex + "b.to_parquet(path)"},
	{name: "wall.parquet", code: wallOfNewYork + "bars.to_parquet(path)", opts: zoned("America/New_York")},
	{name: "s.parquet", code: "bars['datetime'] = bars.datetime.astype('datetime64[s]'); bars.to_parquet(path)", opts: utcOnly},
	{name: "ms.parquet", code: "bars['datetime'] = bars.datetime.astype('datetime64[ms]'); bars.to_parquet(path)", opts: utcOnly},
	{name: "us.parquet", code: "bars['datetime'] = bars.datetime.astype('datetime64[us]'); bars.to_parquet(path)", opts: utcOnly},
	{name: "int96.parquet", code: "bars.to_parquet(path, use_deprecated_int96_timestamps=True)", opts: utcOnly},
	{name: "epoch.parquet", code: "bars['datetime'] = bars.datetime.astype('int64'); bars.to_parquet(path)"},
	{name: "text.parquet", code: "bars['datetime'] = bars.datetime.astype(str); bars.to_parquet(path)", opts: utcOnly},
	{name: "date-time.parquet", code: "bars.insert(0, 'date', bars.datetime.dt.date); bars.insert(1, 'time', bars.datetime.dt.time); bars.drop(columns='datetime').to_parquet(path)", opts: utcOnly},
	{name: "float32.parquet", code: "bars[" + floats + "] = bars[" + floats + "].astype('float32'); bars.to_parquet(path)", opts: utcOnly},
	{name: "int64.parquet", code: "bars['volume'] = bars.volume.astype('Int64'); bars.loc[::10, 'volume'] = pd.NA; bars.to_parquet(path)", opts: utcOnly, bar: noVolume},
	{name: "int32.parquet", code: "bars['volume'] = bars.volume.astype('uint32'); bars.to_parquet(path)", opts: utcOnly},
	{name: "nullable.parquet", code: "bars['close'] = bars.close.astype('Float64'); bars.loc[::10, 'close'] = pd.NA; bars.to_parquet(path)", opts: utcOnly, bar: refused},
	{name: "nan-volume.parquet", code: "bars.loc[::10, 'volume'] = np.nan; bars.to_parquet(path)", opts: utcOnly, bar: noVolume},
	{name: "nan-close.parquet", code: "bars.loc[::10, 'close'] = np.nan; pq.write_table(pa.Table.from_pandas(bars), path)", opts: utcOnly, bar: refused},
	{name: "nan-kept.parquet", code: "bars.loc[::10, 'close'] = np.nan; pq.write_table(pa.table({c: pa.array(bars[c].to_numpy(), from_pandas=False) for c in bars}), path)", opts: utcOnly, bar: refused},
	{name: "nan-volume-kept.parquet", code: "bars.loc[::10, 'volume'] = np.nan; pq.write_table(pa.table({c: pa.array(bars[c].to_numpy(), from_pandas=False) for c in bars}), path)", opts: utcOnly, bar: refused},
	{name: "nat.parquet", code: "bars.loc[::10, 'datetime'] = pd.NaT; bars.to_parquet(path)", opts: utcOnly, bar: refused},
	{name: "category.parquet", keyed: true, code: "bars['symbol'] = pd.Categorical(['SPY.NYSE'] * len(bars)); bars['interval'] = '1m'; bars.to_parquet(path)", opts: utcOnly},
	{name: "decimal.parquet", code: "import decimal; bars['close'] = [decimal.Decimal(str(v)).quantize(decimal.Decimal('0.0001')) for v in bars.close]; bars.to_parquet(path)", opts: utcOnly},
	{name: "snappy.parquet", code: "bars.to_parquet(path, compression='snappy')", opts: utcOnly},
	{name: "zstd.parquet", code: "bars.to_parquet(path, compression='zstd', row_group_size=1000)", opts: utcOnly},
	{name: "gzip.parquet", code: "bars.to_parquet(path, compression='gzip')", opts: utcOnly},
	{name: "brotli.parquet", code: "bars.to_parquet(path, compression='brotli')", opts: utcOnly},
	{name: "lz4.parquet", code: "bars.to_parquet(path, compression='lz4')", opts: utcOnly},
	{name: "lz4-plain.parquet", code: "bars.to_parquet(path, compression='lz4', use_dictionary=False)", opts: utcOnly},
	{name: "polars-lz4.parquet", code: polarsOf + "p.write_parquet(path, compression='lz4')", opts: utcOnly},
	{name: "none.parquet", code: "bars.to_parquet(path, compression=None, row_group_size=7)", opts: utcOnly},
	{name: "v1.parquet", code: "bars.to_parquet(path, version='1.0', use_dictionary=False)", opts: utcOnly},
	{name: "v2pages.parquet", code: "bars.to_parquet(path, data_page_version='2.0', data_page_size=4096)", opts: utcOnly},
	{name: "delta.parquet", code: "bars.to_parquet(path, use_dictionary=False, column_encoding={'datetime': 'DELTA_BINARY_PACKED', 'close': 'BYTE_STREAM_SPLIT'})", opts: utcOnly},
	{name: "polars.parquet", code: polarsOf + "p.write_parquet(path)", opts: utcOnly},
	{name: "polars-utc.parquet", code: polarsUTC + "p.write_parquet(path, row_group_size=1000)"},
	{name: "polars-newyork.parquet", code: polarsNewYork + "p.write_parquet(path, compression='snappy')"},
	{name: "polars-ms.parquet", code: polarsOf + "p.with_columns(pl.col('datetime').dt.cast_time_unit('ms')).write_parquet(path, compression='gzip')", opts: utcOnly},
	{name: "polars-us.parquet", code: polarsOf + "p.with_columns(pl.col('datetime').dt.cast_time_unit('us')).write_parquet(path, compression='uncompressed')", opts: utcOnly},
	{name: "polars-categorical.parquet", keyed: true, code: polarsOf + "p.with_columns(pl.lit('SPY.NYSE').cast(pl.Categorical).alias('symbol'), pl.lit('1m').cast(pl.Enum(['1m', '1h'])).alias('interval')).write_parquet(path)", opts: utcOnly},
	{name: "polars-float32.parquet", code: polarsOf + "p.with_columns(pl.col('open', 'high', 'low', 'close').cast(pl.Float32)).write_parquet(path)", opts: utcOnly},
	{name: "polars-int.parquet", code: polarsOf + "p.with_columns(pl.when(pl.int_range(pl.len()) % 10 != 0).then(pl.col('volume').cast(pl.Int64)).alias('volume')).write_parquet(path)", opts: utcOnly, bar: noVolume},
	{name: "polars-decimal.parquet", code: polarsOf + "p.with_columns(pl.col('close').cast(pl.Decimal(18, 4))).write_parquet(path)", opts: utcOnly},
}

// daySamples are bars of a day, whose dates need no zone.
var daySamples = []sample{
	{name: "days.csv", code: "days['datetime'] = days.datetime.dt.tz_localize('UTC').dt.tz_convert('America/Chicago').dt.date; days.to_csv(path, index=False)"},
	{name: "days-midnight.csv", code: "days['datetime'] = days.datetime.dt.tz_localize('UTC').dt.tz_convert('America/Chicago').dt.tz_localize(None); days.rename(columns={'datetime': 'Date'}).to_csv(path, index=False)"},
	{name: "days.parquet", code: "days['datetime'] = days.datetime.dt.tz_localize('UTC').dt.tz_convert('America/Chicago').dt.date; days.to_parquet(path)"},
	{name: "days-polars.csv", code: "p = pl.from_pandas(days); p.with_columns(pl.col('datetime').dt.replace_time_zone('UTC').dt.convert_time_zone('America/Chicago').dt.date()).write_csv(path)"},
	{name: "days-polars.ndjson", code: "p = pl.from_pandas(days); p.with_columns(pl.col('datetime').dt.replace_time_zone('UTC').dt.convert_time_zone('America/Chicago').dt.date()).write_ndjson(path)"},
	{name: "days-polars.parquet", code: "p = pl.from_pandas(days); p.with_columns(pl.col('datetime').dt.replace_time_zone('UTC').dt.convert_time_zone('America/Chicago').dt.date()).write_parquet(path)"},
}

// tickSamples are ticks, which Import numbers.
var tickSamples = []sample{
	{name: "ticks.csv", code: "ticks.to_csv(path, index=False)", opts: utcOnly},
	{name: "ticks-us.csv", code: "ticks['datetime'] += pd.Timedelta(microseconds=0); ticks.to_csv(path, index=False, date_format='%Y-%m-%d %H:%M:%S.%f')", opts: utcOnly},
	{name: "ticks.ndjson", code: "ticks.to_json(path, orient='records', lines=True, date_format='iso', date_unit='us', double_precision=15)", opts: utcOnly},
	{name: "ticks.parquet", code: "ticks.to_parquet(path)", opts: utcOnly},
	{name: "ticks-polars.csv.gz", code: "import gzip, io; f = io.BytesIO(); pl.from_pandas(ticks).write_csv(f); open(path, 'wb').write(gzip.compress(f.getvalue()))", opts: utcOnly},
	{name: "ticks-polars.csv.zst", code: "pl.from_pandas(ticks).write_csv(path, compression='zstd')", opts: utcOnly},
	{name: "ticks-polars.ndjson", code: "pl.from_pandas(ticks).write_ndjson(path)", opts: utcOnly},
	{name: "ticks-polars.parquet", code: "pl.from_pandas(ticks).write_parquet(path)", opts: utcOnly},
}

func TestFilesThatPythonWroteAreImportedRowByRow(t *testing.T) {
	r := readReal(t)
	dir := t.TempDir()
	minutes, days := slices.Concat(textSamples, parquetSamples), daySamples
	var tasks []task
	for _, s := range slices.Concat(minutes, days, tickSamples) {
		tasks = append(tasks, task{Path: filepath.Join(dir, s.name), Code: s.code})
	}
	r.runPython(t, tasks)
	for _, s := range minutes {
		s.opts.BarTime = marketfile.Start
		t.Run(s.name, func(t *testing.T) { s.imports(t, dir, minuteKey, r.minutes) })
	}
	for _, s := range days {
		t.Run(s.name, func(t *testing.T) { s.imports(t, dir, dayKey, r.days) })
	}
	for _, s := range tickSamples {
		t.Run(s.name, func(t *testing.T) { s.importsTicks(t, dir, r.ticks) })
	}
}

// imports holds the bars that Import makes of the file against those written.
func (s *sample) imports(t *testing.T, dir string, k series.Key, written []market.Bar) {
	store, refused := s.importFile(t, dir, k)
	var want []market.Bar
	for i, b := range written {
		if s.bar == nil || s.bar(i, &b) {
			want = append(want, b)
		}
	}
	if int(refused) != len(written)-len(want) {
		t.Errorf("%d rows are refused, want %d", refused, len(written)-len(want))
	}
	if err := same(store.Bars(t.Context(), k.Symbol, k.Interval, market.Range{}), len(want), func(n int) market.Bar { return want[n] }); err != nil {
		t.Error(err)
	}
}

func (s *sample) importsTicks(t *testing.T, dir string, want []market.Tick) {
	store, refused := s.importFile(t, dir, tickKey)
	if refused > 0 {
		t.Errorf("%d rows are refused", refused)
	}
	if err := same(store.Ticks(t.Context(), tickKey.Symbol, market.Range{}), len(want), func(n int) market.Tick { return want[n] }); err != nil {
		t.Error(err)
	}
}

func (s *sample) importFile(t *testing.T, dir string, k series.Key) (store *series.Store, refused int64) {
	t.Helper()
	store = memseries.Open(nil)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	opts := s.opts
	if !s.keyed {
		opts.Symbol, opts.Interval = k.Symbol, k.Interval
	}
	path := filepath.Join(dir, s.name)
	done, err := marketfile.Import(t.Context(), store, k.Kind, []string{path}, &opts)
	if err != nil {
		t.Fatalf("%v\n%s", err, beginning(path))
	}
	if done.Refused > 0 && s.bar == nil {
		t.Errorf("refused: %v\n%s", done.Reasons, beginning(path))
	}
	return store, done.Refused
}

// A reading is a way of Python to read a file that Export wrote. Numbers are to be
// read as exactly as the library can.
type reading struct{ form, name, code string }

var readings = []reading{
	{".csv", "pandas", "got = pd.read_csv(path, parse_dates=['time'])"},
	{".csv", "pyarrow", "got = pa.csv.read_csv(path)"},
	{".csv", "polars", "got = pl.read_csv(path, try_parse_dates=True)"},
	{".csv.gz", "pandas", "got = pd.read_csv(path)"},
	{".csv.gz", "pyarrow", "got = pa.csv.read_csv(path)"},
	{".csv.gz", "polars", "got = pl.read_csv(path)"},
	{".csv.zst", "pyarrow", "got = pa.csv.read_csv(pa.input_stream(path, compression='zstd'))"},
	{".csv.zst", "polars", "got = pl.read_csv(path)"},
	{".ndjson", "pandas", "got = pd.read_json(path, lines=True, precise_float=True)"},
	{".ndjson", "pyarrow", "got = pa.json.read_json(path)"},
	{".ndjson", "polars", "got = pl.read_ndjson(path)"},
	{".ndjson.gz", "pandas", "got = pd.read_json(path, lines=True, precise_float=True)"},
	{".ndjson.zst", "pyarrow", "got = pa.json.read_json(pa.input_stream(path, compression='zstd'))"},
	{".parquet", "pandas", "got = pd.read_parquet(path)"},
	{".parquet", "pyarrow", "got = pq.read_table(path)"},
	{".parquet", "polars", "got = pl.read_parquet(path)"},
	{".parquet", "polars lazily", "got = pl.scan_parquet(path).filter(pl.col('time').is_not_null()).collect()"},
	{".arrow", "pandas", "got = pd.read_feather(path)"},
	{".arrow", "pyarrow", "got = pa.feather.read_table(path)"},
	{".arrow", "polars", "got = pl.read_ipc(path)"},
	{".arrow", "polars mapped", "got = pl.scan_ipc(path).collect()"},
	{".arrows", "pandas", "got = pa.ipc.open_stream(path).read_pandas()"},
	{".arrows", "pyarrow", "got = pa.ipc.open_stream(path).read_all()"},
	{".arrows", "polars", "got = pl.read_ipc_stream(path)"},
	{".json", "pandas", "got = pd.read_json(path, precise_float=True)"},
	{".json", "polars", "got = pl.read_json(path, infer_schema_length=None)"},
}

func TestFilesThatExportWroteAreReadRowByRow(t *testing.T) {
	r := readReal(t)
	store := memseries.Open(nil)
	defer store.Close()
	err := errors.Join(
		store.WriteBars(t.Context(), minuteKey.Symbol, minuteKey.Interval, r.minutes),
		store.WriteBars(t.Context(), dayKey.Symbol, dayKey.Interval, r.days),
		store.WriteTicks(t.Context(), tickKey.Symbol, r.ticks))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var tasks []task
	want := map[string][]byte{"bars": bytesOfBars(r.minutes), "days": bytesOfBars(r.days), "ticks": bytesOfTicks(r.ticks)}
	for kind, key := range map[string]series.Key{"bars": minuteKey, "days": dayKey, "ticks": tickKey} {
		for i, how := range readings {
			path := filepath.Join(dir, kind+how.form)
			if _, err := os.Stat(path); err != nil {
				export(t, store, path, key)
			}
			tasks = append(tasks, task{Path: path, Code: how.code, Kind: kind, Out: fmt.Sprintf("%s.%d", path, i), Symbol: key.Symbol.String()})
		}
	}
	r.runPython(t, tasks)
	for i, read := range tasks {
		how := readings[i%len(readings)]
		got, err := os.ReadFile(read.Out)
		if err != nil {
			t.Fatal(err)
		}
		if at := difference(got, want[read.Kind]); at >= 0 {
			t.Errorf("%s, %s%s: byte %d of %d differs; read %d", how.name, read.Kind, how.form, at, len(want[read.Kind]), len(got))
		}
	}
}

func export(t *testing.T, store *series.Store, path string, k series.Key) {
	t.Helper()
	what := marketfile.Selection{Kind: k.Kind, Keys: []series.Key{k}}
	opts := &marketfile.ExportOptions{}
	if form := marketfile.Format(strings.TrimPrefix(filepath.Ext(path), ".")); form == marketfile.JSON || form == marketfile.ArrowStream {
		opts.Format = form // the names of files do not say it
	}
	if _, err := marketfile.ExportFile(t.Context(), store, path, what, opts); err != nil {
		t.Fatal(err)
	}
}

// difference returns the first place at which a and b differ, -1 if they do not.
func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// beginning shows how a file begins.
func beginning(path string) string {
	b, err := os.ReadFile(path)
	return fmt.Sprintf("%.300q %v", b, err)
}
