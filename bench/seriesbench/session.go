package seriesbench

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/redfire-quant/redfire/bench/raw"
)

// readBudget is how long reading is repeated, at least and at most so many
// times: of three the median is not the one that something else got into.
const (
	readBudget = 500 * time.Millisecond
	readLeast  = 3
	readMost   = 50
)

// A session is one engine in one scene.
type session struct {
	entry  *entry
	engine engine
	dir    string
	plan   plan
	data   *tapes

	bars  []bars  // what was written in bulk
	ticks []ticks // and of ticks
	sink  uint64  // what keeps a read from being for nothing
}

// open opens the engine, also again.
func (s *session) open(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	return s.engine.Open(ctx, s.dir)
}

// reopen closes the engine and opens it.
func (s *session) reopen(ctx context.Context) error {
	if err := s.engine.Close(); err != nil {
		return err
	}
	return s.open(ctx)
}

// touch looks at every value, so that whoever hands out memory as it lies there
// is not taken for infinitely fast.
func (s *session) touch(values []float64) {
	sum := uint64(0)
	for _, v := range values {
		sum ^= math.Float64bits(v)
	}
	s.sink ^= sum
}

// clock returns how long f took, by the engine's own clock if it has one.
func (s *session) clock(ctx context.Context, f func() error) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	now := s.now()
	began := now()
	err := f()
	return now() - began, err
}

func (s *session) now() func() time.Duration {
	if c, ok := s.engine.(clocked); ok {
		return c.Spent
	}
	return wall
}

// repeat returns the median time of several runs of f.
func (s *session) repeat(ctx context.Context, f func() error) (time.Duration, error) {
	return repeat(ctx, readBudget, s.now(), f)
}

// wallStart is any instant: only differences count.
var wallStart = time.Now()

func wall() time.Duration { return time.Since(wallStart) }

// repeat runs f until the budget is spent and returns the median time.
func repeat(ctx context.Context, budget time.Duration, now func() time.Duration, f func() error) (time.Duration, error) {
	var all []time.Duration
	for total := time.Duration(0); len(all) < readLeast || total < budget && len(all) < readMost; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		began := now()
		if err := f(); err != nil {
			return 0, err
		}
		all = append(all, now()-began)
		total += all[len(all)-1]
	}
	return median(all), nil
}

// lasts returns an error if the engine has nothing on disk.
func (s *session) lasts() error {
	n, err := raw.Size(s.dir)
	if err == nil && n == 0 {
		return unsupported("it keeps nothing on disk")
	}
	return err
}

// checkColumns reads all bars and holds them against what was written.
func (s *session) checkColumns(ctx context.Context, all []bars) error {
	check := checkBars(all, differentColumns)
	err := s.engine.ReadColumns(ctx, symbolsOf(all), func(c *columns) error { return c.each(check.next) })
	if err == nil {
		err = check.end()
	}
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return nil
}

func (s *session) checkTicks(ctx context.Context) error {
	check := checkTicks(s.ticks)
	err := s.engine.ReadTicks(ctx, symbolsOfTicks(s.ticks), func(c *tickColumns) error { return c.each(check.next) })
	if err == nil {
		err = check.end()
	}
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return nil
}

// counted tells if other rows were read while the clock ran than before.
func counted(got, want int, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("it read %d rows, and %d while timed", want, got)
	}
	return err
}
