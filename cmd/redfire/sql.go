package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/sqlpool"
)

func (p *program) sqlCommand() *cobra.Command {
	c := p.group("sql", sqlShort)
	c.Long = p.say(sqlLong)
	c.PersistentFlags().Var(&given{&p.data, "DIR"}, "data", p.say(flagData))
	if err := c.MarkPersistentFlagDirname("data"); err != nil {
		panic(err) // the flag was defined just above
	}
	c.PersistentFlags().Var(&given{&p.server, "URL"}, "server", p.say(flagServer))
	c.PersistentFlags().Var(&given{&p.tokenFile, "FILE"}, "token-file", p.say(flagTokenFile))
	p.completeNothing(c, "server")
	c.AddCommand(p.sqlPoolsCommand(), p.sqlPingCommand(), p.sqlQueryCommand(), p.sqlSlowCommand(), p.sqlBackupCommand())
	return c
}

func (p *program) sourceFlag(c *cobra.Command, source *string) {
	*source = "main"
	c.Flags().Var(&given{source, "NAME"}, "source", p.say(flagSource))
	if err := c.RegisterFlagCompletionFunc("source", p.completeSources); err != nil {
		panic(err) // the flag was defined just above
	}
}

func (p *program) completeSources(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	all, err := p.sqlSources(nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// notByServer refuses --server where the command goes to the databases itself.
func (p *program) notByServer() error {
	if p.server != "" {
		return fault.CommandUsage.Errorf("this is done with the sources of the configuration, not by a server: leave out --server")
	}
	return nil
}

// sqlSources returns the sources of the configuration that are named, all if none is.
func (p *program) sqlSources(names []string) ([]sqlpool.Source, error) {
	_, settled, err := p.settings()
	if err != nil {
		return nil, err
	}
	c := *settled
	if p.data != "" {
		c.Data = config.Path(p.data)
	}
	all := redfire.SQLSources(&c)
	if len(names) == 0 {
		return all, nil
	}
	var chosen []sqlpool.Source
	for _, name := range names {
		i := slices.IndexFunc(all, func(s sqlpool.Source) bool { return s.Name == name })
		if i < 0 {
			return nil, noSource(name, all)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func noSource(name string, all []sqlpool.Source) error {
	var known []string
	for _, s := range all {
		known = append(known, s.Name)
	}
	if near := config.Nearest(name, known); near != "" {
		return fault.SQLNoPool.Errorf("there is no source %q; did you mean %q?", name, near)
	}
	return fault.SQLNoPool.Errorf("there is no source %q; there are %s", name, strings.Join(known, ", "))
}

// openSQL opens the pools of sources, as change makes them.
func (p *program) openSQL(names []string, change func(*sqlpool.Source)) (*sqlpool.Pools, []sqlpool.Source, error) {
	sources, err := p.sqlSources(names)
	if err != nil {
		return nil, nil, err
	}
	opened := slices.Clone(sources)
	for i := range opened {
		change(&opened[i])
	}
	pools, err := sqlpool.New(opened, redfire.OpenSQL, nil)
	return pools, sources, err
}

// wantFile returns an error if a source is an SQLite file that does not exist: opening
// would make it.
func wantFile(s sqlpool.Source) error {
	path := sqlFile(s)
	if path == "" {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fault.SQLNoDatabase.Errorf("there is no file %s yet: the first write makes it", path)
	}
	return nil
}

// sqlServer returns the client of the server that --server names.
func (p *program) sqlServer() (*client.Client, error) {
	_, settled, err := p.settings()
	if err != nil {
		return nil, err
	}
	if p.data != "" {
		return nil, fault.CommandUsage.Errorf("--server and --data exclude each other")
	}
	c := *settled
	if err := p.setServer(&c); err != nil {
		return nil, err
	}
	return client.New(string(c.Series.URL), &client.Options{Token: string(c.Series.Token), Lang: p.lang})
}

func (p *program) sqlPoolsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "pools",
		Short:   p.say(sqlPoolsShort),
		Long:    p.say(sqlPoolsLong),
		Example: "  redfire sql pools\n  redfire sql pools --server http://127.0.0.1:8600",
		Args:    between(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if p.server != "" {
				return p.sqlPoolsOfServer(c.Context())
			}
			return p.sqlPools(c.Context())
		},
	}
}

var poolColumns = []column{
	{"name", colSource}, {"engine", colEngine}, {"system", message{}}, {"version", colServer}, {"state", colState}, {"idle", colIdle}, {"in_use", colInUse},
	{"max_open", colMax}, {"waiting", colWaiting}, {"opened", colOpened}, {"timeouts", colTimeouts}, {"down_since", colDownSince}, {"error", colWhy},
}

func (p *program) sqlPoolsOfServer(ctx context.Context) error {
	c, err := p.sqlServer()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.SQLPools(ctx)
	if err != nil {
		return err
	}
	r := result{columns: poolColumns}
	for _, one := range all {
		var system, version, since, why any
		if one.Server != nil {
			system, version = one.Server.System, one.Server.System+" "+one.Server.Version
		}
		if out := one.Outage; out != nil {
			since, why = out.Since.UTC().Format(time.RFC3339), out.Error.Detail
		}
		r.rows = append(r.rows, []any{
			one.Name, one.Engine, system, version, one.State, one.Idle, one.InUse, one.MaxOpen, one.Waiting, one.Opened, one.Timeouts, since, why,
		})
	}
	return p.print(r)
}

func (p *program) sqlPools(ctx context.Context) (err error) {
	pools, _, err := p.openSQL(nil, func(s *sqlpool.Source) { s.MinIdle = -1 })
	if err != nil {
		return err
	}
	defer func() { err = together(err, pools.Close()) }()
	r := result{columns: poolColumns}
	for _, a := range pingAll(ctx, pools.All()) {
		of := a.stats
		var version, since, why any
		if of.Server.System != "" {
			version = of.Server.System + " " + of.Server.Version
		}
		state := "ok"
		if a.err != nil {
			state, why = "down", fault.Message(a.err, p.lang)
		}
		if of.Outage != nil {
			since = of.Outage.Since.UTC().Format(time.RFC3339)
		}
		r.rows = append(r.rows, []any{
			of.Name, redfire.SQLEngine(a.pool), of.Server.System, version, state, of.Idle, of.InUse, of.MaxOpen, of.Waiting, of.Opened, of.Timeouts, since, why,
		})
	}
	return p.print(r)
}

func (p *program) sqlSlowCommand() *cobra.Command {
	source, limit := "", 20
	c := &cobra.Command{
		Use:     "slow --server URL",
		Short:   p.say(sqlSlowShort),
		Long:    p.say(sqlSlowLong),
		Example: "  redfire sql slow --server http://127.0.0.1:8600 --limit 5",
		Args:    between(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case p.server == "":
				return fault.CommandUsage.Errorf("statements are counted by the server that runs them: name it with --server, as in --server http://127.0.0.1:8600")
			case limit < 1 || limit > 1000:
				return fault.CommandUsage.Errorf("--limit is from 1 to 1000")
			}
			return p.sqlSlow(c.Context(), source, limit)
		},
	}
	p.sourceFlag(c, &source)
	c.Flags().IntVar(&limit, "limit", limit, p.say(flagSlowLimit))
	p.completeNothing(c, "limit")
	return c
}

func (p *program) sqlSlow(ctx context.Context, source string, limit int) error {
	c, err := p.sqlServer()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.SQLStatements(ctx, source, limit)
	if err != nil {
		return err
	}
	r := result{columns: []column{
		{"calls", colCalls}, {"failed", colFailed}, {"slow", message{}}, {"total_seconds", colTotal}, {"mean_seconds", colMean}, {"longest_seconds", colLongest},
		{"percent", colPercent}, {"id", message{}}, {"statement", colStatement},
	}}
	for _, s := range all {
		text := s.Statement
		if s.ID == "" && p.format == formatTable {
			text = p.say(sqlForgotten)
		}
		r.rows = append(r.rows, []any{s.Calls, s.Failed, s.Slow, inSeconds(s.Total), inSeconds(s.Mean), inSeconds(s.Longest), decimal(float64(int(s.Share*1000+0.5)) / 10), s.ID, text})
	}
	return p.print(r)
}

// inSeconds returns a length of time with microseconds.
func inSeconds(s float64) decimal { return decimal(float64(int64(s*1e6+0.5)) / 1e6) }

func (p *program) sqlBackupCommand() *cobra.Command {
	source := ""
	c := &cobra.Command{
		Use:     "backup FILE",
		Short:   p.say(sqlBackupShort),
		Long:    p.say(sqlBackupLong),
		Example: "  redfire sql backup main-2026-01-05.db",
		Args:    between(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.notByServer(); err != nil {
				return err
			}
			return p.sqlBackup(c.Context(), source, args[0])
		},
	}
	p.sourceFlag(c, &source)
	return c
}

// backups are the tools of servers.
var backups = map[sqlpool.Dialect]string{sqlpool.MySQL: "mysqldump --single-transaction", sqlpool.PostgreSQL: "pg_dump"}

func (p *program) sqlBackup(ctx context.Context, source, path string) (err error) {
	pools, sources, err := p.openSQL([]string{source}, func(s *sqlpool.Source) { s.MinIdle = -1 })
	if err != nil {
		return err
	}
	defer func() { err = together(err, pools.Close()) }()
	pool, err := pools.Pool(source)
	if err != nil {
		return err
	}
	engine, ok := pool.Engine().(interface {
		Backup(ctx context.Context, path string, progress func(done, total int64)) error
	})
	if !ok {
		return fault.SQLBackup.Errorf("%s is on a server, which has a tool of its own: %s", source, backups[pool.Dialect()])
	}
	if err := wantFile(sources[0]); err != nil {
		return err
	}
	shown := p.newProgress()
	err = engine.Backup(ctx, path, func(done, total int64) {
		if shown.shown && total > 0 {
			shown.line(p.say(sqlBackupLine, source, done, total))
		}
	})
	shown.end()
	if err != nil {
		return pool.Classify(err)
	}
	about, err := os.Stat(path)
	if err != nil {
		return fault.DiskFailed.Errorf("%w", err)
	}
	return p.print(result{
		columns: []column{{"source", message{}}, {"file", message{}}, {"bytes", message{}}},
		rows:    [][]any{{source, path, about.Size()}},
		single:  true,
		prose:   p.say(sqlBackedUp, source, about.Size(), path),
	})
}
