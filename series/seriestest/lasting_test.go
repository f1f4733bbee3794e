package seriestest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// A disk keeps what an engine acknowledged: a log of its calls, each written
// before the call returns. It proves the rules about the next process before
// there is an engine on a real disk.
type disk struct {
	mu  sync.Mutex // guards log
	log []call

	// lose tells which calls are acknowledged and not kept.
	lose func(c call, n int) bool
	// spoil changes a call on its way back from the disk.
	spoil func(c *call)
}

// A call is one that changed an engine.
type call struct {
	frames  []series.Frame
	replace bool
	remove  bool
	key     series.Key
	in      market.Range
}

func (c call) apply(ctx context.Context, e series.Engine) error {
	switch {
	case c.replace:
		return e.Replace(ctx, c.in, c.frames[0])
	case c.remove:
		return e.Delete(ctx, c.key, c.in)
	}
	return e.Write(ctx, c.frames)
}

// open returns an engine that holds what is on the disk and writes to it.
func (d *disk) open(ctx context.Context) (series.Engine, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	inner := memseries.NewEngine()
	for _, c := range d.log {
		if d.spoil != nil {
			d.spoil(&c)
		}
		if err := c.apply(ctx, inner); err != nil {
			return nil, err
		}
	}
	keep := func(ctx context.Context, c call) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if err := c.apply(ctx, inner); err != nil {
			return err
		}
		for i := range c.frames {
			c.frames[i] = *c.frames[i].Clone()
		}
		if d.lose == nil || !d.lose(c, len(d.log)) {
			d.log = append(d.log, c)
		}
		return nil
	}
	return &broken{
		Engine: inner,
		write: func(ctx context.Context, frames []series.Frame) error {
			return keep(ctx, call{frames: slices.Clone(frames)})
		},
		replace: func(ctx context.Context, r market.Range, f series.Frame) error {
			return keep(ctx, call{frames: []series.Frame{f}, replace: true, in: r})
		},
		remove: func(ctx context.Context, k series.Key, r market.Range) error {
			return keep(ctx, call{remove: true, key: k, in: r})
		},
	}, nil
}

// opener returns a function of a Harness that opens the disk of the last new
// one.
func opener(d **disk, fresh bool) func(testing.TB) series.Engine {
	return func(t testing.TB) series.Engine {
		if fresh {
			*d = &disk{}
		}
		e, err := (*d).open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func TestAnEngineThatLastsPassesTheWholeSuite(t *testing.T) {
	var d *disk
	Run(t, Harness{Name: "memory with a log", Open: opener(&d, true), Reopen: opener(&d, false), Crash: opener(&d, false)})
}

func TestSuiteCatchesEnginesThatForget(t *testing.T) {
	for name, d := range map[string]func() *disk{
		"loses the last call that it acknowledged": func() *disk {
			return &disk{lose: func(_ call, n int) bool { return n == 0 }}
		},
		"lets the dead rise": func() *disk {
			return &disk{lose: func(c call, _ int) bool { return c.remove }}
		},
		"keeps the rows of a replace and not what it took away": func() *disk {
			return &disk{spoil: func(c *call) { c.replace = false }}
		},
		"loses a replace": func() *disk {
			return &disk{lose: func(c call, _ int) bool { return c.replace }}
		},
		"forgets the attributes": func() *disk {
			return &disk{spoil: func(c *call) {
				for i := range c.frames {
					c.frames[i].Attrs = nil
				}
			}}
		},
		"forgets the extra columns": func() *disk {
			return &disk{spoil: func(c *call) {
				for i := range c.frames {
					c.frames[i].Cols = slices.DeleteFunc(slices.Clone(c.frames[i].Cols), func(c series.Column) bool { return c.Name == "id" })
				}
			}}
		},
		"keeps half of a frame": func() *disk {
			return &disk{spoil: func(c *call) {
				for i := range c.frames {
					c.frames[i] = c.frames[i].Slice(0, (c.frames[i].Len()+1)/2)
				}
			}}
		},
		"brings back a series that was deleted whole": func() *disk {
			return &disk{spoil: func(c *call) { c.remove = c.remove && c.in != (market.Range{}) }}
		},
	} {
		if !forgetting(t, d) {
			t.Errorf("MISSED: an engine that %s", name)
			continue
		}
		t.Logf("caught: an engine that %s", name)
	}
}

// forgetting reports whether a rule fails on engines of such disks.
func forgetting(t *testing.T, made func() *disk) bool {
	return slices.ContainsFunc(lastingRules, func(r lasting) bool {
		d := made()
		return len(failing(t.Context(), func(t tb) {
			for _, step := range []func(tb, series.Engine){r.write, r.check} {
				e, err := d.open(t.Context())
				if err != nil {
					t.Fatalf("open: %v", err)
				}
				step(t, e)
			}
		})) > 0
	})
}
