package marketfile

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// wantJSONFloat wants a number to be written as encoding/json writes it, whatever
// the decimals of the one before were.
func wantJSONFloat(t *testing.T, v float64, decimals int) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(appendFloat([]byte("x"), v, &decimals)); got != "x"+string(want) {
		t.Errorf("%b behind %d decimals: got %s, want x%s", v, decimals, got, want)
	}
	if decimals < 0 || decimals >= len(powers) {
		t.Errorf("%b: the next number is taken to have %d decimals", v, decimals)
	}
}

func TestOddFloatsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	odd := []float64{
		0, 5e-324, 2.2250738585072014e-308, math.MaxFloat64, 1e-7, 1e-6, 0.000001234, 9.99e-7, 1e20, 1e21, 1e22, 1e23, 0.1, 0.30000000000000004,
		1.0 / 3, 2.0 / 3, 100, 1e15, 1e15 - 1, 1e15 + 1, 1e15 - 0.125, 999999999999999.9, 99999999999999.9, 1 << 53, 1<<53 + 2, 1 << 63, 123456789012345678,
		0.12345678901234567, 0.123456789012345, 1.5, 2.25, 1e14 + 0.5, 8.5e-6, 0.000001, 0.00000100000000000001, 512.1e-6, 4.35, 0.285, 1.005, 9007199254740993,
	}
	for _, v := range odd {
		for decimals := range powers {
			for _, x := range []float64{v, -v, math.Nextafter(v, 0), math.Nextafter(v, math.MaxFloat64), math.Copysign(v, -1)} {
				wantJSONFloat(t, x, decimals)
			}
		}
	}
}

func TestRandomFloatsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		// Up to 17 digits, of which up to 22 stand behind the point.
		n := r.Uint64N(wholePower(1 + r.IntN(17)))
		v, err := strconv.ParseFloat(strconv.FormatUint(n, 10)+"e-"+strconv.Itoa(r.IntN(23)), 64)
		if err != nil {
			t.Fatal(err)
		}
		wantJSONFloat(t, v, r.IntN(len(powers)))
		wantJSONFloat(t, math.Nextafter(v, 1e300), r.IntN(len(powers)))
		if v = math.Float64frombits(r.Uint64()); v-v == 0 {
			wantJSONFloat(t, v, r.IntN(len(powers)))
		}
	}
}

func wholePower(k int) uint64 {
	n := uint64(1)
	for range k {
		n *= 10
	}
	return n
}

func TestAColumnOfDecimalsRemembersHowMany(t *testing.T) {
	decimals := 0
	for _, v := range []float64{3512.5, 3512.25, 3512.5, 3512, 0.1} {
		wantJSONFloat(t, v, decimals)
		appendFloat(nil, v, &decimals)
	}
	if decimals != 2 {
		t.Errorf("got %d decimals, want 2", decimals)
	}
}

func FuzzFloats(f *testing.F) {
	for _, v := range []float64{0, 0.1, 3512.25, 1e15, 1e-7, 1e21, 0.12345678901234567} {
		f.Add(math.Float64bits(v), uint8(2))
	}
	f.Fuzz(func(t *testing.T, bits uint64, decimals uint8) {
		v := math.Float64frombits(bits)
		if v-v != 0 {
			t.Skip("not finite")
		}
		wantJSONFloat(t, v, int(decimals)%len(powers))
		// The fuzzer hardly hits a decimal by itself.
		wantJSONFloat(t, float64(bits>>12)/powers[int(decimals)%len(powers)], 0)
	})
}

// wantStamp wants a time to be written as package time does.
func wantStamp(t *testing.T, s *stamps, at int64) {
	t.Helper()
	x := time.Unix(0, at).In(s.zone)
	if _, offset := x.Zone(); offset%60 != 0 {
		x = x.UTC()
	}
	if got, want := string(s.append(nil, at)), x.Format(time.RFC3339Nano); got != want {
		t.Errorf("%s: %d is %s, want %s", s.zone, at, got, want)
	}
}

func TestTimesAreWrittenAsPackageTimeDoes(t *testing.T) {
	zones := []*time.Location{time.UTC, time.FixedZone("odd", 3600+7), time.FixedZone("east", 14*3600), time.FixedZone("west", -12*3600)}
	for _, name := range []string{"Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Monrovia", "Pacific/Apia", "Asia/Kathmandu"} {
		zone, err := market.LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, zone := range zones {
		var all []int64
		for range 2000 {
			late, early := r.Int64N(int64(market.MaxTime)), -r.Int64N(-int64(market.MinTime))
			all = append(all, late, early, late/1e9*1e9, early/60e9*60e9)
		}
		all = append(all, int64(market.MinTime), int64(market.MaxTime), -1, 0, 1, 86400e9-1, 86400e9)
		at := time.Unix(-3e9, 0).In(zone)
		for _, until := at.ZoneBounds(); !until.IsZero() && until.Year() < 2030; _, until = until.ZoneBounds() {
			all = append(all, until.UnixNano()-1, until.UnixNano(), until.UnixNano()+1)
		}
		s := &stamps{zone: zone}
		for range 2 {
			for _, at := range all {
				wantStamp(t, s, at)
			}
			slices.Sort(all)
			for _, at := range all {
				wantStamp(t, s, at)
			}
			slices.Reverse(all)
		}
	}
}
