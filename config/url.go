package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/redfire-quant/redfire/fault"
)

// A URL is the address of a server, or of an SQLite file, possibly with a
// password in it. Converted to string it is whole; printed, logged and
// marshalled it is without its secrets.
type URL string

var (
	// parameter finds the name of a parameter, wherever one may stand.
	parameter = regexp.MustCompile(`(?:^|[?&;#/(,\s])([^?&;#/(,\s=]+)\s*=`)

	// secretName tells by the letters of a parameter's name, in lower case,
	// that it holds a secret. "p" is InfluxDB's; "allowcleartextpasswords" is
	// none.
	secretName = regexp.MustCompile(`(password|passwd|passphrase|passcode|pwd|token|secret|credentials?|apikey|accesskey)$|^(pass|authpass|userpass|dbpass|key|pw|p|auth|authmechanismproperties)$`)

	// userEnd finds what divides user and password, also as it comes out of a
	// Chinese keyboard or of a program that escapes too much.
	userEnd = regexp.MustCompile(`:|：|%3[Aa]`)

	// hostPort finds what stands where a port should. What stands in brackets
	// is an IPv6 address.
	hostPort = regexp.MustCompile(`\[[0-9A-Fa-f:.]*(?:%[\w.-]*)?\]|:[^:,/?#@\[\]]*`)

	hostName = regexp.MustCompile(`^[\pL\pN._-]+$`)
)

// allSchemes returns how addresses of any key may begin. What stands before the
// first colon may as well be a user, and a password behind it.
var allSchemes = sync.OnceValue(func() []string {
	var all []string
	tree().walk(func(n *node) { all = append(all, n.Schemes...) })
	return all
})

// String returns u with its password, and parameters that look like one,
// replaced by "[redacted]". It does not rely on u being well formed: where a
// password with unescaped characters may end, it assumes the longest.
func (u URL) String() string {
	scheme, rest, _ := strings.Cut(string(u), ":")
	switch {
	case strings.HasPrefix(rest, "//") && (slices.Contains(allSchemes(), scheme) || !strings.Contains(rest, "@")):
		return scheme + "://" + redactParameters(redactUser(rest[2:], strings.HasPrefix(scheme, "influx") || strings.HasPrefix(scheme, "http")))
	case scheme == "sqlite":
		return redactParameters(string(u))
	}
	return redactParameters(redactUser(string(u), false))
}

// redactUser hides the password in user:password@host. A user without one is a
// token where userIsToken.
func redactUser(s string, userIsToken bool) string {
	at := strings.LastIndex(s, "@")
	if at < 0 {
		return redactPort(s)
	}
	user, hidden := s[:at], ""
	if end := userEnd.FindStringIndex(user); end != nil {
		if end[1] < len(user) {
			user, hidden = user[:end[1]], redacted
		}
	} else if userIsToken && user != "" {
		user, hidden = "", redacted
	}
	return user + hidden + s[at:]
}

// redactPort hides what stands where a port should and is none: a password,
// where somebody forgot the host behind it. How far it goes nobody knows.
func redactPort(s string) string {
	hosts := s[:strings.IndexAny(s+"/", "/?#")]
	for _, at := range hostPort.FindAllStringIndex(hosts, -1) {
		port, ok := strings.CutPrefix(s[at[0]:at[1]], ":")
		if _, err := strconv.ParseUint(port, 10, 16); ok && err != nil && s[at[0]+1:] != "" {
			return s[:at[0]+1] + redacted
		}
	}
	return s
}

// redactParameters hides the values of parameters whose names say that they
// are secrets.
func redactParameters(s string) string {
	var shown strings.Builder
	from, hiding := 0, false
	for _, at := range parameter.FindAllStringSubmatchIndex(s, -1) {
		// Only what surely begins another parameter ends a secret: tokens
		// have slashes in them and end with "=".
		if hiding && !strings.ContainsAny(s[at[0]:at[2]], "&; \t") {
			continue
		}
		if hiding {
			from = at[0]
		}
		shown.WriteString(s[from:at[1]])
		if from, hiding = at[1], isSecretName(s[at[2]:at[3]]); hiding {
			shown.WriteString(redacted)
		}
	}
	if !hiding {
		shown.WriteString(s[from:])
	}
	return shown.String()
}

func isSecretName(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	letters := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return secretName.MatchString(letters)
}

// Format prints the text of [URL.String] whatever the verb.
func (u URL) Format(f fmt.State, verb rune) { formatText(f, verb, u.String()) }

// MarshalText returns the text of [URL.String].
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue returns the text of [URL.String].
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// hasSecret reports whether u holds a secret.
func (u URL) hasSecret() bool { return u.String() != string(u) }

// shown returns the text of [URL.String] for a message. Errors keep what they
// are given, so they are never given u itself.
func (u URL) shown() string { return clip(u.String()) }

// Scheme returns what stands before the first colon, "" for no address.
func (u URL) Scheme() string {
	scheme, _, _ := strings.Cut(string(u), ":")
	return scheme
}

// check returns an error if u is not an address of one of the schemes. The
// text of the error holds no secret.
func (u URL) check(schemes []string) error {
	scheme, rest, ok := strings.Cut(string(u), ":")
	if !ok || !slices.Contains(schemes, scheme) {
		return fault.ConfigURL.Errorf("%q does not begin with %s", u.shown(), strings.Join(schemes, ":, ")+":")
	}
	if scheme == "sqlite" {
		return checkFile(u, rest)
	}
	rest, ok = strings.CutPrefix(rest, "//")
	if !ok {
		return fault.ConfigURL.Errorf("%q has no // after %s:", u.shown(), scheme)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if strings.Contains(tail, "@") || strings.Count(authority, "@") > 1 {
		return fault.ConfigURL.Errorf("%q: an @, :, /, ? or # within the user or password is written as %%40, %%3A, %%2F, %%3F or %%23", u.shown())
	}
	if path, _, _ := strings.Cut(tail, "?"); strings.Contains(path, "://") {
		return fault.ConfigURL.Errorf("%q holds a second address; a list of addresses is written [a, b]", u.shown())
	}
	user, hosts := "", authority
	if at := strings.IndexByte(authority, '@'); at >= 0 {
		user, hosts = authority[:at+1], authority[at+1:]
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if err := checkHost(u, host); err != nil {
			return err
		}
	}
	// The hosts are checked; package url takes but one of them.
	if _, err := url.Parse("x://" + user + "host" + tail); err != nil {
		return fault.ConfigURL.Errorf("%q is not an address: a %% or a space in it is written as %%25 or %%20", u.shown())
	}
	return nil
}

func checkFile(u URL, path string) error {
	if path == "" || strings.HasPrefix(path, "//") {
		return fault.ConfigURL.Errorf("%q is not sqlite: and the path of a file, as in sqlite:redfire-data/main.db", u.shown())
	}
	return nil
}

func checkHost(u URL, host string) error {
	name, port := host, ""
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:colon], host[colon+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fault.ConfigURL.Errorf("%q: the port is not a number from 1 to 65535", u.shown())
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		if ip, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); err != nil || !ip.Is6() {
			return fault.ConfigURL.Errorf("%q: what stands in brackets is not an IPv6 address", u.shown())
		}
		return nil
	}
	if !hostName.MatchString(name) {
		return fault.ConfigURL.Errorf("%q: the host is not a name or an address; IPv6 addresses stand in brackets", u.shown())
	}
	return nil
}
