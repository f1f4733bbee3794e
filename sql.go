package redfire

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// SQLEngine returns what keeps a source of SQL: "mysqlpool", "postgrespool" or
// "sqlitepool".
func SQLEngine(p *sqlpool.Pool) string {
	switch p.Dialect() {
	case sqlpool.MySQL:
		return "mysqlpool"
	case sqlpool.PostgreSQL:
		return "postgrespool"
	case sqlpool.SQLite:
		return "sqlitepool"
	}
	return ""
}

// SQLSources returns the sources of SQL that c describes, in the order of their
// names, for [sqlpool.New] and [OpenSQL]. Their URLs hold no password. A source
// without an address is an SQLite file in the data folder.
func SQLSources(c *config.Config) []sqlpool.Source {
	var all []sqlpool.Source
	for _, name := range slices.Sorted(maps.Keys(c.SQL)) {
		all = append(all, sqlSource(c, name))
	}
	return all
}

func sqlSource(c *config.Config, name string) sqlpool.Source {
	s := c.SQL[name]
	address, password := withoutPassword(string(s.URL))
	if address == "" {
		address = embeddedSQL(c, name)
	}
	statements := make([]string, len(s.OnConnect))
	for i, statement := range s.OnConnect {
		statements[i] = string(statement)
	}
	return sqlpool.Source{
		Name: name, URL: address, Password: passwordOf(s, password), CAFile: string(s.TLS.CAFile), Application: string(s.Application),
		OnConnect: statements, Unprepared: s.Prepare == "none", ReadOnly: bool(s.ReadOnly), ResetAlways: s.Reset == "always",
		MinIdle: orNone(s.MinIdle), MaxOpen: s.MaxOpen, MaxDials: s.MaxDials,
		WaitTimeout: time.Duration(s.WaitTimeout), ConnectTimeout: time.Duration(s.ConnectTimeout),
		MaxLifetime: time.Duration(s.MaxLifetime), MaxIdleTime: time.Duration(s.MaxIdleTime),
		Slow: orNone(time.Duration(s.Slow)), LeakAfter: orNone(time.Duration(s.LeakAfter)),
	}
}

// orNone returns what a source has for a 0 of the configuration, which is none and
// not the default.
func orNone[N int | time.Duration](n N) N {
	if n == 0 {
		return -1
	}
	return n
}

// embeddedSQL returns the address of the file of a source that has none.
func embeddedSQL(c *config.Config, name string) string {
	path := filepath.Join(string(c.Data), "sql", name+".db")
	if strings.Contains(path, "?") {
		path += "?" // else what follows one might be taken for parameters
	}
	return "sqlite:" + path
}

// withoutPassword takes the password out of an address.
func withoutPassword(address string) (bare, password string) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address, ""
	}
	authority := rest[:strings.IndexAny(rest+"/", "/?#")]
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return address, ""
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	if plain, err := url.PathUnescape(password); err == nil {
		password = plain
	}
	return scheme + "://" + user + rest[at:], password
}

// passwordOf returns what tells the password of a source. A file is read anew each
// time: the password in it may change.
func passwordOf(s config.SQL, ofAddress string) func(context.Context) (string, error) {
	if s.PasswordFile != "" {
		return func(context.Context) (string, error) {
			secret, err := config.ReadSecret(s.PasswordFile)
			return string(secret), err
		}
	}
	password := cmp.Or(string(s.Password), ofAddress)
	if password == "" {
		return nil
	}
	return func(context.Context) (string, error) { return password, nil }
}

// openSQL opens the pools of SQL. A source that can never work as it is described
// is an error, one for which there is no engine is down.
func (d *Data) openSQL(o *Options) error {
	pools, err := sqlpool.New(nil, OpenSQL, &sqlpool.Options{Log: d.Log, OpenDB: o.OpenSQLDB})
	if err != nil {
		return err
	}
	d.SQL = pools
	for _, source := range SQLSources(d.config) {
		err := pools.Add(source)
		if fault.KindOf(err) == fault.Invalid {
			return err
		}
		if err != nil {
			d.addDown("sql."+source.Name, err)
			continue
		}
		if err := d.addPool(source.Name); err != nil {
			return err
		}
	}
	d.watchSQL()
	return nil
}

// addPool lists the pool of a source, and tells what an operator should know of it.
func (d *Data) addPool(name string) error {
	pool, err := d.SQL.Pool(name)
	if err != nil {
		return err
	}
	d.add(source{name: "sql." + name, engine: SQLEngine(pool), probe: pool.Ping, pool: pool})
	if e, ok := pool.Engine().(interface{ Overrides() []string }); ok {
		if names := e.Overrides(); len(names) > 0 {
			d.Log.Warn("parameters of the address override what RedFire sets by itself", "source", "sql."+name, "parameters", names)
		}
	}
	if replicas := d.config.SQL[name].Replicas; len(replicas) > 0 {
		d.Log.Warn("the replicas are not used yet: all reads go to the url", "source", "sql."+name, "replicas", len(replicas))
	}
	return nil
}

// closeSQL closes what openSQL has opened.
func (d *Data) closeSQL() error {
	if d.SQL == nil {
		return nil
	}
	if d.stopWatching != nil {
		d.stopWatching()
	}
	d.tasks.Wait()
	return d.SQL.Close()
}

// A SQLLoad is the sources that are on one server.
type SQLLoad struct {
	// Sources are their names.
	Sources []string

	// MaxOpen is how many connections they may open together, those included that
	// watch the server.
	MaxOpen int

	// MaxConnections is how many the server lets in.
	MaxConnections int
}

// TooMuch reports whether the sources may take more than four fifths of what the
// server lets in: others need some too, and an operator one at least.
func (l SQLLoad) TooMuch() bool { return 5*l.MaxOpen > 4*l.MaxConnections }

// SQLLoads returns the load on each server that was seen and has a limit. Sources
// are on one server if their addresses name the same host and port.
func SQLLoads(sources []sqlpool.Source, pools *sqlpool.Pools) []SQLLoad {
	var all []SQLLoad
	at := map[string]int{} // by server, in all
	for _, source := range sources {
		pool, err := pools.Pool(source.Name)
		if err != nil {
			continue // it was removed, or has no engine
		}
		stats := pool.Stats()
		if stats.Server.MaxConnections == 0 {
			continue
		}
		server := serverOf(source.URL)
		i, ok := at[server]
		if !ok {
			i = len(all)
			at[server], all = i, append(all, SQLLoad{MaxConnections: stats.Server.MaxConnections})
		}
		all[i].Sources = append(all[i].Sources, source.Name)
		all[i].MaxOpen += stats.MaxOpen + 1 // which watches the server
	}
	return all
}

// serverOf returns what two addresses of one server have in common.
func serverOf(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	hosts := rest[:strings.IndexAny(rest+"/", "/?#")]
	hosts = strings.ToLower(hosts[strings.LastIndexByte(hosts, '@')+1:])
	port := map[string]string{"mysql": "3306"}[scheme]
	var all []string
	for host := range strings.SplitSeq(hosts, ",") {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), cmp.Or(port, "5432"))
		}
		all = append(all, host)
	}
	return strings.Join(all, ",")
}

// String says what the load is.
func (l SQLLoad) String() string {
	return fmt.Sprintf("%s: %d of %d", strings.Join(l.Sources, ", "), l.MaxOpen, l.MaxConnections)
}

// seenEvery is how often it is looked whether the servers were seen.
const seenEvery = time.Second

// watchSQL tells the log, when all servers were seen, on which of them the sources
// may take more connections than they should. It asks nobody: the pools do.
func (d *Data) watchSQL() {
	ctx, stop := context.WithCancel(context.Background())
	d.stopWatching = stop
	sources := SQLSources(d.config)
	d.tasks.Go(func() {
		ticker := time.NewTicker(seenEvery)
		defer ticker.Stop()
		told := map[string]bool{}
		for seen := 0; seen < len(d.SQL.All()); {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			seen = 0
			for _, pool := range d.SQL.All() {
				if pool.Stats().Server.System != "" {
					seen++
				}
			}
			d.tellLoads(SQLLoads(sources, d.SQL), told)
		}
	})
}

// tellLoads tells the log of loads that are too much and of which it was not told.
func (d *Data) tellLoads(all []SQLLoad, told map[string]bool) {
	for _, l := range all {
		if !l.TooMuch() || told[l.String()] {
			continue
		}
		told[l.String()] = true
		d.Log.Warn("sources of SQL may open more than 80 % of the connections that their server lets in: lower their max_open, or raise its max_connections",
			"sources", l.Sources, "max_open", l.MaxOpen, "max_connections", l.MaxConnections)
	}
}
