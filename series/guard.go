package series

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/redfire-quant/redfire/fault"
)

// A guard keeps apart the calls of a store that depend on what a series is like
// while they run: those that write extra columns, whose types must be the ones
// that are stored, that refuse rows which differ, or delete.
//
// A call that brings types which nobody knows, refuses or deletes has a series
// for itself; those that write columns of known types share it. The others do
// not take part.
type guard struct {
	mu    sync.Mutex // guards the fields below
	locks map[Key]*guardLock
	types map[Key]map[string]Type // of extra columns, as the engine has them
}

// A guardLock is that of one series, as long as somebody holds it or waits.
type guardLock struct {
	users int
	held  *semaphore.Weighted
}

// alone is the weight of a call that has a series for itself.
const alone = 1 << 30

func newGuard() *guard {
	return &guard{locks: map[Key]*guardLock{}, types: map[Key]map[string]Type{}}
}

// lock waits for a series, and returns what gives it back.
func (g *guard) lock(ctx context.Context, k Key, weight int64) (unlock func(), err error) {
	g.mu.Lock()
	l := g.locks[k]
	if l == nil {
		l = &guardLock{held: semaphore.NewWeighted(alone)}
		g.locks[k] = l
	}
	l.users++
	g.mu.Unlock()
	leave := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(g.locks, k)
		}
	}
	if err := l.held.Acquire(ctx, weight); err != nil {
		leave()
		return nil, err
	}
	return func() {
		l.held.Release(weight)
		leave()
	}, nil
}

// known returns the types of k, nil if they are not known.
func (g *guard) known(k Key) map[string]Type {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.types[k]
}

// set notes the types of k, nil for not known. The caller has k for itself.
func (g *guard) set(k Key, types map[string]Type) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if types == nil {
		delete(g.types, k)
		return
	}
	g.types[k] = types
}

// A hold is what a call holds of the guard.
type hold struct {
	guard  *guard
	unlock []func()
	types  map[Key]map[string]Type // of the series that the call has for itself
}

// hold waits for the series of frames, which are one for each key, and checks
// the types of their extra columns. refuse tells that rows which differ are
// refused. A call that is done must end its hold.
func (s *Store) hold(ctx context.Context, frames []*Frame, refuse bool) (*hold, error) {
	h := &hold{guard: s.guard, types: map[Key]map[string]Type{}}
	guarded := slices.DeleteFunc(slices.Clone(frames), func(f *Frame) bool { return !refuse && len(f.extraTypes()) == 0 })
	// All calls take them in one order, so that no two wait for each other.
	slices.SortFunc(guarded, func(f, g *Frame) int { return f.Key.Compare(g.Key) })
	for _, f := range guarded {
		if err := h.take(ctx, s.engine, f, refuse); err != nil {
			h.end(false)
			return nil, err
		}
	}
	return h, nil
}

func (h *hold) take(ctx context.Context, e Engine, f *Frame, refuse bool) error {
	extra := f.extraTypes()
	if !refuse {
		shared, err := h.share(ctx, f.Key, extra)
		if err != nil || shared {
			return err
		}
	}
	unlock, err := h.guard.lock(ctx, f.Key, alone)
	if err != nil {
		return err
	}
	h.unlock = append(h.unlock, unlock)
	types := h.guard.known(f.Key)
	if types == nil && len(extra) > 0 {
		if types, err = storedTypes(ctx, e, f.Key); err != nil {
			return err
		}
	}
	if len(extra) == 0 {
		return nil
	}
	types = maps.Clone(types)
	maps.DeleteFunc(extra, func(name string, t Type) bool { return types[name] == t })
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if t := types[name]; t != 0 {
			return fault.At(fault.Place{Field: name}, fault.SeriesType.Errorf("the column of %s is of type %s, not %s", f.Key, t, extra[name]))
		}
	}
	if maps.Copy(types, extra); len(types) > maxExtras {
		return fault.SeriesFrame.Errorf("%d extra columns of %s are more than %d", len(types), f.Key, maxExtras)
	}
	h.types[f.Key] = types
	return nil
}

// share has a series together with others, if all of the types are known.
func (h *hold) share(ctx context.Context, k Key, extra map[string]Type) (ok bool, err error) {
	unlock, err := h.guard.lock(ctx, k, 1)
	if err != nil {
		return false, err
	}
	known := h.guard.known(k)
	for name, t := range extra {
		if known[name] != t {
			unlock()
			return false, nil
		}
	}
	h.unlock = append(h.unlock, unlock)
	return true, nil
}

// end gives back what is held. If the call wrote what it should, or may have, the
// types that it brought are known from now on: an engine may not know yet of what
// is still being written. Otherwise it is asked again.
func (h *hold) end(perhaps bool) {
	for k, types := range h.types {
		if !perhaps {
			types = nil
		}
		h.guard.set(k, types)
	}
	for _, unlock := range h.unlock {
		unlock()
	}
}

// extraTypes returns the types of the extra columns of f.
func (f *Frame) extraTypes() map[string]Type {
	var types map[string]Type
	for i := range f.Cols {
		if c := &f.Cols[i]; !IsBase(f.Key.Kind, c.Name) {
			if types == nil {
				types = map[string]Type{}
			}
			types[c.Name] = c.Type()
		}
	}
	return types
}

// storedTypes returns the types of the extra columns of k by the engine.
func storedTypes(ctx context.Context, e Engine, k Key) (map[string]Type, error) {
	types := map[string]Type{}
	o, err := about(ctx, e, k)
	maps.Copy(types, o.Extra)
	return types, err
}

// about returns the attributes and types of k by the engine.
func about(ctx context.Context, e Engine, k Key) (Overview, error) {
	f := Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name, Brief: true}
	for o, err := range e.Overview(ctx, f) {
		if err != nil || o.Key == k {
			return o, err
		}
	}
	return Overview{Key: k}, nil
}
