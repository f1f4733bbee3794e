package config

import (
	"log/slog"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Path is the path of a file or folder. After [Load] it is no longer
// relative to the file that held it, but to the working directory.
type Path string

// A Duration is a length of time, written with units: 250ms, 1h30m, 7d, 2w.
// A day is 24 hours and a week 7 days.
type Duration time.Duration

const (
	day  = 24 * time.Hour
	week = 7 * day
)

var daysAndWeeks = regexp.MustCompile(`^(?:([0-9]+)w)?(?:([0-9]+)d)?(.*)$`)

// UnmarshalText reads weeks, days and whatever [time.ParseDuration] reads, in
// that order, none of it below zero.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	m := daysAndWeeks.FindStringSubmatch(s)
	if m == nil {
		return fault.ConfigValue.Errorf("%q is not a duration: write 250ms, 90s, 12h, 7d or 2w", s)
	}
	total := new(big.Int)
	for i, unit := range []time.Duration{week, day} {
		n, _ := new(big.Int).SetString("0"+m[i+1], 10)
		total.Add(total, n.Mul(n, big.NewInt(int64(unit))))
	}
	if rest := m[3]; rest != "" || s == "" {
		v, err := time.ParseDuration(rest)
		if err != nil || v < 0 || strings.HasPrefix(rest, "+") || rest == "0" && s != "0" {
			return fault.ConfigValue.Errorf("%q is not a duration: write 250ms, 90s, 12h, 7d or 2w", s)
		}
		total.Add(total, big.NewInt(int64(v)))
	}
	if !total.IsInt64() {
		return fault.ConfigValue.Errorf("duration %q is longer than 292 years", s)
	}
	*d = Duration(total.Int64())
	return nil
}

// String returns d in the form that UnmarshalText reads, with the fewest
// units: "2w", "36h0m0s" as [time.Duration] writes what is not whole days.
func (d Duration) String() string {
	switch v := time.Duration(d); {
	case v == 0:
		return "0s"
	case v%week == 0:
		return strconv.FormatInt(int64(v/week), 10) + "w"
	case v%day == 0:
		return strconv.FormatInt(int64(v/day), 10) + "d"
	default:
		return v.String()
	}
}

// MarshalText returns the text of [Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// A Size is a number of bytes, written with a binary unit: 512KiB, 256MiB.
type Size int64

var sizeText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|KiB|MiB|GiB|TiB)$`)

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a number and one of B, KiB, MiB, GiB and TiB. The number
// may have a fraction, as long as it makes whole bytes.
func (z *Size) UnmarshalText(text []byte) error {
	s := string(text)
	m := sizeText.FindStringSubmatch(s)
	if m == nil {
		return fault.ConfigValue.Errorf("%q is not a size: write 512KiB, 256MiB or 2GiB (1 MiB is 1,048,576 bytes)", s)
	}
	n, ok := new(big.Rat).SetString(m[1])
	if !ok {
		return fault.ConfigValue.Errorf("%q is not a size", s)
	}
	for _, u := range sizeUnits {
		if u.name == m[2] {
			n.Mul(n, new(big.Rat).SetInt64(u.bytes))
		}
	}
	if !n.IsInt() || !n.Num().IsInt64() {
		return fault.ConfigValue.Errorf("size %q is not a whole number of bytes below 8 EiB", s)
	}
	*z = Size(n.Num().Int64())
	return nil
}

// String returns z in the largest unit of which it is a whole number.
func (z Size) String() string {
	for _, u := range sizeUnits {
		if z != 0 && int64(z)%u.bytes == 0 {
			return strconv.FormatInt(int64(z)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// MarshalText returns the text of [Size.String].
func (z Size) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// An Address is where a server listens: host:port.
type Address string

// UnmarshalText reads host:port. The port is a number; an empty host means
// every address of the machine.
func (a *Address) UnmarshalText(text []byte) error {
	_, port, err := net.SplitHostPort(string(text))
	if err != nil {
		return fault.ConfigValue.Errorf("%q is not host:port, as in 127.0.0.1:8600 or [::1]:8600", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fault.ConfigValue.Errorf("port %q of %q is not a number from 0 to 65535", port, text)
	} else if strconv.FormatUint(n, 10) != port {
		return fault.ConfigValue.Errorf("port %q of %q is written as %d", port, text, n)
	}
	*a = Address(text)
	return nil
}

// A Secret is a password or a token. Converted to string it is the secret;
// printed, logged and marshalled it is not.
type Secret string

const redacted = "[redacted]"

// String returns "[redacted]", and "" for no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString returns what [Secret.String] returns, quoted, for %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText returns the text of [Secret.String].
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns the text of [Secret.String].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
