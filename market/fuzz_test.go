package market_test

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// wantInvalid fails unless err is as every error of a parser: of kind Invalid,
// with a code, and with a text that a terminal can show.
func wantInvalid(t *testing.T, input any, err error) {
	t.Helper()
	if fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(string(fault.CodeOf(err)), "RF-MKT-") {
		t.Errorf("%q: error %v has kind %q and code %q", input, err, fault.KindOf(err), string(fault.CodeOf(err)))
	}
	if text := err.Error(); text == "" || len(text) > 2000 || strings.ContainsAny(text, "\x00\x1b") {
		t.Errorf("%q: the message is %q", input, text)
	}
}

// wantRoundTrip fails unless x comes back from its text, where it has one, and
// from JSON, and is then written as before.
func wantRoundTrip[T comparable](t *testing.T, x T) {
	t.Helper()
	var back T
	if m, ok := any(x).(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			t.Fatalf("%#v: %v", x, err)
		}
		if err := any(&back).(encoding.TextUnmarshaler).UnmarshalText(text); err != nil || back != x {
			t.Errorf("%#v: by text %q got %#v, %v", x, text, back, err)
		}
	}
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatalf("%#v: %v", x, err)
	}
	back = *new(T)
	if err := json.Unmarshal(text, &back); err != nil || back != x {
		t.Errorf("%#v: by JSON %s got %#v, %v", x, text, back, err)
	}
	if again, err := json.Marshal(back); err != nil || string(again) != string(text) {
		t.Errorf("%#v: written as %s, then as %s, %v", x, text, again, err)
	}
}

func FuzzSymbol(f *testing.F) {
	for _, s := range []string{
		"", ".", "rb2601.SHFE", "BRK.B.NYSE", "a.shfe", "a b.X", "a\\.X", "a\u200b.X", "\ufeffa.X", "a\xff.X", "a.X\n", "a\ufffd.X",
		strings.Repeat("a", 128) + ".X", strings.Repeat("a", 129) + ".X", "螺纹钢.SHFE", "a.12345678901234567",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		y, err := market.ParseSymbol(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		if y.String() != s || len(y.Code) > 128 || len(y.Exchange) > 16 || y.Validate() != nil {
			t.Errorf("%q: got %#v, written %q, %v", s, y, y, y.Validate())
		}
		wantRoundTrip(t, y)
	})
}

func FuzzInterval(f *testing.F) {
	for _, s := range []string{"", "1m", "60m", "24h", "1440m", "86400s", "86401s", "d", "1d", "2d", "w", "mo", "tick", "01m", "m", "9999999999h"} {
		f.Add(s, int64(1767576600e9), uint8(0))
		f.Add(s, int64(1320114600e9), uint8(3))
	}
	f.Fuzz(func(t *testing.T, s string, ns int64, place uint8) {
		v, err := market.ParseInterval(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		if err := v.Validate(); err != nil {
			t.Errorf("%q: got %d: %v", s, int(v), err)
		}
		wantRoundTrip(t, v)
		x := market.Time(ns)
		if x.Validate() != nil {
			return
		}
		z := fuzzZone(t, place)
		from, to := v.Window(x, z)
		if from > x || to <= x {
			t.Errorf("window of %s in %s: %d to %d does not hold %d", v, z, int64(from), int64(to), ns)
		}
		wantWindow(t, v, from, z, from, to)
		wantWindow(t, v, to-1, z, from, to)
		if next, _ := v.Window(to, z); next != to {
			t.Errorf("window of %s in %s: after the one to %s comes one from %s", v, z, to, next)
		}
		if last, end := v.Window(from-1, z); end != from || last >= from {
			t.Errorf("window of %s in %s: before the one from %s comes %s to %s", v, z, from, last, end)
		}
	})
}

func fuzzZone(t *testing.T, place uint8) *time.Location {
	names := []string{"UTC", "Asia/Shanghai", "America/New_York", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo", "America/Juneau"}
	return zone(t, names[int(place)%len(names)])
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{
		"", "2026-01-05T01:30:00Z", "2026-01-05 09:30:00.123456789+08:00", "2026-01-05T09:30:00.5", "2026-01-05 09:30", "2026-01-05",
		"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1678-01-01", "2261-12-31T23:59:59.999999999Z", "2040-12-31 09:30:00",
		"2026-01-05T01:30:00+24:00", "2026-01-05T01:30:00,5Z", "2016-12-31T23:59:60Z", "2011-12-30", "2009-11-01 00:00", "2025-03-09 02:30",
	} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, s string, place uint8) {
		z := fuzzZone(t, place)
		x, err := market.ParseTime(s, z)
		if err != nil {
			wantInvalid(t, s, err)
			if _, err := market.ParseTime(s, nil); err == nil {
				t.Errorf("%q: read without a zone and not in %s", s, z)
			}
			return
		}
		if err := x.Validate(); err != nil {
			t.Errorf("%q: got %d: %v", s, int64(x), err)
		}
		wantRoundTrip(t, x)
		if _, err := market.ParseTime(s, nil); fault.CodeOf(err) == fault.MarketNoZone {
			// The clock of the zone must show what was written.
			got := x.In(z).Format("2006-01-02 15:04:05.000000000")
			if want := strings.Replace(s, "T", " ", 1); !strings.HasPrefix(got, want) || strings.Trim(got[len(want):], " 0:.") != "" {
				t.Errorf("%q in %s: the clock shows %s", s, z, got)
			}
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, ends := range [][2]string{
		{"", ""}, {"..", ".."}, {"2026-01-05", "2026-01-06"}, {"2026-01-06", "2026-01-05"}, {"1970-01-01", "1970-01-01T00:00:00Z"},
		{"x", ""}, {"", "2262-01-01T00:00:00Z"}, {"/", "/"},
	} {
		f.Add(ends[0], ends[1])
	}
	f.Fuzz(func(t *testing.T, from, to string) {
		r, err := market.ParseRange(from, to, time.UTC)
		if err != nil {
			wantInvalid(t, from+" "+to, err)
		} else {
			wantRange(t, r)
		}
		if err := r.UnmarshalText([]byte(from + "/" + to)); err != nil {
			wantInvalid(t, from+"/"+to, err)
		} else {
			wantRange(t, r)
		}
	})
}

func wantRange(t *testing.T, r market.Range) {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Errorf("%s: %v", r, err)
	}
	if r.From != 0 && r.Contains(r.From) != (r.From != r.To) || r.To != 0 && r.Contains(r.To) {
		t.Errorf("%s: contains its first time: %v, its last: %v", r, r.Contains(r.From), r.Contains(r.To))
	}
	wantRoundTrip(t, r)
}

func FuzzBarJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `{"time":"2026-01-05T01:30:00Z","open":1,"high":2,"low":0.5,"close":1.5,"volume":10,"turnover":15,"open_interest":3}`,
		`{"open":-0}`, `{"open":5e-324}`, `{"open":1e999}`, `{"open":null}`, `{"open":1,"open":2}`, `{"Open":1}`, `{"time":0}`, `{"time":null}`, `{}{}`,
		`{"time":"1969-12-31T23:59:59Z","volume":-1}`, `{"open":1`, "{\"\xff\":1}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var b market.Bar
		if err := b.UnmarshalJSON(text); err != nil {
			wantInvalid(t, text, err)
			return
		}
		wantSameAsEncodingJSON[market.Bar](t, text)
		wantRoundTrip(t, b)
		if err := b.Validate(); err != nil {
			wantInvalid(t, text, err)
			return
		}
		b.Findings(market.Minute, time.UTC)
	})
}

func FuzzTickJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `{"time":"2026-01-05T01:30:00.5Z","seq":3,"depth":1,"localtime":null,"name":"螺纹钢","last_price":1,"bid_price_1":1,"ask_volume_1":2}`,
		`{"bid_price_5":1}`, `{"depth":0,"bid_price_1":1}`, `{"depth":0,"bid_price_1":-0}`, `{"depth":6}`, `{"depth":null,"ask_price_2":null}`,
		`{"seq":4294967295}`, `{"seq":4294967296}`, `{"name":"\ud800"}`, "{\"name\":\"\xff\"}", `{"name":"</script>\u2028"}`, `{"bid_price_6":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var x market.Tick
		if err := x.UnmarshalJSON(text); err != nil {
			wantInvalid(t, text, err)
			return
		}
		wantSameAsEncodingJSON[market.Tick](t, text)
		wantRoundTrip(t, x)
		if err := x.Validate(); err != nil {
			wantInvalid(t, text, err)
			return
		}
		x.Findings()
	})
}

// wantSameAsEncodingJSON fails unless encoding/json, which calls the same
// method, takes text for JSON too.
func wantSameAsEncodingJSON[T any](t *testing.T, text []byte) {
	t.Helper()
	if err := json.Unmarshal(text, new(T)); err != nil {
		t.Errorf("%q: read as a %s, but not by encoding/json: %v", text, reflect.TypeFor[T](), err)
	}
}
