package mysqlpool

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/fault"
)

const (
	scheme      = "mysql"
	defaultPort = "3306"
)

// driverParameters are those of the driver that an address may have.
var driverParameters = []string{
	"allowCleartextPasswords", "allowNativePasswords", "charset", "clientFoundRows", "collation",
	"columnsWithAlias", "compress", "connectionAttributes", "interpolateParams", "loc",
	"maxAllowedPacket", "multiStatements", "parseTime", "readTimeout", "timeTruncate", "timeout", "tls",
	"writeTimeout",
}

// refused are parameters of the driver that an address may not have: what they
// say is no matter of an address, or nothing that anybody should want.
var refused = []string{
	"allowFallbackToPlaintext", "allowOldPasswords", "checkConnLiveness", "rejectReadOnly", "serverPubKey", "strict",
}

// An address is a URL, taken apart.
type address struct {
	user, host, port, database string

	parameters []parameter // as they are written
}

// A parameter is one of an address.
type parameter struct {
	name, value string
}

// of returns the last parameter called name.
func (a address) of(name string) (value string, found bool) {
	for _, p := range a.parameters {
		if p.name == name {
			value, found = p.value, true
		}
	}
	return value, found
}

// parse takes a URL apart. Errors do not show it, as it might hold a password
// where none is looked for.
func parse(from string) (address, error) {
	var a address
	rest, found := strings.CutPrefix(from, scheme+"://")
	if !found {
		return a, fault.SQLSource.Errorf("the address does not begin with %s", scheme+"://")
	}
	hosts, _, _ := strings.Cut(rest[strings.LastIndexByte(before(rest, "/?#"), '@')+1:], "/")
	if strings.Contains(before(hosts, "?#"), ",") {
		return a, fault.SQLNotSupported.Errorf("the address of a MySQL names several hosts; name one")
	}
	u, err := url.Parse(from)
	if err != nil {
		return a, fault.SQLSource.Errorf("the address is not a URL: write special characters as in %%2F")
	}
	if _, found := u.User.Password(); found {
		return a, fault.SQLSource.Errorf("the address holds a password; put that into a file of its own")
	}
	if u.Fragment != "" {
		return a, fault.SQLSource.Errorf("the address has a part behind #")
	}
	a.user, a.host, a.port = u.User.Username(), u.Hostname(), cmp.Or(u.Port(), defaultPort)
	a.database = strings.TrimPrefix(u.Path, "/")
	if a.host == "" {
		return a, fault.SQLSource.Errorf("the address names no host")
	}
	if strings.Contains(a.database, "/") {
		return a, fault.SQLSource.Errorf("%q cannot be the name of a database", a.database)
	}
	a.parameters, err = parseParameters(u.RawQuery)
	return a, err
}

// before returns what stands in s before the first of any.
func before(s, any string) string {
	if i := strings.IndexAny(s, any); i >= 0 {
		return s[:i]
	}
	return s
}

// parseParameters checks the names of parameters.
func parseParameters(query string) ([]parameter, error) {
	var all []parameter
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		unescaped, err := url.QueryUnescape(value)
		if err != nil || !found {
			return nil, fault.SQLSource.Errorf("the parameter %q of the address is not written as name=value", name)
		}
		if err := checkParameter(name); err != nil {
			return nil, err
		}
		all = append(all, parameter{name, unescaped})
	}
	return all, nil
}

// checkParameter reports what is wrong with the name of a parameter, which is
// the driver's or that of a variable of the session.
func checkParameter(name string) error {
	switch {
	case name == "allowAllFiles":
		return fault.SQLSource.Errorf("the parameter %q of the address is refused: the server could read any file of this machine", name)
	case slices.Contains(refused, name):
		return fault.SQLSource.Errorf("the parameter %q of the address is refused: RedFire sees to it by itself, or does not support it", name)
	case slices.Contains(driverParameters, name):
		return nil
	}
	for _, known := range driverParameters {
		if strings.EqualFold(name, known) {
			return fault.SQLSource.Errorf("there is no parameter %q of an address; did you mean %q?", name, known)
		}
	}
	notOfVariable := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if name == "" || strings.ContainsFunc(name, notOfVariable) {
		return fault.SQLSource.Errorf("there is no parameter %q of an address, nor can a variable be called so", name)
	}
	return nil
}

// config returns what the driver makes of a. The session's variables are not in
// it: see setUp.
func (a address) config() (*mysql.Config, error) {
	var query []string
	for _, p := range a.parameters {
		if slices.Contains(driverParameters, p.name) {
			query = append(query, p.name+"="+url.QueryEscape(p.value))
		}
	}
	c, err := mysql.ParseDSN("/?parseTime=true&" + strings.Join(query, "&"))
	if err != nil {
		return nil, fault.SQLSource.Errorf("the address: %w", err)
	}
	c.Net, c.Addr, c.User, c.DBName = "tcp", net.JoinHostPort(a.host, a.port), a.user, a.database
	c.Logger = &mysql.NopLogger{} // what it would say is in the errors
	if c.TLS != nil && c.TLS.ServerName == "" {
		c.TLS.ServerName = a.host
	}
	return c, nil
}

// secure sets up TLS.
func (e *Engine) secure(a address) error {
	if e.source.CAFile == "" {
		return nil
	}
	if wanted, found := a.of("tls"); found && wanted != "true" {
		return fault.SQLSource.Errorf("the address has tls=%s, but there is a file of certificates, so the server is verified", wanted)
	}
	certificates, err := os.ReadFile(e.source.CAFile)
	if err != nil {
		return fault.SQLSource.Errorf("the file of certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificates) {
		return fault.SQLSource.Errorf("the file of certificates %s has none in PEM", e.source.CAFile)
	}
	e.config.TLS = &tls.Config{RootCAs: pool, ServerName: a.host, MinVersion: tls.VersionTLS12}
	return nil
}

// identify has connections say whose they are. The driver divides attributes at
// commas and colons.
func (e *Engine) identify() {
	name := strings.NewReplacer(",", " ", ":", " ").Replace(e.source.Application)
	all := "program_name:" + name
	if own := e.config.ConnectionAttributes; own != "" {
		all += "," + own
	}
	e.config.ConnectionAttributes = all
}

// ours are the variables of each session. The modes are added to those that the
// server has.
var ours = []parameter{
	{"time_zone", "'+00:00'"},
	{"autocommit", "1"}, // whatever the server's default
	{"sql_mode", "CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION')"},
}

// setUp returns the statement that sets up a session, and which parameters stand
// against what it would be by itself.
func (a address) setUp() (statement string, overrides []string) {
	set := []string{"NAMES utf8mb4 COLLATE utf8mb4_general_ci"}
	for _, p := range ours {
		if _, found := a.of(p.name); !found {
			set = append(set, p.name+" = "+p.value)
		}
	}
	against := []string{"charset", "collation", "loc", "parseTime", "time_zone", "autocommit", "sql_mode"}
	for _, p := range a.parameters {
		if slices.Contains(against, p.name) || strings.HasPrefix(p.name, "character_set_") || strings.HasPrefix(p.name, "collation_") {
			overrides = append(overrides, p.name)
		}
		switch {
		case p.name == "charset" || p.name == "collation":
			set[0] = "" // the driver does it
		case !slices.Contains(driverParameters, p.name):
			set = append(set, p.name+" = "+p.value)
		}
	}
	set = slices.DeleteFunc(set, func(s string) bool { return s == "" })
	if len(set) == 0 {
		return "", overrides
	}
	return "SET " + strings.Join(set, ", "), overrides
}

// mayInterpolate reports whether parameters may be written into the text of
// statements: not in character sets where a byte of a letter may look like a
// quote.
func (e *Engine) mayInterpolate() bool {
	return !slices.ContainsFunc(e.overrides, func(name string) bool {
		return name == "charset" || name == "collation" || strings.HasPrefix(name, "character_set_") ||
			strings.HasPrefix(name, "collation_") || name == "sql_mode"
	})
}
