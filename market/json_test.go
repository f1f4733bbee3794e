package market_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestRowsInJSONAreReadStrictly(t *testing.T) {
	f := func(text string, code fault.Code, field string) {
		t.Helper()
		bar, tick := goodBar(), goodTick()
		wantFault(t, text, bar.UnmarshalJSON([]byte(text)), code, field)
		text, field = strings.ReplaceAll(text, "open", "open_price"), strings.ReplaceAll(field, "open", "open_price")
		wantFault(t, text, tick.UnmarshalJSON([]byte(text)), code, field)
		if bar != goodBar() || tick != goodTick() {
			t.Errorf("%.60s: an error changed the row", text)
		}
	}
	for _, text := range []string{``, ` `, `null`, `[]`, `1`, `"{}"`, `true`, `x`, `}`, "\x00"} {
		f(text, fault.MarketForm, "")
	}
	for _, text := range []string{
		`{`, `{}{}`, `{}x`, `{},`, `{"open":1}]`, `{"open":1]`, `{,"open":1}`, `{"open":1,}`, `{"open":1,,"volume":1}`,
		`{"open":1 "volume":1}`, `{1:2}`, `{null:1}`, `{{}:1}`, `{"open":01}`, `{"open":0x1p-2}`, `{"open":1_000}`, `{open:1}`, `{'open':1}`,
	} {
		f(text, fault.MarketForm, "")
	}
	for _, value := range []string{
		``, `null`, `"1"`, `"1.5"`, `""`, `true`, `[1]`, `{}`, `NaN`, `Infinity`, `-Infinity`, `"NaN"`, `+1`, `.5`, `1.`,
		`1e999`, `-1e999`, `1.8e308`, strings.Repeat("[", 20_000), `{"open":` + strings.Repeat(`{"a":`, 5_000),
	} {
		f(`{"volume":1,"open":`+value+`}`, fault.MarketForm, "open")
	}
	f(`{"open":1,"open":1}`, fault.MarketForm, "open")
	f(`{"volume":1,"\u0076olume":1}`, fault.MarketForm, "volume")
	f(`{"Volume":1}`, fault.MarketForm, "Volume")
	f(`{"VOLUME":1}`, fault.MarketForm, "VOLUME")
	f(`{"volume ":1}`, fault.MarketForm, "volume ")
	f(`{"":1}`, fault.MarketForm, "")
	f(`{"interval":"1m"}`, fault.MarketForm, "interval")
	f(`{"open":1 ,"x":[{"open":2}]}`, fault.MarketForm, "x")
	f(`{"time":0}`, fault.MarketForm, "time")
	f(`{"time":1767576600000}`, fault.MarketForm, "time")
	f(`{"time":"2026-01-05 09:30:00"}`, fault.MarketNoZone, "time")
	f(`{"time":"2026-02-30T09:30:00Z"}`, fault.MarketTime, "time")
	f(`{"time":"0001-01-01T00:00:00Z"}`, fault.MarketTimeRange, "time")
	f("{\"volume\":1,\"\xff\":1}", fault.MarketText, "")
}

func TestATickInJSONIsReadStrictly(t *testing.T) {
	f := func(text string, code fault.Code, field string) {
		t.Helper()
		x := goodTick()
		wantFault(t, text, json.Unmarshal([]byte(text), &x), code, field)
		if x != goodTick() {
			t.Errorf("%s: an error changed the tick", text)
		}
	}
	f(`{"name":null}`, fault.MarketForm, "name")
	f(`{"name":5}`, fault.MarketForm, "name")
	f("{\"name\":\"\xc2\xdd\xce\xc6\"}", fault.MarketText, "")
	f(`{"seq":null}`, fault.MarketForm, "seq")
	f(`{"seq":-1}`, fault.MarketForm, "seq")
	f(`{"seq":1.5}`, fault.MarketForm, "seq")
	f(`{"seq":4294967296}`, fault.MarketForm, "seq")
	f(`{"depth":-1}`, fault.MarketForm, "depth")
	f(`{"depth":256}`, fault.MarketForm, "depth")
	f(`{"depth":"5"}`, fault.MarketForm, "depth")
	f(`{"depth":6}`, fault.MarketDepth, "depth")
	f(`{"depth":1,"bid_price_2":1}`, fault.MarketDepth, "bid_price_2")
	f(`{"depth":0,"ask_volume_1":1}`, fault.MarketDepth, "ask_volume_1")
	f(`{"bid_price_6":1}`, fault.MarketForm, "bid_price_6")
	f(`{"bid_price_0":1}`, fault.MarketForm, "bid_price_0")
	f(`{"bids":[]}`, fault.MarketForm, "bids")
	f(`{"datetime":"2026-01-05T01:30:00Z"}`, fault.MarketForm, "datetime")
	f(`{"localtime":5}`, fault.MarketForm, "localtime")
	f(`{"localtime":"1969"}`, fault.MarketTime, "localtime")
}

func TestAnErrorInJSONHelpsWhoMustMendIt(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var x market.Tick
		err := x.UnmarshalJSON([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Go value") {
			t.Errorf("%s: got %v, want the words %q", text, err, want)
		}
	}
	f(`{"volume":"12"}`, `volume: "12" stands where a number`)
	f(`{"volume":1e999}`, `volume: 1e999 stands where a number within 1.8e308`)
	f(`{"seq":-1}`, `seq: -1 stands where a whole number`)
	f(`{"depth":256}`, `from 0 to 5`)
	f(`{"depth":9}`, `depth: depth 9 is above 5`)
	f(`{"name":5}`, `name: 5 stands where a string`)
	f(`{"volume":null}`, `leave the field out`)
	f(`{"price":1}`, `last_price`)
	f(`{"volume":1,"volume":1}`, `volume: the field stands twice`)
	f(`{"a\nERROR":1}`, `"a\nERROR": there is no such field`)
}

func TestAMessageDoesNotRepeatAHugeInput(t *testing.T) {
	huge := strings.Repeat("x", 1_000_000)
	for _, text := range []string{huge, `{"` + huge + `":1}`, `{"volume":"` + huge + `"}`, `{"time":"` + huge + `"}`, `{"time":[` + strings.Repeat("1,", 1e5) + `1]}`} {
		var x market.Tick
		if err := x.UnmarshalJSON([]byte(text)); err == nil || len(err.Error()) > 1000 {
			t.Errorf("%.20s...: the message has %d bytes", text, len(fmt.Sprint(err)))
		}
	}
}

func TestAFaultIsStillThereOutsideEncodingJSON(t *testing.T) {
	var body struct {
		Symbol market.Symbol
		Rows   []market.Bar
	}
	err := json.Unmarshal([]byte(`{"symbol":"rb2601.SHFE","rows":[{"open":1,"high":1,"low":1,"close":1},{"open":null}]}`), &body)
	for _, wrapped := range []error{err, fmt.Errorf("http: %w", err), errors.Join(errors.New("x"), err)} {
		if !errors.Is(wrapped, fault.Invalid) || !errors.Is(wrapped, fault.MarketForm) || fault.HTTPStatus(wrapped) != 400 {
			t.Errorf("%v: kind %q, code %q, want those of the row", wrapped, fault.KindOf(wrapped), string(fault.CodeOf(wrapped)))
		}
		if place, ok := fault.PlaceOf(wrapped); !ok || place.Field != "open" {
			t.Errorf("%v: got place %v", wrapped, place)
		}
	}
	_, err = json.Marshal([]any{market.Symbol{Code: "a"}})
	wantFault(t, "a symbol without an exchange", err, fault.MarketSymbol, "")
}
