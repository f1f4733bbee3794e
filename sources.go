package redfire

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A State says how a source is.
type State string

// The states of a source.
const (
	OK   State = "ok"
	Down State = "down"
)

// A Source is a store or a server, and how it is.
type Source struct {
	// Name is the name by its place in the configuration: "series", "sql.main".
	Name string

	// Engine is what keeps it: "localseries", "mysqlpool", "redfire" for another
	// server, and "" if there is no engine for it.
	Engine string

	State State

	// Err is why it is down.
	Err error

	// Critical tells that nothing works without it.
	Critical bool
}

// A source is a store or server that can be asked how it is.
type source struct {
	name, engine string
	critical     bool
	probe        func(context.Context) error
	pool         *sqlpool.Pool // nil if it is no source of SQL
}

func (d *Data) add(s source) {
	s.critical = s.name == "series"
	d.sources = append(d.sources, s)
}

// addDown adds a source that is down for good.
func (d *Data) addDown(name string, err error) {
	d.add(source{name: name, probe: func(context.Context) error { return err }})
	d.Log.Warn("a source is down", "source", name, "error", err)
}

// addMissing adds the sources for which there is no engine yet, but an address.
func (d *Data) addMissing() {
	if u := d.config.Cache.Redis; u != "" {
		d.addDown("cache", noEngine("cache.redis", u))
	}
	if u := d.config.Journal.URL; u != "" {
		d.addDown("journal", noEngine("journal.url", u))
	}
}

// probeTime is how long a source may take to say how it is.
const probeTime = 2 * time.Second

// Sources asks each source how it is, all at once, and returns them in the order
// of their names. It takes two seconds at most.
func (d *Data) Sources(ctx context.Context) []Source { return d.ask(ctx, d.sources) }

// ask asks some sources.
func (d *Data) ask(ctx context.Context, sources []source) []Source {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	all := make([]Source, len(sources))
	var asked sync.WaitGroup
	for i, s := range sources {
		asked.Go(func() { all[i] = s.ask(ctx) })
	}
	asked.Wait()
	slices.SortFunc(all, func(a, b Source) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// seen is how the sources are as far as that is known without asking a database:
// the pools of SQL know by themselves. One that was not seen yet is left out.
func (d *Data) seen(ctx context.Context) []Source {
	var known []Source
	var others []source
	for _, s := range d.sources {
		if s.pool == nil {
			others = append(others, s)
			continue
		}
		about := Source{Name: s.name, Engine: s.engine, State: OK}
		switch stats := s.pool.Stats(); {
		case stats.Outage != nil:
			about.State, about.Err = Down, stats.Outage.Err
		case stats.Server.System == "":
			continue
		}
		known = append(known, about)
	}
	return append(known, d.ask(ctx, others)...)
}

func (s *source) ask(ctx context.Context) Source {
	about := Source{Name: s.name, Engine: s.engine, State: OK, Critical: s.critical}
	if about.Err = s.probe(ctx); about.Err != nil {
		about.State = Down
		if errors.Is(about.Err, context.DeadlineExceeded) {
			about.Err = fault.APIUnreachable.Errorf("%s did not answer within %s", s.name, probeTime)
		}
	}
	return about
}
