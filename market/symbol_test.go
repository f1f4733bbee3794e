package market_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestTheLastDotOfASymbolDivides(t *testing.T) {
	f := func(s, code string, exchange market.Exchange) {
		t.Helper()
		got, err := market.ParseSymbol(s)
		if want := (market.Symbol{Code: code, Exchange: exchange}); err != nil || got != want {
			t.Errorf("%q: got %#v, %v, want %#v", s, got, err, want)
		}
		if got.String() != s {
			t.Errorf("%q: written as %q", s, got)
		}
	}
	f("rb2601.SHFE", "rb2601", market.SHFE)
	f("BRK.B.NYSE", "BRK.B", market.NYSE)
	f("EUR.USD.IDEALPRO", "EUR.USD", market.IDEALPRO)
	f("ES-20260320-5000-C-50-USD-FOP.GLOBEX", "ES-20260320-5000-C-50-USD-FOP", market.GLOBEX)
	f("SPD CF605&CF607.CZCE", "SPD CF605&CF607", market.CZCE)
	f("FDAX.EUX", "FDAX", market.EUREX)
	f("btcusdt.BINANCE", "btcusdt", "BINANCE")
	f("螺纹钢.SHFE", "螺纹钢", market.SHFE)
	f("...SHFE", "..", market.SHFE)
	f(`a\b/c,d=e"f'g*.X_1`, `a\b/c,d=e"f'g*`, "X_1")
	f("😀.X", "😀", "X")
	f("A.1234567890123456", "A", "1234567890123456")
	f(strings.Repeat("a", 128)+".X", strings.Repeat("a", 128), "X")
	f(strings.Repeat("钢", 42)+"aa.X", strings.Repeat("钢", 42)+"aa", "X")
}

func TestASymbolThatIsNotWellFormedIsRefused(t *testing.T) {
	f := func(s, word string) {
		t.Helper()
		got, err := market.ParseSymbol(s)
		wantFault(t, s, err, fault.MarketSymbol, "")
		if err != nil && !strings.Contains(err.Error(), word) {
			t.Errorf("%q: got %q, want the words %q", s, err, word)
		}
		if got != (market.Symbol{}) {
			t.Errorf("%q: got %#v beside an error", s, got)
		}
	}
	f("", "no exchange")
	f("rb2601", "no exchange")
	f(".", "code is empty")
	f(".SHFE", "code is empty")
	f("rb2601.", "exchange is empty")
	f(strings.Repeat("a", 129)+".X", "longer than 128 bytes")
	f(strings.Repeat("钢", 43)+".X", "longer than 128 bytes")
	f("A.12345678901234567", "longer than 16")
	f("rb2601.shfe", "capitals: SHFE")
	f("rb2601.Shfe", "capitals: SHFE")
	f("rb2601.SHF-E", "only A-Z")
	f("rb2601.SHFE ", "only A-Z")
	f("rb2601.SHFÉ", "only A-Z")
	f("rb2601.ＳＨ", "only A-Z")
	f("rb2601.x\n", "only A-Z")
	f("rb2601.a\x1b[2J", "only A-Z")
	f("rb2601.\xff", "only A-Z")
	f(" rb2601.SHFE", "begins or ends with a space")
	f("rb2601 .SHFE", "begins or ends with a space")
	f("\u3000rb2601.SHFE", "begins or ends with a space")
	f(`rb2601\.SHFE`, "backslash")
	f("rb\xff2601.SHFE", "not UTF-8")
	f("rb\xc2.SHFE", "not UTF-8")
	f("rb\xed\xa0\x802601.SHFE", "not UTF-8")
	f("rb\ufffd2601.SHFE", "U+FFFD")
}

func TestASymbolHoldsNothingThatCannotBeSeen(t *testing.T) {
	for name, r := range map[string]rune{
		"NUL": 0, "line break": '\n', "tab": '\t', "escape": 0x1b, "delete": 0x7f, "next line": 0x85,
		"no-break space": 0xa0, "soft hyphen": 0xad, "combining grapheme joiner": 0x34f, "Hangul choseong filler": 0x115f,
		"Mongolian vowel separator": 0x180e, "thin space": 0x2009, "zero width space": 0x200b, "zero width joiner": 0x200d,
		"right-to-left mark": 0x200f, "line separator": 0x2028, "paragraph separator": 0x2029, "right-to-left override": 0x202e,
		"word joiner": 0x2060, "braille blank": 0x2800, "ideographic space": 0x3000, "Hangul filler": 0x3164,
		"variation selector": 0xfe0f, "byte order mark": 0xfeff, "half width Hangul filler": 0xffa0, "tag": 0xe0041,
		"variation selector supplement": 0xe0100,
	} {
		y := market.Symbol{Code: "a" + string(r) + "b", Exchange: market.SHFE}
		wantFault(t, name, y.Validate(), fault.MarketSymbol, "")
		if err := y.Validate(); err != nil && strings.ContainsRune(err.Error(), r) && r < ' ' {
			t.Errorf("%s: the message holds it: %q", name, err)
		}
	}
}

func TestASymbolThatIsNotWellFormedHasNoText(t *testing.T) {
	for _, y := range []market.Symbol{
		{Code: "rb2601"}, {Exchange: market.SHFE}, {Code: "rb2601", Exchange: "shfe"}, {Code: "rb2601", Exchange: "SH.FE"}, {Code: "\xff", Exchange: "X"},
	} {
		_, err := y.MarshalText()
		wantFault(t, y, err, fault.MarketSymbol, "")
		if got, err := y.AppendText([]byte("key=")); err == nil || string(got) != "key=" {
			t.Errorf("%#v: appended %q, %v", y, got, err)
		}
	}
}

func TestTheZeroSymbolIsTheEmptyText(t *testing.T) {
	var zero market.Symbol
	if text, err := zero.MarshalText(); err != nil || string(text) != "" || zero.String() != "" {
		t.Errorf("got text %q, %v and string %q", text, err, zero)
	}
	y := market.Symbol{Code: "A", Exchange: "B"}
	if err := y.UnmarshalText(nil); err != nil || y != zero {
		t.Errorf("the empty text: got %#v, %v", y, err)
	}
	wantFault(t, zero, zero.Validate(), fault.MarketSymbol, "")
}

func TestSymbolInJSON(t *testing.T) {
	y := market.Symbol{Code: `a<b>&"\c`, Exchange: "X"}
	text, err := json.Marshal(y)
	if err != nil {
		t.Fatal(err)
	}
	var back market.Symbol
	if err := json.Unmarshal(text, &back); err != nil || back != y {
		t.Errorf("%s: got %#v, %v, want %#v", text, back, err, y)
	}
	if text, err := json.Marshal(map[market.Symbol]int{{Code: "rb2601", Exchange: market.SHFE}: 1}); err != nil || string(text) != `{"rb2601.SHFE":1}` {
		t.Errorf("as a key: got %s, %v", text, err)
	}
	for _, text := range []string{`null`, `""`} {
		got := y
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != (market.Symbol{}) {
			t.Errorf("%s: got %#v, %v, want none", text, got, err)
		}
	}
	for text, code := range map[string]fault.Code{
		`5`: fault.MarketForm, `{"Code":"a","Exchange":"B"}`: fault.MarketForm, `["a.B"]`: fault.MarketForm, `"a"`: fault.MarketSymbol,
		"\"\xc2\xdd.SHFE\"": fault.MarketText, `"\ud800.SHFE"`: fault.MarketSymbol, `"a\u0000.SHFE"`: fault.MarketSymbol,
	} {
		got := y
		wantFault(t, text, json.Unmarshal([]byte(text), &got), code, "")
		if got != y {
			t.Errorf("%s: an error changed the symbol to %#v", text, got)
		}
	}
}
