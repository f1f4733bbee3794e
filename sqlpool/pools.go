package sqlpool

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// An Open makes the engine of a source, by the kind that its URL names. It needs
// no server: that one is away is no error.
type Open func(Source) (Engine, error)

// Options tune Pools. The zero value is ready to use.
type Options struct {
	// Log is told what an operator should know; nil means nobody.
	Log *slog.Logger

	// OpenDB makes the DB of a pool's connector; nil means [sql.OpenDB]. Tracing
	// stands between the two, for instance. Its connections have to hand on
	// [driver.Validator] and [driver.SessionResetter], as those of otelsql do:
	// otherwise the pool does not get back what was left in disorder.
	OpenDB func(driver.Connector) *sql.DB

	// CloseTime is how long closing a pool waits for those who hold its
	// connections; 0 means 5 s.
	CloseTime time.Duration
}

// Pools are the pools of a program by name. It is safe for concurrent use.
type Pools struct {
	open Open
	o    Options

	mu     sync.Mutex // guards the fields below
	byName map[string]*Pool
	order  []string // in which they were added
	closed bool
}

// New opens a pool for each source; open makes their engines, also of those that
// are added later. The servers need not be there: pools go on trying. What can
// never work, such as a file of certificates that is none, is an error that names
// the source, and then no pool is open. A nil opts is the same as a pointer to
// the zero Options.
func New(sources []Source, open Open, opts *Options) (*Pools, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.CloseTime = cmp.Or(o.CloseTime, 5*time.Second)
	if o.OpenDB == nil {
		o.OpenDB = sql.OpenDB
	}
	all := &Pools{open: open, o: o, byName: make(map[string]*Pool)}
	for _, source := range sources {
		if err := all.Add(source); err != nil {
			return nil, errors.Join(err, all.Close())
		}
	}
	return all, nil
}

// Add opens a pool for source. It fails with [fault.Conflict] if there is one of
// its name.
func (a *Pools) Add(source Source) error {
	source = source.withDefaults()
	if err := source.check(); err != nil {
		return fmt.Errorf("sqlpool: add %s: %w", source.Name, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return fault.SQLClosed.Errorf("sqlpool: add %s: the pools are closed", source.Name)
	}
	if a.byName[source.Name] != nil {
		return fault.SQLExists.Errorf("sqlpool: add %s: there is a source of this name", source.Name)
	}
	engine, err := a.open(source)
	if err != nil {
		return fmt.Errorf("sqlpool: add %s: %w", source.Name, err)
	}
	a.byName[source.Name] = newPool(source, engine, &a.o)
	a.order = append(a.order, source.Name)
	return nil
}

// Pool returns the pool of a source. It fails with [fault.NotFound] if there is
// none, and names those that there are.
func (a *Pools) Pool(name string) (*Pool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, fault.SQLClosed.Errorf("sqlpool: pool %s: the pools are closed", name)
	}
	if p := a.byName[name]; p != nil {
		return p, nil
	}
	if len(a.order) == 0 {
		return nil, fault.SQLNoPool.Errorf("sqlpool: pool %s: there is no source at all", name)
	}
	known := slices.Sorted(slices.Values(a.order))
	return nil, fault.SQLNoPool.Errorf("sqlpool: pool %s: there is no such source; there are %s", name, strings.Join(known, ", "))
}

// All returns the pools in the order in which they were added. The slice is the
// caller's.
func (a *Pools) All() []*Pool {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]*Pool, len(a.order))
	for i, name := range a.order {
		all[i] = a.byName[name]
	}
	return all
}

// Remove closes the pool of a source, which is not known any more from then on.
// Calls that have a connection may end: it waits for them as Close does.
func (a *Pools) Remove(name string) error {
	p, err := a.Pool(name)
	if err != nil {
		return err
	}
	a.mu.Lock()
	if a.byName[name] != p { // somebody else was faster
		a.mu.Unlock()
		return fault.SQLNoPool.Errorf("sqlpool: remove %s: it was removed already", name)
	}
	delete(a.byName, name)
	a.order = slices.DeleteFunc(a.order, func(n string) bool { return n == name })
	a.mu.Unlock()
	return a.closePool(p)
}

// Close closes all pools, the last added first. Connections in use may be used to
// their end, for CloseTime at most; the error names those who still have one
// then. Calls after it fail with [fault.Closed]; a second Close does nothing.
func (a *Pools) Close() error {
	a.mu.Lock()
	a.closed = true
	order, byName := a.order, a.byName
	a.order, a.byName = nil, nil
	a.mu.Unlock()
	var failed []error
	for _, name := range slices.Backward(order) {
		failed = append(failed, a.closePool(byName[name]))
	}
	return errors.Join(failed...)
}

func (a *Pools) closePool(p *Pool) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.o.CloseTime)
	defer cancel()
	return p.close(ctx)
}
