package seriestest

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

func futureChanges(e series.Engine, b *broken) {
	b.changes = func(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
		return func(yield func(series.Change, error) bool) {
			for c, err := range e.Changes(ctx, since) {
				if errors.Is(err, fault.Conflict) || !yield(c, err) {
					return
				}
			}
		}
	}
}

// futureOfNothing tells nothing of the future while there was no change.
func futureOfNothing(e series.Engine, b *broken) {
	quiet := &broken{Engine: e}
	futureChanges(e, quiet)
	b.changes = func(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
		if firstError(e.Changes(ctx, 1)) == nil { // there was one
			return e.Changes(ctx, since)
		}
		return quiet.Changes(ctx, since)
	}
}

// overtaken numbers changes before it can tell them: some are told only when eight
// later ones are known.
func overtaken(e series.Engine, b *broken) {
	b.changes = func(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
		last := uint64(0)
		for c, err := range e.Changes(ctx, 0) {
			if err == nil {
				last = c.Seq
			}
		}
		return retold(e, func(c *series.Change) bool { return c.Seq%3 != 0 || c.Seq+8 <= last })(ctx, since)
	}
}

// retold changes the record of changes.
func retold(e series.Engine, change func(c *series.Change) (told bool)) func(context.Context, uint64) iter.Seq2[series.Change, error] {
	return func(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
		return func(yield func(series.Change, error) bool) {
			for c, err := range e.Changes(ctx, since) {
				if err == nil && !change(&c) {
					continue
				}
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

func noChangesOf(e series.Engine, b *broken) {
	b.changes = retold(e, func(c *series.Change) bool { return c.Range != market.Range{} })
}

func narrowChanges(e series.Engine, b *broken) {
	b.changes = retold(e, func(c *series.Change) bool {
		if c.Range.From != 0 && c.Range.To > c.Range.From {
			c.Range.To = c.Range.From + 1
		}
		return true
	})
}

func ignoreContexts(e series.Engine, b *broken) {
	b.write = func(ctx context.Context, frames []series.Frame) error {
		return e.Write(context.WithoutCancel(ctx), frames)
	}
	b.replace = func(ctx context.Context, r market.Range, f series.Frame) error {
		return e.Replace(context.WithoutCancel(ctx), r, f)
	}
	b.remove = func(ctx context.Context, k series.Key, r market.Range) error {
		return e.Delete(context.WithoutCancel(ctx), k, r)
	}
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return e.Read(context.WithoutCancel(ctx), q)
	}
}

// silentRead ends where a context ends, as if there were no more rows.
func silentRead(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			some := false
			for f, err := range e.Read(ctx, q) {
				if some && errors.Is(err, context.Canceled) || !yield(f, err) {
					return
				}
				some = true
			}
		}
	}
}

// leaks starts a goroutine a read, which ends with the context of the test.
func leaks(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			frames := make(chan *series.Frame)
			failed := make(chan error, 1)
			go func() {
				defer close(frames)
				for f, err := range e.Read(ctx, q) {
					if err != nil {
						failed <- err
						return
					}
					frames <- f
				}
			}()
			for f := range frames {
				if !yield(f, nil) {
					return // and nobody takes the next frame
				}
			}
			select {
			case err := <-failed:
				yield(nil, err)
			default:
			}
		}
	}
}

func quietAfterClose(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			for f, err := range e.Read(ctx, q) {
				if errors.Is(err, fault.Closed) || !yield(f, err) {
					return
				}
			}
		}
	}
}

func rowByRow(e series.Engine, b *broken) {
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for _, f := range frames {
			if f.Len() != 64 || f.Attrs != nil {
				if err := e.Write(ctx, []series.Frame{f}); err != nil {
					return err
				}
				continue
			}
			for i := range f.Len() {
				if err := e.Write(ctx, []series.Frame{f.Slice(i, i+1)}); err != nil {
					return err
				}
				runtime.Gosched()
			}
		}
		return ctx.Err()
	}
}

// columnByColumn writes the new open before the rest of the row.
func columnByColumn(e series.Engine, b *broken) {
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for i := range frames {
			old := stored(e, frames[i].Key)
			if old.Len() != 64 || frames[i].Len() != 64 {
				continue
			}
			half := with(*old, *frames[i].Column("open"))
			if err := e.Write(ctx, []series.Frame{half}); err != nil {
				return err
			}
			runtime.Gosched()
		}
		return e.Write(ctx, frames)
	}
}

// writeLater acknowledges a write that the next one or Close does.
func writeLater(e series.Engine, b *broken) {
	var mu sync.Mutex
	var waiting []series.Frame
	b.write = func(ctx context.Context, frames []series.Frame) error {
		mu.Lock()
		defer mu.Unlock()
		if err := e.Write(ctx, waiting); err != nil {
			return err
		}
		waiting = nil
		for i := range frames {
			waiting = append(waiting, *frames[i].Clone())
		}
		return nil
	}
}

// readModifyWrite writes the whole series each time, without a lock.
func readModifyWrite(e series.Engine, b *broken) {
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for _, f := range frames {
			old := stored(e, f.Key)
			all := stored(mergedIn(ctx, old, &f), f.Key)
			all.Attrs = f.Attrs
			runtime.Gosched()
			if err := e.Replace(ctx, market.Range{}, *all); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// mergedIn returns an engine with both frames.
func mergedIn(ctx context.Context, old, f *series.Frame) series.Engine {
	e := memseries.NewEngine()
	_ = e.Write(ctx, slices.Concat([]series.Frame{*old}, []series.Frame{*f}))
	return e
}
