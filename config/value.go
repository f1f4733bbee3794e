package config

import (
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
)

// A Path is the path of a file or folder. After [Load] it is no longer
// relative to the file that held it, but to the working directory.
type Path string

// UnmarshalText reads a path. It is not empty and holds no line breaks or other
// control characters, which are there by mistake and spoil messages. A path in
// the user's home is written out: ~ is a shell's word.
func (p *Path) UnmarshalText(text []byte) error {
	if string(text) == "~" || strings.HasPrefix(string(text), "~/") {
		return fault.ConfigValue.Errorf("%q begins with ~, which only a shell replaces; write the whole path", clip(string(text)))
	}
	if len(text) == 0 || strings.ContainsFunc(string(text), unicode.IsControl) {
		return fault.ConfigValue.Errorf("%q is not the path of a file or folder", clip(string(text)))
	}
	*p = Path(text)
	return nil
}

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
		return notDuration(s)
	}
	total := new(big.Int)
	for i, unit := range []time.Duration{week, day} {
		n, _ := new(big.Int).SetString("0"+m[i+1], 10)
		total.Add(total, n.Mul(n, big.NewInt(int64(unit))))
	}
	if rest := m[3]; rest != "" || s == "" {
		v, err := time.ParseDuration(rest)
		if err != nil || strings.ContainsAny(rest[:1], "+-") || rest == "0" && s != "0" {
			return notDuration(s)
		}
		total.Add(total, big.NewInt(int64(v)))
	}
	if !total.IsInt64() {
		return fault.ConfigValue.Errorf("duration %q is longer than 292 years", clip(s))
	}
	*d = Duration(total.Int64())
	return nil
}

func notDuration(s string) error {
	return fault.ConfigValue.Errorf("%q is not a duration: write 250ms, 90s, 12h, 7d or 2w", clip(s))
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
		return fault.ConfigValue.Errorf("%q is not a size: write 512KiB, 256MiB or 2GiB (1 MiB is 1,048,576 bytes)", clip(s))
	}
	n, ok := new(big.Rat).SetString(m[1])
	if !ok {
		return fault.ConfigValue.Errorf("%q is not a size", clip(s))
	}
	for _, u := range sizeUnits {
		if u.name == m[2] {
			n.Mul(n, new(big.Rat).SetInt64(u.bytes))
		}
	}
	if !n.IsInt() || !n.Num().IsInt64() {
		return fault.ConfigValue.Errorf("size %q is not a whole number of bytes below 8 EiB", clip(s))
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
	host, port, err := net.SplitHostPort(string(text))
	if ip, notIP := netip.ParseAddr(host); err != nil || notIP != nil && host != "" && !hostName.MatchString(host) || ip.Is6() != strings.HasPrefix(string(text), "[") {
		return fault.ConfigValue.Errorf("%q is not host:port, as in 127.0.0.1:8600 or [::1]:8600", clip(string(text)))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fault.ConfigValue.Errorf("port %q is not a number from 0 to 65535", clip(port))
	} else if strconv.FormatUint(n, 10) != port {
		return fault.ConfigValue.Errorf("port %q is written as %d", clip(port), n)
	}
	*a = Address(text)
	return nil
}

// A Switch is on or off, written as true or false.
type Switch bool

// UnmarshalText reads true or false.
func (s *Switch) UnmarshalText(text []byte) error {
	switch string(text) {
	case "true":
		*s = true
	case "false":
		*s = false
	default:
		return fault.ConfigValue.Errorf("%q is neither true nor false", clip(string(text)))
	}
	return nil
}

// A Word is one of the few that its key takes.
type Word string

// A Label is a short text without control characters.
type Label string

const maxLabel = 63

// UnmarshalText reads a label.
func (l *Label) UnmarshalText(text []byte) error {
	if n := utf8.RuneCount(text); n == 0 || n > maxLabel || !utf8.Valid(text) || strings.ContainsFunc(string(text), unicode.IsControl) {
		return fault.ConfigValue.Errorf("%q is not a text of 1 to %d characters on one line", clip(string(text)), maxLabel)
	}
	*l = Label(text)
	return nil
}

// A Statement is one of SQL.
type Statement string

// UnmarshalText reads a statement, which is not empty.
func (s *Statement) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" || strings.ContainsRune(string(text), 0) {
		return fault.ConfigValue.Errorf("%q is not a statement", clip(string(text)))
	}
	*s = Statement(text)
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

// Format prints the text of [Secret.String] whatever the verb.
func (s Secret) Format(f fmt.State, verb rune) { formatText(f, verb, s.String()) }

// MarshalText returns the text of [Secret.String].
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns the text of [Secret.String].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// formatText prints text as its own type would not: with %d, too, package fmt
// would print what lies below.
func formatText(f fmt.State, verb rune, text string) {
	if verb == 'v' && f.Flag('#') {
		text = strconv.Quote(text)
	}
	if verb != 'q' {
		verb = 's'
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), text)
}
