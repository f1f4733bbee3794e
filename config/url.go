package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redfire-quant/redfire/fault"
)

// A URL is the address of a server, or of an SQLite file, possibly with a
// password in it. Converted to string it is whole; printed, logged and
// marshalled it is without its secrets.
type URL string

var (
	// secretParameter finds the parameters of an address that hold a secret.
	secretParameter = regexp.MustCompile(`(?i)([?&;](?:[a-z_]*(?:password|passwd|passphrase|pwd|token|secret|api_?key|access_?key)|pass|key)=)[^&;#]*`)

	// noPort finds what stands where a port should and is none: a password,
	// where somebody forgot the host behind it.
	noPort = regexp.MustCompile(`:[^:,/?#\]@]*[^0-9:,/?#\]@][^:,/?#\]@]*`)

	hostName = regexp.MustCompile(`^[\pL\pN._-]+$`)
)

// String returns u with its password, and parameters that look like one,
// replaced by "[redacted]". It does not rely on u being well formed: where a
// password with unescaped characters may end, it assumes the longest.
func (u URL) String() string {
	scheme, rest, ok := strings.Cut(string(u), ":")
	if !ok {
		return redactUser(string(u))
	}
	if scheme == "sqlite" {
		return secretParameter.ReplaceAllString(string(u), "${1}"+redacted)
	}
	slashes := ""
	if cut, ok := strings.CutPrefix(rest, "//"); ok {
		slashes, rest = "//", cut
	} else if strings.Contains(rest, "@") {
		return redacted + rest[strings.LastIndex(rest, "@"):]
	}
	return scheme + ":" + slashes + redactUser(rest)
}

func redactUser(s string) string {
	if at := strings.LastIndex(s, "@"); at >= 0 {
		user, _, hasPassword := strings.Cut(s[:at], ":")
		if hasPassword {
			user += ":" + redacted
		}
		s = user + s[at:]
	} else {
		end := strings.IndexAny(s+"/", "/?#")
		s = noPort.ReplaceAllString(s[:end], ":"+redacted) + s[end:]
	}
	return secretParameter.ReplaceAllString(s, "${1}"+redacted)
}

// GoString returns what [URL.String] returns, quoted, for %#v.
func (u URL) GoString() string { return strconv.Quote(u.String()) }

// MarshalText returns the text of [URL.String].
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue returns the text of [URL.String].
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// hasSecret reports whether u holds a secret.
func (u URL) hasSecret() bool { return u.String() != string(u) }

// scheme returns what stands before the first colon.
func (u URL) scheme() string {
	scheme, _, _ := strings.Cut(string(u), ":")
	return scheme
}

// check returns an error if u is not an address of one of the schemes. The
// text of the error holds no secret.
func (u URL) check(schemes []string) error {
	scheme, rest, ok := strings.Cut(string(u), ":")
	if !ok || !slices.Contains(schemes, scheme) {
		return fault.ConfigURL.Errorf("%q does not begin with %s", u, strings.Join(schemes, ":, ")+":")
	}
	if scheme == "sqlite" {
		return checkFile(u, rest)
	}
	rest, ok = strings.CutPrefix(rest, "//")
	if !ok {
		return fault.ConfigURL.Errorf("%q has no // after %s:", u, scheme)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if strings.Contains(tail, "@") || strings.Count(authority, "@") > 1 {
		return fault.ConfigURL.Errorf("%q: an @, :, /, ? or # within the user or password is written as %%40, %%3A, %%2F, %%3F or %%23", u)
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
		return fault.ConfigURL.Errorf("%q is not an address: a %% or a space in it is written as %%25 or %%20", u)
	}
	return nil
}

func checkFile(u URL, path string) error {
	if path == "" || strings.HasPrefix(path, "//") {
		return fault.ConfigURL.Errorf("%q is not sqlite: and the path of a file, as in sqlite:redfire-data/main.db", u)
	}
	return nil
}

func checkHost(u URL, host string) error {
	name, port := host, ""
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:colon], host[colon+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fault.ConfigURL.Errorf("%q: the port is not a number from 1 to 65535", u)
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		if _, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); err != nil {
			return fault.ConfigURL.Errorf("%q: what stands in brackets is not an IPv6 address", u)
		}
		return nil
	}
	if !hostName.MatchString(name) {
		return fault.ConfigURL.Errorf("%q: the host is not a name or an address; IPv6 addresses stand in brackets", u)
	}
	return nil
}
