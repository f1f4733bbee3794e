package config_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func TestDurationsAreRead(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		var got config.Duration
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != want {
			t.Errorf("%s: got %v, %v, want %v", text, time.Duration(got), err, want)
		}
	}
	f("0", 0)
	f("0s", 0)
	f("0d", 0)
	f("250ms", 250*time.Millisecond)
	f("1h30m", 90*time.Minute)
	f("1.5h", 90*time.Minute)
	f(".5s", 500*time.Millisecond)
	f("7d", 168*time.Hour)
	f("2w", 336*time.Hour)
	f("1w1d1h1m1s1ms1us1ns", 193*time.Hour+time.Minute+time.Second+time.Millisecond+time.Microsecond+1)
	f("3µs", 3*time.Microsecond)
	f("007d", 168*time.Hour)
	f("106751d", 106751*24*time.Hour)
	f("15250w1d23h47m16.854775807s", math.MaxInt64)
}

func TestDurationsThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "7", "d", "-7d", "+7d", "-1h", "+1h", "7d-1h", "7d+1h", "7d-0h", "-0", "-0s", "7d 1h", " 7d", "7d ", "7d\n", "1.5d", "1d1w", "1h1d", "7d0", "1y", "1M",
		"七d", "7天", "1e3s", "0x1s", "1h,", "NaN", "inf",
		"106752d", "15251w", "9223372036854775808ns", "15250w1d23h47m16.854775808s", strings.Repeat("9", 400) + "w",
	} {
		d := config.Duration(42)
		err := d.UnmarshalText([]byte(text))
		if fault.CodeOf(err) != fault.ConfigValue || d != 42 {
			t.Errorf("%q: got %v, %v, want %s and the duration as it was", text, d, err, fault.ConfigValue)
		}
	}
}

func TestDurationsAreWrittenWithTheFewestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1: "1ns", time.Minute: "1m0s", 36 * time.Hour: "36h0m0s", 24 * time.Hour: "1d", 7 * 24 * time.Hour: "1w", 8 * 24 * time.Hour: "8d", 365 * 24 * time.Hour: "365d",
	} {
		if got := config.Duration(d).String(); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

// FuzzDuration reads any text. What is read is not negative, and reads the
// same after it was written.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"", "0", "7d", "2w3d4h", "1h30m", "-1s", "9223372036854775807ns", "15250w1d", "1.5d", "7d.5s", "99999999999999999999w"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again config.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			if fault.CodeOf(err) != fault.ConfigValue {
				t.Errorf("%q: got %v, want %s", text, err, fault.ConfigValue)
			}
			return
		}
		if d < 0 || strings.ContainsAny(text, "+- \n") {
			t.Errorf("%q: got %v, want an error", text, d)
		}
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d {
			t.Errorf("%q is %v, but %q: %v, %v", text, d, d.String(), again, err)
		}
	})
}

func TestSizesAreRead(t *testing.T) {
	f := func(text string, want config.Size) {
		t.Helper()
		var got config.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, int64(got), err, int64(want))
		}
	}
	f("0B", 0)
	f("1B", 1)
	f("512KiB", 512<<10)
	f("256MiB", 256<<20)
	f("256 MiB", 256<<20)
	f("1.5GiB", 3<<29)
	f("2TiB", 2<<40)
	f("0.5KiB", 512)
	f("0.0009765625KiB", 1)
	f("9223372036854775807B", math.MaxInt64)
	f("8388607.99999904632568359375TiB", 1<<63-1<<20)
}

func TestSizesThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "1", "1K", "1M", "1MB", "1mib", "1Mib", "1MIB", "MiB", "-1MiB", "+1MiB", "1  MiB", " 1MiB", "1MiB ", "1MiB\n", "1,5MiB", "1.MiB", ".5MiB", "1e3B", "0x1B",
		"1MiB1KiB", "1_000B", "一MiB", "1PiB", "0.5B", "0.1KiB", "1.0000000001MiB", "9223372036854775808B", "8388608TiB", strings.Repeat("9", 1000) + "TiB", "1/2KiB",
	} {
		z := config.Size(42)
		err := z.UnmarshalText([]byte(text))
		if fault.CodeOf(err) != fault.ConfigValue || z != 42 {
			t.Errorf("%q: got %v, %v, want %s and the size as it was", text, z, err, fault.ConfigValue)
		}
	}
}

// FuzzSize reads any text. What is read is not negative, and reads the same
// after it was written.
func FuzzSize(f *testing.F) {
	for _, seed := range []string{"", "0B", "1.5GiB", "256 MiB", "9223372036854775807B", "8388608TiB", "0.0009765625KiB", "1MB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var z, again config.Size
		if err := z.UnmarshalText([]byte(text)); err != nil {
			if fault.CodeOf(err) != fault.ConfigValue {
				t.Errorf("%q: got %v, want %s", text, err, fault.ConfigValue)
			}
			return
		}
		if z < 0 {
			t.Errorf("%q: got %d, want an error", text, int64(z))
		}
		if err := again.UnmarshalText([]byte(z.String())); err != nil || again != z {
			t.Errorf("%q is %v, but %q: %v, %v", text, z, z.String(), again, err)
		}
	})
}

func TestAddressesAreHostAndPort(t *testing.T) {
	for _, text := range []string{"127.0.0.1:8600", "localhost:0", "[::1]:8600", "[::]:65535", "[fe80::1%eth0]:1", ":8600", "主机.example:80", "a-b_c:1"} {
		var a config.Address
		if err := a.UnmarshalText([]byte(text)); err != nil || string(a) != text {
			t.Errorf("%s: got %q, %v, want it as it is", text, a, err)
		}
	}
	for _, text := range []string{
		"", ":", "8600", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1", "localhost:+1", "localhost:08600", "localhost:0x1",
		"::1:8600", "[::1]", "[::1", "[localhost]:80", "[127.0.0.1]:80", "http://localhost:80", "a b:1", "localhost:80/x", "localhost：80", "root@localhost:80", "localhost:80\n",
	} {
		a := config.Address("before")
		if err := a.UnmarshalText([]byte(text)); fault.CodeOf(err) != fault.ConfigValue || a != "before" {
			t.Errorf("%q: got %q, %v, want %s and the address as it was", text, a, err, fault.ConfigValue)
		}
	}
}

func TestPathsHoldNoControlCharacters(t *testing.T) {
	for _, text := range []string{"x", ".", "/", "a b", "数据/一", `C:\data`, "x~", "~x", "-"} {
		var p config.Path
		if err := p.UnmarshalText([]byte(text)); err != nil || string(p) != text {
			t.Errorf("%s: got %q, %v, want it as it is", text, p, err)
		}
	}
	for _, text := range []string{"", "a\n", "a\x00", "a\tb", "\x7f", "a\u0085", "~", "~/x"} {
		p := config.Path("before")
		if err := p.UnmarshalText([]byte(text)); fault.CodeOf(err) != fault.ConfigValue || p != "before" {
			t.Errorf("%q: got %q, %v, want %s and the path as it was", text, p, err, fault.ConfigValue)
		}
	}
}

func TestValuesAreMarshalledAsTheyAreWritten(t *testing.T) {
	got, err := json.Marshal(accepted(t, "cache: { namespaces: { a: { ttl: 36h } } }").Cache)
	want := `{"Redis":"","Password":"","PasswordFile":"","Memory":"256MiB","Namespaces":{"a":{"TTL":"36h0m0s"}}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}
