package series

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
)

// knownTypes are the types of the extra columns of series, as far as a store
// has needed them.
type knownTypes struct {
	mu sync.Mutex // guards of
	of map[Key]map[string]Type
}

// claimTypes notes the types of the extra columns of f. It returns an error if
// one of them is of another type than the one that is stored, or about to be.
func (s *Store) claimTypes(ctx context.Context, f *Frame) error {
	if !slices.ContainsFunc(f.Cols, func(c Column) bool { return !isBase(f.Key.Kind, c.Name) }) {
		return nil
	}
	stored, err := s.storedTypes(ctx, f.Key)
	if err != nil {
		return err
	}
	s.types.mu.Lock()
	defer s.types.mu.Unlock()
	if known, ok := s.types.of[f.Key]; ok {
		stored = known
	}
	types := maps.Clone(stored)
	for i := range f.Cols {
		c := &f.Cols[i]
		if isBase(f.Key.Kind, c.Name) {
			continue
		}
		if t, ok := types[c.Name]; ok && t != c.Type() {
			return fault.At(fault.Place{Field: c.Name}, fault.SeriesType.Errorf("the column of %s is of type %s, not %s", f.Key, t, c.Type()))
		}
		types[c.Name] = c.Type()
	}
	s.types.of[f.Key] = types
	return nil
}

// storedTypes returns the types of the extra columns of k by the engine, and
// nil if the store knows them already.
func (s *Store) storedTypes(ctx context.Context, k Key) (map[string]Type, error) {
	s.types.mu.Lock()
	_, ok := s.types.of[k]
	s.types.mu.Unlock()
	if ok {
		return nil, nil
	}
	types := map[string]Type{}
	for o, err := range s.engine.Overview(ctx, Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name}) {
		if err != nil {
			return nil, err
		}
		if o.Key == k {
			maps.Copy(types, o.Extra)
		}
	}
	return types, nil
}

// forgetTypes has the engine asked again: what was claimed may not be stored,
// and what was stored may be gone.
func (s *Store) forgetTypes(frames []*Frame) {
	s.types.mu.Lock()
	defer s.types.mu.Unlock()
	for _, f := range frames {
		delete(s.types.of, f.Key)
	}
}
