package seriestest

import (
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// readRules are about what a query asks for.
var readRules = []rule{
	{"keys are read in the order of the query", "a caller joins them with its own list", keysInOrder},
	{"keys that differ in one part are different series", "a bar of an hour is not a bar of a minute", keysDiffer},
	{"symbols and names may hold anything that is valid", "an exchange invents what it likes", hostileKeys},
	{"many keys are read in one call", "a screen of symbols is one query", manyKeys},
	{"Reverse turns the rows round, not the keys", "frames, and the rows inside them", reverse},
	{"Limit counts per key", "the latest of each symbol is one query", limit},
	{"Limit with Reverse yields the last rows", "latest is Reverse with a limit of 1", latest},
	{"Columns chooses columns", "nil is all, none is none, an unknown name is passed over", columns},
	{"a read does not count what it does not yield", "a limit counts rows of the range", limitInRange},
	{"a frame is valid until the next step", "a reader works on it while others write", frameStays},
	{"a caller may write while it reads", "reading takes no lock that the caller can run into", writeWhileReading},
	{"iterators may be left early", "nothing stays locked behind them", leaveEarly},
	{"what folds yields what the rows give", "an engine's sums are those of the store, bit for bit", folds},
}

func keysInOrder(t tb, e series.Engine) {
	a, b, k := bars(rebarBars, 1, 60, 120), bars(silverBars, 1, 60, 120), ticks(rebarTicks, 1, place{at(60), 0})
	write(t, e, a, b, k)
	wantRows(t, e, of(rebarBars, silverBars, rebarTicks), a, b, k)
	wantRows(t, e, of(rebarTicks, rebarBars, silverBars), k, a, b)
	wantRows(t, e, of(silverBars, rebarRSI, rebarTicks, silverTicks, rebarBars), b, k, a)
}

func keysDiffer(t tb, e series.Engine) {
	keys := []series.Key{
		rebarBars, rebarTicks, rebarRSI,
		series.BarKey(rebar, market.Second), series.BarKey(rebar, market.Hour), series.BarKey(rebar, 24*market.Hour),
		series.BarKey(rebar, market.Day), series.BarKey(rebar, market.Week), series.BarKey(rebar, 7*market.Minute),
		series.BarKey(market.Symbol{Code: "rb2601", Exchange: market.INE}, market.Minute), silverBars,
		series.BarKey(market.Symbol{Code: "RB2601", Exchange: market.SHFE}, market.Minute),
		series.BarKey(market.Symbol{Code: "rb260", Exchange: market.SHFE}, market.Minute),
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "rsi(15)"},
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "RSI(14)"},
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Hour, Name: "rsi(14)"},
		{Kind: series.Indicator, Symbol: silver, Interval: market.Minute, Name: "rsi(14)"},
	}
	keep := func(version int) []series.Frame {
		var frames []series.Frame
		for i, k := range keys {
			frames = append(frames, sample(k, version+i))
		}
		write(t, e, frames...)
		return frames
	}
	keep(1)
	frames := keep(100)
	wantRows(t, e, of(keys...), frames...)
	for i, k := range keys {
		remove(t, e, k, market.Range{})
		wantRows(t, e, of(keys...), frames[i+1:]...)
	}
}

// sample returns two rows of any kind of series.
func sample(k series.Key, version int) series.Frame {
	if k.Kind == series.Ticks {
		return ticks(k, version, place{at(60), 0}, place{at(120), 0})
	}
	return bars(k, version, 60, 120)
}

// hostile are symbols' codes and indicators' names that mean something to
// somebody else.
var hostile = []string{
	"a b", "a,b", "a=b", `a\b`, `a\,b`, `a\ b`, `a\=b`, `"a"`, "'a'", `"`, "'", "`a`", "a.b.c", ".", "..", "../../etc/passwd", "/", "a/b", `C:\a`,
	"%s%d", "%2e%2e", "${x}", "{{.}}", "$(reboot)", "a;b", "a--b", "' OR '1'='1", `") |> drop()`, "a#b", "#", "a|b", "a*", "?", "[a]", "<a>", "a&b",
	"nul", "con", "NULL", "true", "1", "-0", "1e5", "沪深300", "é", "e\u0301", "Ａ", "🀄", "ﬀ", "_measurement", "time", "symbol=x",
}

func hostileKeys(t tb, e series.Engine) {
	var keys []series.Key
	for _, s := range append(hostile, strings.Repeat("x", 128), strings.Repeat("x", 127)) {
		y := market.Symbol{Code: s, Exchange: "X_9"}
		keys = append(keys, series.BarKey(y, market.Minute), series.TickKey(y),
			series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: s})
	}
	var frames []series.Frame
	for i, k := range keys {
		if err := k.Validate(); err != nil {
			t.Fatalf("the rule is wrong: %v", err)
		}
		frames = append(frames, sample(k, i))
	}
	write(t, e, frames...)
	wantRows(t, e, of(keys...), frames...)
	for i, k := range keys {
		wantRows(t, e, of(k), frames[i])
	}
	if n := len(overview(t, e, series.Filter{})); n != len(keys) {
		t.Errorf("overview tells of %d series, not %d", n, len(keys))
	}
}

func manyKeys(t tb, e series.Engine) {
	var keys []series.Key
	var frames []series.Frame
	for i := range 300 {
		k := series.BarKey(market.Symbol{Code: fmt.Sprintf("c%03d", i*7%300), Exchange: "X"}, market.Minute)
		keys = append(keys, k)
		if i%3 > 0 {
			frames = append(frames, bars(k, i, 60, 120, 180))
		}
	}
	write(t, e, frames...)
	wantRows(t, e, of(keys...), frames...)
	var want []series.Frame
	for i := range frames {
		want = append(want, frames[i].Slice(1, 2))
	}
	wantRows(t, e, series.Query{Keys: keys, Range: between(120, 400), Limit: 1}, want...)
}

func reverse(t tb, e series.Engine) {
	a, b := bars(rebarBars, 1, 60, 120, 180), bars(silverBars, 1, 60, 120)
	k := with(ticks(rebarTicks, 1, place{at(60), 0}, place{at(60) + 9, 1}, place{at(60) + 5, 2}, place{at(61), 0}), column("venue", "A", nil, "B", "A"))
	write(t, e, bars(rebarBars, 1, 120), b, k.Slice(2, 4))
	write(t, e, a, k.Slice(0, 2))
	want := append(append(reversed(a), reversed(k)...), reversed(b)...)
	wantLines(t, "reversed", read(t, e, series.Query{Keys: []series.Key{rebarBars, rebarTicks, silverBars}, Reverse: true}), want)
	part := read(t, e, series.Query{Keys: []series.Key{rebarBars}, Range: between(60, 180), Reverse: true})
	wantLines(t, "a range reversed", part, reversed(a)[1:])
}

func limit(t tb, e series.Engine) {
	a, b := bars(rebarBars, 1, 60, 120, 180), bars(silverBars, 1, 90, 150, 210)
	write(t, e, a.Slice(0, 1), a.Slice(2, 3), b)
	write(t, e, a.Slice(1, 2))
	both := []series.Key{rebarBars, silverBars}
	wantRows(t, e, series.Query{Keys: both, Limit: 2}, a.Slice(0, 2), b.Slice(0, 2))
	wantRows(t, e, series.Query{Keys: both, Limit: 3}, a, b)
	wantRows(t, e, series.Query{Keys: both, Limit: 4}, a, b)
	wantRows(t, e, series.Query{Keys: both, Limit: math.MaxInt}, a, b)
}

func latest(t tb, e series.Engine) {
	a, b := bars(rebarBars, 1, 60, 120, 180), bars(silverBars, 1, 90, 150, 210)
	write(t, e, a, b)
	both := []series.Key{silverBars, rebarBars}
	wantRows(t, e, series.Query{Keys: both, Reverse: true, Limit: 1}, b.Slice(2, 3), a.Slice(2, 3))
	got := read(t, e, series.Query{Keys: both, Reverse: true, Limit: 2})
	wantLines(t, "the last two", got, append(reversed(b)[:2], reversed(a)[:2]...))
	got = read(t, e, series.Query{Keys: both, Range: market.Range{To: at(180)}, Reverse: true, Limit: 1})
	wantLines(t, "the last before 180 s", got, linesOf(b.Slice(1, 2), a.Slice(1, 2)))
}

func columns(t tb, e series.Engine) {
	f := with(bars(rebarBars, 1, 60, 120), column("venue", "A", nil), column("id", nil, int64(5)))
	k := ticks(rebarTicks, 1, place{at(60), 0})
	write(t, e, f, k)
	ask := func(names ...string) {
		t.Helper()
		q := series.Query{Keys: []series.Key{rebarBars, rebarTicks}, Columns: append([]string{}, names...)}
		wantRows(t, e, q, only(f, names...), only(k, names...))
	}
	wantRows(t, e, of(rebarBars, rebarTicks), f, k)
	ask()
	ask("close")
	ask("venue", "close", "open")
	ask("last_price", "id")
	ask("nobody", "bid_price_5")
	ask("nobody", "close", "Close", "time", "seq", "v")
}

func limitInRange(t tb, e series.Engine) {
	f := with(bars(rebarBars, 1, 60, 120, 180, 240), column("id", nil, nil, int64(3), nil))
	write(t, e, f)
	q := series.Query{Keys: []series.Key{rebarBars}, Range: between(120, 240), Columns: []string{"id"}, Limit: 1}
	g := f.Slice(1, 3)
	wantRows(t, e, q, only(g.Slice(0, 1), "id"))
	q.Reverse = true
	wantRows(t, e, q, only(g.Slice(1, 2), "id"))
}

func frameStays(t tb, e series.Engine) {
	a, b := with(bars(rebarBars, 1, 60, 120), column("venue", "A", "B")), bars(silverBars, 1, 60, 120)
	write(t, e, a, b)
	for f, err := range e.Read(t.Context(), of(rebarBars, silverBars)) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		before := lines(f)
		write(t, e, with(bars(f.Key, 2, 30, 60, 90, 120), column("venue", "X", "Y", "Z", "X")))
		remove(t, e, f.Key, between(120, 121))
		read(t, e, series.Query{Keys: []series.Key{silverBars, rebarBars}, Reverse: true})
		wantLines(t, "a frame after a write", lines(f), before)
	}
	want := with(bars(rebarBars, 2, 30, 60, 90), column("venue", "X", "Y", "Z"))
	wantRows(t, e, of(rebarBars), want)
}

func writeWhileReading(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60), bars(silverBars, 1, 60))
	for _, err := range e.Read(t.Context(), of(rebarBars, silverBars)) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		write(t, e, bars(rebarBars, 2, 120))
	}
	for _, err := range e.Overview(t.Context(), series.Filter{}) {
		if err != nil {
			t.Fatalf("overview: %v", err)
		}
		write(t, e, bars(rebarBars, 2, 180))
	}
	wantRows(t, e, of(rebarBars), bars(rebarBars, 1, 60), bars(rebarBars, 2, 120, 180))
}

func leaveEarly(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60), bars(silverBars, 1, 60))
	before := goroutines()
	for range 50 {
		leave(e.Read(t.Context(), of(rebarBars, silverBars)))
		leave(e.Overview(t.Context(), series.Filter{}))
		leave(e.Changes(t.Context(), 0))
		write(t, e, bars(rebarBars, 2, 60))
	}
	wantGoroutines(t, before, 50)
}

// leave takes the first step of a sequence.
func leave[T any](all iter.Seq2[T, error]) {
	all(func(T, error) bool { return false })
}

// folds compares bars of an hour, made here in the plainest way.
func folds(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 3600, 3660, 7140, 7200, 14400, 14460)
	f = with(f, column("volume", 0.1, 0.2, 0.3, 1e17, 1.0, 0.7), column("turnover", 1e16, 1.0, -1e16, 5.5, 0.1, 0.2))
	write(t, e, f)
	want := with(bars(rebarBars, 1, 3600, 7200, 14400),
		gatherFloats(f, "open", 0, 3, 4), gatherFloats(f, "high", 2, 3, 5), gatherFloats(f, "low", 0, 3, 4), gatherFloats(f, "close", 2, 3, 5),
		column("volume", sum(0.1, 0.2, 0.3), 1e17, sum(1.0, 0.7)), column("turnover", sum(1e16, 1.0, -1e16), 5.5, sum(0.1, 0.2)),
		gatherFloats(f, "open_interest", 2, 3, 5))
	want.Key.Interval = market.Hour
	var got []string
	for g, err := range e.Fold(t.Context(), series.FoldQuery{Keys: []series.Key{rebarBars}, Interval: market.Hour, Zone: time.UTC}) {
		if unsupported(err) && got == nil {
			return
		}
		if err != nil {
			t.Fatalf("fold: %v", err)
		}
		got = append(got, lines(g)...)
	}
	wantLines(t, "fold", got, lines(&want))
}

// sum adds at run time: a constant would be exact.
func sum(values ...float64) float64 {
	var s float64
	for _, x := range values {
		s += x
	}
	return s
}

// gatherFloats returns the column name of f's given rows.
func gatherFloats(f series.Frame, name string, rows ...int) series.Column {
	c := series.Column{Name: name}
	for _, row := range rows {
		c.Floats = append(c.Floats, f.Column(name).Floats[row])
	}
	return c
}
