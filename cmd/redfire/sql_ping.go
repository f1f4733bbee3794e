package main

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

func (p *program) sqlPingCommand() *cobra.Command {
	check := false
	c := &cobra.Command{
		Use:     "ping [NAME...]",
		Short:   p.say(sqlPingShort),
		Long:    p.say(sqlPingLong),
		Example: "  redfire sql ping\n  redfire sql ping main --check",
		Args:    between(0, 1000),
		RunE: func(c *cobra.Command, names []string) error {
			if err := p.notByServer(); err != nil {
				return err
			}
			return p.sqlPing(c.Context(), names, check)
		},
		ValidArgsFunction: p.completeSources,
	}
	c.Flags().BoolVar(&check, "check", false, p.say(flagCheck))
	return c
}

// A pinged is a pool that was tried once.
type pinged struct {
	pool  *sqlpool.Pool
	stats sqlpool.Stats
	took  time.Duration
	err   error
}

// pingAll tries all pools at once.
func pingAll(ctx context.Context, all []*sqlpool.Pool) []pinged {
	answers := make([]pinged, len(all))
	var asked sync.WaitGroup
	for i, pool := range all {
		asked.Go(func() {
			began := time.Now()
			err := pool.Ping(ctx)
			answers[i] = pinged{pool, pool.Stats(), time.Since(began), err}
		})
	}
	asked.Wait()
	return answers
}

func (p *program) sqlPing(ctx context.Context, names []string, check bool) (err error) {
	pools, sources, err := p.openSQL(names, func(s *sqlpool.Source) { s.MinIdle = -1 })
	if err != nil {
		return err
	}
	defer func() { err = together(err, pools.Close()) }()
	r := result{columns: []column{
		{"name", colSource}, {"state", colState}, {"milliseconds", colTook}, {"system", message{}}, {"version", colServer}, {"role", colSQLRole},
		{"encrypted", colTLS}, {"max_open", colMax}, {"max_connections", colMaxConnections},
	}}
	var failed []error
	for _, a := range pingAll(ctx, pools.All()) {
		r.rows = append(r.rows, p.pingRow(ctx, a))
		if a.err != nil {
			failed = append(failed, fault.At(fault.Place{Field: "sql." + a.pool.Name()}, a.err))
			continue
		}
		if check {
			failed = append(failed, p.checkSQL(ctx, a.pool)...)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := p.print(r); err != nil {
		return err
	}
	_ = p.stdout.Flush() // its error is kept until the end
	for _, load := range redfire.SQLLoads(sources, pools) {
		if load.TooMuch() {
			p.warn(sqlTooMuch, load.String())
		}
	}
	slices.SortStableFunc(failed, func(a, b error) int { return badness(b) - badness(a) })
	return together(failed...)
}

// badness is which errors the exit code tells of first.
func badness(err error) int {
	return slices.Index([]fault.Kind{fault.Invalid, fault.Denied, fault.Corrupt}, fault.KindOf(err))
}

func (p *program) pingRow(ctx context.Context, a pinged) []any {
	of := a.stats.Server
	state := "ok"
	if a.err != nil {
		state = "down"
	}
	var version, role, limit any
	if of.System != "" {
		version, role = of.System+" "+of.Version, p.say(sqlWritable)
		if of.ReadOnly != "" {
			role = p.say(sqlReadOnly, of.ReadOnly)
		}
	}
	if of.MaxConnections > 0 {
		limit = of.MaxConnections
	}
	return []any{a.stats.Name, state, decimal(float64(a.took.Microseconds()) / 1000), of.System, version, role, p.encrypted(ctx, a), a.stats.MaxOpen, limit}
}

// encryptions ask a server whether this connection is encrypted.
var encryptions = map[sqlpool.Dialect]string{
	sqlpool.MySQL:      "SHOW SESSION STATUS LIKE 'Ssl_version'",
	sqlpool.PostgreSQL: "SELECT 'ssl', COALESCE((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), '')",
}

// encrypted returns how a connection is encrypted, nil where nobody says.
func (p *program) encrypted(ctx context.Context, a pinged) any {
	ask, ok := encryptions[a.pool.Dialect()]
	if !ok || a.err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var name, version string
	if err := a.pool.DB().QueryRowContext(ctx, ask).Scan(&name, &version); err != nil {
		return nil // whoever may not know is not told
	}
	if version == "" {
		return p.say(sqlPlain)
	}
	return version
}

// checkSQL reads a whole database, where its engine can, and returns what is wrong.
func (p *program) checkSQL(ctx context.Context, pool *sqlpool.Pool) (failed []error) {
	engine, ok := pool.Engine().(interface {
		Check(ctx context.Context) iter.Seq2[string, error]
	})
	if !ok {
		p.note(sqlNoCheck, pool.Name())
		return nil
	}
	place := fault.Place{Field: "sql." + pool.Name()}
	for what, err := range engine.Check(ctx) {
		if err != nil {
			return append(failed, fault.At(place, pool.Classify(err)))
		}
		failed = append(failed, fault.At(place, fault.SQLDamaged.Errorf("%s", what)))
	}
	if len(failed) == 0 {
		p.note(sqlChecked, pool.Name())
	}
	return failed
}
