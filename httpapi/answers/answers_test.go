package answers_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var (
	rebar = market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	keys  = []series.Key{
		series.BarKey(rebar, market.Minute),
		series.BarKey(market.Symbol{Code: "a.b c", Exchange: "LOCAL"}, market.Week),
		series.TickKey(rebar),
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Hour, Name: `boll(20, "2")`},
	}
)

// again returns a value as it arrives by JSON.
func again[T any](t *testing.T, v *T) *T {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	back := new(T)
	if err := json.Unmarshal(text, back); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return back
}

func want(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestKeysArriveAsTheyAre(t *testing.T) {
	for _, k := range keys {
		j := answers.OfKey(k)
		want(t, again(t, &j).Key(), k)
	}
	if k := (answers.Key{Kind: "coins", Symbol: rebar}).Key(); k.Kind != 0 {
		t.Errorf("a kind that there is not is %v", k.Kind)
	}
}

func TestOverviewsArriveAsTheyAre(t *testing.T) {
	for _, k := range keys {
		for _, o := range []series.Overview{
			{Key: k},
			{Key: k, Count: 1 << 40, First: market.MinTime, Last: market.MaxTime},
			{Key: k, Count: 1, First: -1e9, Last: 5e9, Attrs: map[string]string{"zone": "Asia/Shanghai", "": "\"x\""}, Extra: map[string]series.Type{"f": series.Float64, "i": series.Int64, "t": series.Text}},
		} {
			want(t, again(t, answers.OfOverview(o)).Overview(), o)
		}
	}
}

func TestChangesArriveAsTheyAre(t *testing.T) {
	for _, k := range keys {
		for _, r := range []market.Range{{}, {From: 1e9}, {To: market.MaxTime}, {From: market.MinTime, To: -1}} {
			c := series.Change{Seq: 1<<63 + 1, Key: k, Range: r}
			want(t, again(t, answers.OfChange(c)).Change(), c)
		}
	}
}

func TestDamagesArriveWithTheirError(t *testing.T) {
	for _, d := range []series.Damage{
		{File: "segment-1", Offset: 77, Key: keys[0], Range: market.Range{From: 1e9, To: 2e9}, Err: fault.DiskDamaged.Errorf("the checksum is another")},
		{File: "log", Err: fault.DiskDamaged.Errorf("cut")},
	} {
		got := again(t, answers.OfDamage(d, "zh")).Damage()
		if !errors.Is(got.Err, fault.DiskDamaged) || !errors.Is(got.Err, fault.Corrupt) {
			t.Errorf("the error arrives as %v", got.Err)
		}
		got.Err, d.Err = nil, nil
		want(t, got, d)
	}
	j := answers.OfDamage(series.Damage{File: "/srv/data/series/a", Err: fault.DiskDamaged.Errorf("/srv/data/series/a: cut")}, "en")
	j.Hide([]string{"/srv/data/"})
	if j.File != "series/a" || strings.Contains(j.Error.Detail, "srv") {
		t.Errorf("got %+v", j)
	}
}

func TestCountsArriveAsTheyAre(t *testing.T) {
	c := series.Counts{New: 1, Unchanged: 2, Replaced: 3, Deleted: 4}
	j := answers.OfCounts(c)
	want(t, again(t, &j).Counts(), c)
}

func TestQueriesArriveAsTheyAre(t *testing.T) {
	for _, q := range []series.Query{
		{Keys: keys},
		{Keys: keys[:1], Range: market.Range{From: -5e9, To: 5e9}, Columns: []string{"close"}, Reverse: true, Limit: 9},
		{Keys: keys[:1], Columns: []string{}}, // none, which is not the same as all
	} {
		want(t, again(t, answers.OfQuery(q)).Query(), q)
	}
}

func TestFoldQueriesArriveAsTheyAre(t *testing.T) {
	for _, zone := range []string{"UTC", "Asia/Shanghai", "+08:00"} {
		where, err := market.LoadZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		q := series.FoldQuery{Keys: keys[:1], Range: market.Range{From: 1e9}, Interval: market.Hour, Zone: where, Volume: market.TickVolume("traded")}
		got, err := again(t, answers.OfFoldQuery(q)).Query()
		if err != nil || got.Zone.String() != where.String() {
			t.Errorf("%s arrives as %v, %v", zone, got.Zone, err)
		}
		got.Zone = q.Zone
		want(t, got, q)
	}
	if _, err := (&answers.FoldQuery{Zone: "Mars/Base"}).Query(); !errors.Is(err, fault.MarketZone) {
		t.Errorf("got %v", err)
	}
}
