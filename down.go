package redfire

import (
	"context"
	"fmt"
	"iter"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// noEngine is the error of an address for which there is no engine.
func noEngine(key string, address config.URL) error {
	return fault.At(fault.Place{Field: key}, fault.CommandNoEngine.Errorf("there is no engine for %s yet", address))
}

// A downEngine is that of a store of series that cannot be had: each call says
// why.
type downEngine struct{ err error }

func (e downEngine) Write(context.Context, []series.Frame) error { return e.err }

func (e downEngine) Replace(context.Context, market.Range, series.Frame) error { return e.err }

func (e downEngine) Delete(context.Context, series.Key, market.Range) error { return e.err }

func (e downEngine) Close() error { return nil }

func (e downEngine) Read(context.Context, series.Query) iter.Seq2[*series.Frame, error] {
	return failing[*series.Frame](e.err)
}

func (e downEngine) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return failing[*series.Frame](e.err)
}

func (e downEngine) Overview(context.Context, series.Filter) iter.Seq2[series.Overview, error] {
	return failing[series.Overview](e.err)
}

func (e downEngine) Changes(context.Context, uint64) iter.Seq2[series.Change, error] {
	// An engine that keeps no changes says Unsupported, and the store keeps them in
	// its stead: this one is not there at all.
	return failing[series.Change](fmt.Errorf("%w: %v", fault.Unavailable, e.err)) //nolint:errorlint // see above
}

// failing returns a sequence of nothing but an error.
func failing[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}
