package marketfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// keptAs imports a file of bars, and returns the symbols under which rows of it
// are kept and what was noted.
func keptAs(t *testing.T, o *Options, name, text string) (symbols, notes string, err error) {
	t.Helper()
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, o, write(t, name, text))
	var all []string
	for about, err := range s.Overview(t.Context(), series.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, about.Key.Symbol.String())
	}
	for _, n := range r.Notes {
		notes += n.Text.Error() + "\n"
	}
	return strings.Join(all, " "), notes, err
}

func TestSymbolsOfOtherProgramsAreKeptAsVnpyWritesThem(t *testing.T) {
	f := func(said, path, column, name, want, note string) {
		t.Helper()
		o := barsIn(t)
		o.Symbol, o.Path = market.Symbol{}, path
		if said != "" {
			code, exchange, _ := strings.Cut(said, ".")
			o.Symbol = market.Symbol{Code: code, Exchange: market.Exchange(exchange)}
		}
		text := head + rows2
		if column != "" {
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			names, values, _ := strings.Cut(column, " ")
			text = names + "," + lines[0] + "\n" + values + "," + lines[1] + "\n" + values + "," + lines[2] + "\n"
		}
		got, notes, err := keptAs(t, o, name, text)
		if err != nil || got != want || !strings.Contains(notes, note) || note == "" && notes != "" {
			t.Errorf("%s %s %s: got %s, %q, %v, want %s, %q", said, path, column, got, notes, err, want, note)
		}
	}
	// Tushare, Yahoo, JoinQuant, RiceQuant, MyQuant, BaoStock, TqSdk.
	f("", "", "ts_code 000001.SZ", "a.csv", "000001.SZSE", "the exchange SZ is kept as SZSE")
	f("", "", "ts_code 600000.SH", "a.csv", "600000.SSE", "SH is kept as SSE")
	f("", "", "code 600000.SS", "a.csv", "600000.SSE", "SS is kept as SSE")
	f("", "", "code 830799.BJ", "a.csv", "830799.BSE", "BJ is kept as BSE")
	f("", "", "code 000001.XSHE", "a.csv", "000001.SZSE", "XSHE is kept as SZSE")
	f("", "", "order_book_id 600000.XSHG", "a.csv", "600000.SSE", "XSHG is kept as SSE")
	f("", "", "symbol SHSE.600000", "a.csv", "600000.SSE", "in front")
	f("", "", "code sh.600000", "a.csv", "600000.SSE", "in front")
	f("", "", "symbol SHFE.rb2605", "a.csv", "rb2605.SHFE", "in front")
	f("", "", "symbol CZCE.TA605", "a.csv", "TA605.CZCE", "in front")
	f(".SHFE", "", "symbol SHFE.rb2605", "a.csv", "rb2605.SHFE", "in front")
	f(".SZSE", "", "ts_code 000001.SZ", "a.csv", "000001.SZSE", "SZ is kept")
	f(".SZ", "", "ts_code 000001", "a.csv", "000001.SZSE", "SZ is kept")
	f("", "", "code,exchange 000001,XSHE", "a.csv", "000001.SZSE", "XSHE is kept")
	f("", "", "symbol,exchange rb2605,Exchange.SHFE", "a.csv", "rb2605.SHFE", "Exchange.SHFE is kept")
	f("600519.SH", "", "", "a.csv", "600519.SSE", "SH is kept as SSE")
	f("", "{symbol}.csv", "", "600519.SH.csv", "600519.SSE", "SH is kept as SSE")
	f("", "{exchange}#{code}.txt", "", "SH#600519.txt", "600519.SSE", "SH is kept as SSE")
	f("", "{exchange}{code}.txt", "", "sz000001.txt", "000001.SZSE", "SZ is kept as SZSE")
	// What only looks like it is kept as it stands.
	f("", "", "symbol CME.NASDAQ", "a.csv", "CME.NASDAQ", "")
	f("", "", "symbol SH.BINANCE", "a.csv", "SH.BINANCE", "")
	f("", "", "symbol CME.B3", "a.csv", "CME.B3", "")
	f("", "", "symbol BTCUSD.BITSTAMP", "a.csv", "BTCUSD.BITSTAMP", "")
	f("600519.SH", "{exchange}#{code}.txt", "", "SH#600518.txt", "600519.SSE", "SH is kept as SSE")
}

func TestFuturesOfOtherProgramsAreRefused(t *testing.T) {
	f := func(said, code string) {
		t.Helper()
		o := barsIn(t)
		o.Symbol.Code, o.Symbol.Exchange = "", market.Exchange(said)
		got, _, err := keptAs(t, o, "a.csv", "code,time,open,high,low,close\n"+code+",2026-01-05 09:30,1,1,1,1\n")
		if got != "" {
			t.Errorf("%s %s: got %s", said, code, got)
		}
		wantFault(t, err, fault.MarketSymbol, "SHFE", "rb2605", "--symbol")
	}
	f("SHF", "RB2605")
	f("", "RB2605.SHF")
	f("", "RB2605.XSGE")
	// In the middle of a file the row is.
	o := barsIn(t)
	o.Symbol = market.Symbol{}
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, o, write(t, "a.csv", "code,time,open,high,low,close\n000001.SZ,2026-01-05 09:30,1,1,1,1\nRB2605.SHF,2026-01-05 09:30,1,1,1,1\n"))
	if err != nil || r.New != 1 || r.Reasons[fault.MarketSymbol] != 1 {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

func TestTheExchangeOfAPathIsNotOverruled(t *testing.T) {
	o := barsIn(t)
	o.Symbol, o.Path = market.Symbol{Exchange: market.DCE}, "{symbol}.csv"
	got, _, err := keptAs(t, o, "rb2605.SHFE.csv", head+rows2)
	if wantFault(t, err, fault.FileOption, "rb2605.SHFE", "DCE"); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestAnExchangeThatIsEmptyIsAskedFor(t *testing.T) {
	o := ticksIn(t)
	o.Symbol = market.Symbol{}
	_, err := imports(t, emptyStore(t), series.Ticks, o, write(t, "a.csv", "InstrumentID,ExchangeID,time,last,qty\nrb2605,,2026-01-05 09:30,1,1\n"))
	if got := neededBy(t, err); !slices.Equal(got, []string{"exchange"}) {
		t.Errorf("got %v", err)
	}
}

func TestSymbolsThatWereExportedComeBackAsTheyWere(t *testing.T) {
	text := "symbol,interval,time,open,high,low,close,volume,turnover,open_interest\n%s,1m,2026-01-05T01:30:00Z,1,1,1,1,0,0,0\n"
	for _, want := range []string{"000001.SZ", "RB2605.SHF", "sh.600000"} {
		got, notes, err := keptAs(t, nil, "a.csv", fmt.Sprintf(text, want))
		if err != nil || got != want || notes != "" {
			t.Errorf("got %s, %q, %v, want %s", got, notes, err, want)
		}
	}
}

func TestIntervalsOfVnpyAsPythonPrintsThem(t *testing.T) {
	o := barsIn(t)
	o.Interval = 0
	s := emptyStore(t)
	_, err := imports(t, s, series.Bars, o, write(t, "a.csv", "interval,"+head+"Interval.MINUTE,2026-01-05 09:30,1,1,1,1,1\nInterval.HOUR,2026-01-05 09:00,1,1,1,1,1\nInterval.DAILY,2026-01-05 00:00,1,1,1,1,1\n"))
	got := stored(t, s)
	for _, want := range []string{"SHFE 1m 2026", "SHFE 1h 2026", "SHFE d 2026"} {
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestDaysNeedNoZoneWhereTheFirstRowNamesAnExchange(t *testing.T) {
	o := &Options{Interval: market.Day}
	s := emptyStore(t)
	text := "ts_code,trade_date,open,high,low,close\n000001.SZ,20260105,1,1,1,1\n600000.SH,20260105,1,1,1,1\nAAPL.NASDAQ,20260105,1,1,1,1\n"
	r, err := imports(t, s, series.Bars, o, write(t, "a.csv", text))
	if got := stored(t, s); err != nil || r.New != 2 || r.Reasons[fault.FileSuspect] != 1 || strings.Count(got, " 2026-01-04T16:00:00Z ") != 2 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	o.AcceptSuspect = true // then nothing would refuse the last row
	_, err = imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", text))
	if got := neededBy(t, err); !slices.Equal(got, []string{"tz"}) {
		t.Errorf("got %v", err)
	}
}
