package postgrespool

import (
	"context"
	"crypto/x509"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// schemes are what an address begins with.
var schemes = []string{"postgres://", "postgresql://"}

// driverParameters are those of libpq that an address may have. Others are
// settings of the session.
var driverParameters = []string{
	"channel_binding", "connect_timeout", "max_protocol_version", "min_protocol_version", "require_auth", "sslcert",
	"sslcertmode", "sslkey", "sslmode", "sslnegotiation", "sslrootcert", "sslsni", "target_session_attrs",
}

// Parameters that an address may not have.
var (
	ofPassword = []string{"password", "passfile", "sslpassword"}
	ofPlace    = []string{"host", "hostaddr", "port", "user", "dbname", "database"}
	ofOthers   = []string{
		"service", "servicefile", "krbspn", "krbsrvname", // what a file or another system says
		"default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity", // Unprepared says it
	}
)

// ours are the settings of each session.
var ours = map[string]string{
	"timezone":        "UTC",
	"client_encoding": "UTF8",
	"datestyle":       "ISO",
}

const defaultPort = "5432"

// keptStatements is how many statements a connection keeps at the server.
const keptStatements = 128

// neutral is what libpq would look for in the environment and at home, which are
// no places of RedFire's configuration, in case the address does not say it. Only
// PGSERVICE cannot be had out of the way.
var neutral = map[string]string{
	"channel_binding":      "prefer",
	"connect_timeout":      "0",
	"max_protocol_version": "",
	"min_protocol_version": "",
	"passfile":             os.DevNull,
	"require_auth":         "",
	"sslcert":              "",
	"sslcertmode":          "allow",
	"sslkey":               "",
	"sslmode":              "prefer",
	"sslnegotiation":       "",
	"sslpassword":          "",
	"sslrootcert":          "",
	"sslsni":               "",
	"target_session_attrs": "any",
}

// configure makes a configuration of pgx, and tells which parameters stand
// against ours. Errors do not show the address, as it might hold a password where
// none is looked for.
func configure(source sqlpool.Source) (*pgx.ConnConfig, []string, error) {
	u, err := parse(source.URL)
	if err != nil {
		return nil, nil, err
	}
	given, err := parseParameters(u.query)
	if err != nil {
		return nil, nil, err
	}
	parameters := maps.Clone(neutral)
	if err := secure(source.CAFile, given, parameters); err != nil {
		return nil, nil, err
	}
	settings, overrides := map[string]string{}, []string(nil)
	for name, value := range ours {
		settings[name] = value
	}
	settings["application_name"] = application(source)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(driverParameters, name) {
			parameters[name] = given[name]
			continue
		}
		lower := strings.ToLower(name)
		if _, set := settings[lower]; set || lower == "standard_conforming_strings" || lower == "options" {
			overrides = append(overrides, name)
		}
		settings[lower] = given[name]
	}
	config, err := pgx.ParseConfig(u.with(parameters))
	if err != nil {
		// pgx does its best to hide passwords, and there is none.
		return nil, nil, fault.SQLSource.Errorf("the address: %w", err)
	}
	config.RuntimeParams = settings
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &wire{Conn: c}, nil
	}
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = keptStatements, 0
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	if source.Unprepared {
		config.StatementCacheCapacity = 0
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	return config, overrides, nil
}

// An address is a URL, taken apart.
type address struct {
	head  string // up to the parameters
	query string
}

// with returns a with parameters.
func (a address) with(parameters map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		all = append(all, name+"="+url.PathEscape(parameters[name]))
	}
	return a.head + "?" + strings.Join(all, "&")
}

// parse takes a URL apart as far as net/url cannot: it knows but one host.
func parse(from string) (address, error) {
	i := slices.IndexFunc(schemes, func(s string) bool { return strings.HasPrefix(from, s) })
	if i < 0 {
		return address{}, fault.SQLSource.Errorf("the address does not begin with %s", schemes[0])
	}
	head, query, _ := strings.Cut(from, "?")
	if strings.Contains(from, "#") {
		return address{}, fault.SQLSource.Errorf("the address has a part behind #")
	}
	rest := head[len(schemes[i]):]
	authority, path, _ := strings.Cut(rest, "/")
	user, hosts, found := cutLast(authority, "@")
	if !found {
		user, hosts = "", authority
	}
	if strings.Contains(user, ":") || strings.Contains(path, "@") {
		return address{}, fault.SQLSource.Errorf("the address holds a password; put that into a file of its own")
	}
	if user == "" {
		return address{}, fault.SQLSource.Errorf("the address names no user")
	}
	if hosts == "" || slices.ContainsFunc(strings.Split(hosts, ","), func(h string) bool { return h == "" || h[0] == ':' }) {
		return address{}, fault.SQLSource.Errorf("the address names no host")
	}
	if strings.Contains(path, "/") {
		return address{}, fault.SQLSource.Errorf("%q cannot be the name of a database", path)
	}
	all := strings.Split(hosts, ",")
	for i, host := range all {
		if colon := strings.LastIndexByte(host, ':'); colon <= strings.LastIndexByte(host, ']') {
			all[i] = host + ":" + defaultPort
		}
	}
	if path == "" {
		path = user // as PostgreSQL itself does
	}
	return address{schemes[i] + user + "@" + strings.Join(all, ",") + "/" + path, query}, nil
}

// cutLast is [strings.Cut] at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// parseParameters checks the names of parameters. Of several of one name the last
// counts.
func parseParameters(query string) (map[string]string, error) {
	all := map[string]string{}
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
		all[name] = unescaped
	}
	return all, nil
}

// checkParameter reports what is wrong with the name of a parameter, which is one
// of libpq or that of a setting of the session.
func checkParameter(name string) error {
	lower := strings.ToLower(name)
	switch {
	case slices.Contains(ofPassword, lower):
		return fault.SQLSource.Errorf("the parameter %q of the address is refused: a password belongs into a file of its own", name)
	case slices.Contains(ofPlace, lower):
		return fault.SQLSource.Errorf("the parameter %q of the address is refused: what stands before the parameters says it", name)
	case slices.Contains(ofOthers, lower):
		return fault.SQLSource.Errorf("the parameter %q of the address is refused: RedFire sees to it by itself, or does not support it", name)
	case lower != name && slices.Contains(driverParameters, lower):
		return fault.SQLSource.Errorf("there is no parameter %q of an address; did you mean %q?", name, lower)
	}
	notOfSetting := func(r rune) bool {
		return r != '_' && r != '.' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}
	if name == "" || strings.ContainsFunc(name, notOfSetting) {
		return fault.SQLSource.Errorf("there is no parameter %q of an address, nor can a variable be called so", name)
	}
	return nil
}

// secure sets up TLS.
func secure(file string, given, parameters map[string]string) error {
	if file == "" {
		return nil
	}
	if mode, found := given["sslmode"]; found && mode != "verify-full" {
		return fault.SQLSource.Errorf("the address has sslmode=%s, but there is a file of certificates, so the server is verified", mode)
	}
	if _, found := given["sslrootcert"]; found {
		return fault.SQLSource.Errorf("the address has sslrootcert, but there is a file of certificates")
	}
	certificates, err := os.ReadFile(file)
	if err != nil {
		return fault.SQLSource.Errorf("the file of certificates: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(certificates) {
		return fault.SQLSource.Errorf("the file of certificates %s has none in PEM", file)
	}
	parameters["sslmode"], parameters["sslrootcert"] = "verify-full", file
	return nil
}
