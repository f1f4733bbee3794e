package market_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// goodTick returns a tick without a fault or a finding.
func goodTick() market.Tick {
	t := market.Tick{
		Time: 1767576600500000000, Seq: 3, Depth: 5, Local: 1767576600512345678, Name: "螺纹钢2601",
		LastPrice: 3105, LastVolume: 2, Volume: 120000, Turnover: 3.7e9, OpenInterest: 9e5, LimitUp: 3300, LimitDown: 2900,
		Open: 3100, High: 3120, Low: 3090, PreClose: 3099,
	}
	for i := range t.Bids {
		t.Bids[i] = market.Level{Price: 3104 - float64(i), Volume: 10 + float64(i)}
		t.Asks[i] = market.Level{Price: 3105 + float64(i), Volume: 20 + float64(i)}
	}
	return t
}

// tickFields gives a way to each number of a tick that is not in the book, by
// its name in JSON; bookFields to each number of a level, without its digit.
var (
	tickFields = map[string]func(*market.Tick) *float64{
		"last_price": func(x *market.Tick) *float64 { return &x.LastPrice }, "last_volume": func(x *market.Tick) *float64 { return &x.LastVolume },
		"volume": func(x *market.Tick) *float64 { return &x.Volume }, "turnover": func(x *market.Tick) *float64 { return &x.Turnover },
		"open_interest": func(x *market.Tick) *float64 { return &x.OpenInterest }, "limit_up": func(x *market.Tick) *float64 { return &x.LimitUp },
		"limit_down": func(x *market.Tick) *float64 { return &x.LimitDown }, "open_price": func(x *market.Tick) *float64 { return &x.Open },
		"high_price": func(x *market.Tick) *float64 { return &x.High }, "low_price": func(x *market.Tick) *float64 { return &x.Low },
		"pre_close": func(x *market.Tick) *float64 { return &x.PreClose },
	}
	bookFields = map[string]func(*market.Tick, int) *float64{
		"bid_price_": func(x *market.Tick, i int) *float64 { return &x.Bids[i].Price }, "bid_volume_": func(x *market.Tick, i int) *float64 { return &x.Bids[i].Volume },
		"ask_price_": func(x *market.Tick, i int) *float64 { return &x.Asks[i].Price }, "ask_volume_": func(x *market.Tick, i int) *float64 { return &x.Asks[i].Volume },
	}
)

const digits = "12345"

// vnpyTick are the fields of TickData in vnpy/trader/object.py of vn.py 4.5.0,
// but for symbol and exchange, and datetime, which is time here.
var vnpyTick = strings.Fields(`time name volume turnover open_interest last_price last_volume limit_up limit_down
	open_price high_price low_price pre_close localtime
	bid_price_1 bid_price_2 bid_price_3 bid_price_4 bid_price_5 ask_price_1 ask_price_2 ask_price_3 ask_price_4 ask_price_5
	bid_volume_1 bid_volume_2 bid_volume_3 bid_volume_4 bid_volume_5 ask_volume_1 ask_volume_2 ask_volume_3 ask_volume_4 ask_volume_5`)

func TestATickInJSONHasTheNamesOfVNPY(t *testing.T) {
	text, err := json.Marshal(goodTick())
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Clone(vnpyTick), "seq", "depth")
	for _, name := range want {
		if _, ok := object[name]; !ok {
			t.Errorf("%s: no field %s", text, name)
		}
	}
	if len(object) != len(want) {
		t.Errorf("%s: got %d fields, want %d", text, len(object), len(want))
	}
}

func TestATickIsRefusedByTheNameOfItsField(t *testing.T) {
	good := goodTick()
	if err := good.Validate(); err != nil {
		t.Fatalf("%+v: got %v", good, err)
	}
	f := func(name string, spoil func(*market.Tick), code fault.Code, field string) {
		t.Helper()
		x := goodTick()
		spoil(&x)
		wantFault(t, name, x.Validate(), code, field)
		if x.Time != 0 {
			_, err := json.Marshal(x)
			wantFault(t, name+" in JSON", err, code, field)
		}
	}
	f("no time", func(x *market.Tick) { x.Time = 0 }, fault.MarketNoTime, "time")
	f("before 1678", func(x *market.Tick) { x.Time = market.MinTime - 1 }, fault.MarketTimeRange, "time")
	f("after 2261", func(x *market.Tick) { x.Time = math.MaxInt64 }, fault.MarketTimeRange, "time")
	f("received after 2261", func(x *market.Tick) { x.Local = market.MaxTime + 1 }, fault.MarketTimeRange, "localtime")
	f("GBK name", func(x *market.Tick) { x.Name = "\xc2\xdd\xce\xc6" }, fault.MarketText, "name")
	f("depth 6", func(x *market.Tick) { x.Depth = 6 }, fault.MarketDepth, "depth")
	f("depth 255", func(x *market.Tick) { x.Depth = 255 }, fault.MarketDepth, "depth")
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for name, field := range tickFields {
			f(name, func(x *market.Tick) { *field(x) = bad }, fault.MarketNotFinite, name)
		}
		for name, field := range bookFields {
			for i := range digits {
				f(name, func(x *market.Tick) { *field(x, i) = bad }, fault.MarketNotFinite, name+digits[i:i+1])
			}
		}
	}
}

func TestALevelBeyondTheDepthIsRefused(t *testing.T) {
	for name, field := range bookFields {
		for depth := range digits {
			x := goodTick()
			x.Depth, x.Bids, x.Asks = uint8(depth), [5]market.Level{}, [5]market.Level{}
			if err := x.Validate(); err != nil {
				t.Errorf("depth %d of zeros: got %v", depth, err)
			}
			*field(&x, depth) = -1
			wantFault(t, depth, x.Validate(), fault.MarketDepth, name+digits[depth:depth+1])
			x.Depth++
			if err := x.Validate(); err != nil {
				t.Errorf("%s%d within depth %d: got %v", name, depth+1, x.Depth, err)
			}
		}
	}
}

func TestATickNeedsOnlyATime(t *testing.T) {
	for _, x := range []market.Time{market.MinTime, -1, 1, market.MaxTime} {
		if err := (&market.Tick{Time: x}).Validate(); err != nil {
			t.Errorf("%s: got %v", x, err)
		}
	}
}

func TestFindingsOfATick(t *testing.T) {
	f := func(name string, spoil func(*market.Tick), want ...string) {
		t.Helper()
		x := goodTick()
		spoil(&x)
		var got []string
		for _, f := range x.Findings() {
			got = append(got, f.Field+" "+string(f.Rule))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if err := x.Validate(); err != nil {
			t.Errorf("%s: what is found must be stored all the same: %v", name, err)
		}
	}
	f("nothing", func(*market.Tick) {})
	f("no trade yet", func(x *market.Tick) { x.Open, x.High, x.Low = 0, 0, 0 })
	f("high below low", func(x *market.Tick) { x.High = 3089 }, "high_price high-below-low")
	for name, field := range tickFields {
		rule := "negative-price"
		if strings.Contains(name, "volume") || name == "turnover" || name == "open_interest" {
			rule = "negative-amount"
		}
		want := []string{name + " " + rule}
		if name == "high_price" {
			want = append([]string{"high_price high-below-low"}, want...)
		}
		f(name, func(x *market.Tick) { *field(x) = -1 }, want...)
	}
	for name, field := range bookFields {
		rule := "negative-price"
		if strings.Contains(name, "volume") {
			rule = "negative-amount"
		}
		for i := range digits {
			f(name, func(x *market.Tick) { *field(x, i) = -1 }, name+digits[i:i+1]+" "+rule)
		}
	}
}

func TestATickInJSONRoundTrips(t *testing.T) {
	for depth := range 6 {
		x := goodTick()
		x.Depth = uint8(depth)
		clear(x.Bids[depth:])
		clear(x.Asks[depth:])
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		back := goodTick()
		if err := json.Unmarshal(text, &back); err != nil || back != x {
			t.Errorf("depth %d: got %+v, %v, want %+v", depth, back, err, x)
		}
		if got := strings.Count(string(text), `"ask_volume_`); got != depth {
			t.Errorf("depth %d: got %d levels in %s", depth, got, text)
		}
	}
	for name, field := range tickFields {
		for _, n := range numbers {
			wantBack(t, name, n, field)
		}
	}
	for name, field := range bookFields {
		for _, n := range numbers {
			wantBack(t, name, n, func(x *market.Tick) *float64 { return field(x, 4) })
		}
	}
}

// wantBack fails unless n in the field comes back from JSON bit for bit.
func wantBack(t *testing.T, name string, n float64, field func(*market.Tick) *float64) {
	t.Helper()
	x := goodTick()
	*field(&x) = n
	text, err := json.Marshal(&x)
	if err != nil {
		t.Fatal(err)
	}
	var back market.Tick
	err = json.Unmarshal(text, &back)
	if got := *field(&back); err != nil || math.Float64bits(got) != math.Float64bits(n) {
		t.Errorf("%s %v: got %v, %v by %s", name, n, got, err, text)
	}
}

func TestANameComesBackAsItWas(t *testing.T) {
	for _, name := range []string{"", "螺纹钢2601", `a"b\c</script>&`, "\x00\n\u2028", "a\ufffdb", "😀"} {
		x := market.Tick{Time: 1, Name: name}
		text, err := json.Marshal(x)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		var back market.Tick
		if err := json.Unmarshal(text, &back); err != nil || back != x {
			t.Errorf("%q: got %q, %v", name, back.Name, err)
		}
	}
}

func TestATickWithoutATimeIsWrittenWithNull(t *testing.T) {
	text, err := json.Marshal(market.Tick{LastPrice: 1})
	if err != nil || !strings.HasPrefix(string(text), `{"time":null,"seq":0,"depth":0,"localtime":null,`) {
		t.Errorf("got %s, %v", text, err)
	}
	back := goodTick()
	if err := json.Unmarshal(text, &back); err != nil || back != (market.Tick{LastPrice: 1}) {
		t.Errorf("%s: got %+v, %v", text, back, err)
	}
}

func TestDepthIsTheHighestLevelGivenUnlessItIsSaid(t *testing.T) {
	f := func(text string, want uint8) {
		t.Helper()
		var x market.Tick
		if err := json.Unmarshal([]byte(text), &x); err != nil || x.Depth != want {
			t.Errorf("%s: got depth %d, %v, want %d", text, x.Depth, err, want)
		}
	}
	f(`{}`, 0)
	f(`{"depth":null}`, 0)
	f(`{"bid_price_1":1}`, 1)
	f(`{"ask_volume_3":1}`, 3)
	f(`{"ask_volume_3":0}`, 3)
	f(`{"ask_volume_3":null,"bid_price_2":1}`, 2)
	f(`{"ask_price_5":1,"bid_price_1":1}`, 5)
	f(`{"depth":5,"bid_price_1":1}`, 5)
	f(`{"depth":1,"bid_price_1":1,"bid_price_2":0,"ask_price_2":null}`, 1)
}
