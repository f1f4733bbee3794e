package sqlbench

import (
	"context"
	"errors"
	"fmt"
)

// A bed is what package servers takes for a test: the part of a run at one site.
type bed struct {
	name     string
	progress func(string)
	context  context.Context //nolint:containedctx // a test has one too
	cleanups []func()
	failed   []error
}

// errStop ends a bed's run, as t.FailNow ends a test.
var errStop = errors.New("stopped")

// in runs f with a bed, and cleans up behind it. skipped tells why the site
// cannot be had.
func in(ctx context.Context, name string, progress func(string), f func(*bed) error) (skipped string, err error) {
	b := &bed{name: name, progress: progress, context: ctx}
	defer func() {
		for i := len(b.cleanups) - 1; i >= 0; i-- {
			b.cleanups[i]()
		}
		err = errors.Join(append(b.failed, err)...)
	}()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case skipError:
			skipped = r.why
		case error:
			if !errors.Is(r, errStop) {
				panic(r)
			}
		default:
			panic(r)
		}
	}()
	return "", f(b)
}

type skipError struct{ why string }

// Helper does nothing: no lines are named here.
func (b *bed) Helper() {}

// Name is the site's.
func (b *bed) Name() string { return b.name }

// Context is that of the run.
func (b *bed) Context() context.Context { return b.context }

// Cleanup has f run when the site was measured.
func (b *bed) Cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

// Logf is of use to who looks for a mistake.
func (b *bed) Logf(format string, args ...any) { b.progress(fmt.Sprintf(format, args...)) }

// Errorf notes a failure.
func (b *bed) Errorf(format string, args ...any) {
	b.failed = append(b.failed, fmt.Errorf(format, args...))
}

// Fatalf notes a failure and ends the measuring by the site.
func (b *bed) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	panic(errStop)
}

// Skipf ends the measuring by the site, which cannot be had.
func (b *bed) Skipf(format string, args ...any) { panic(skipError{fmt.Sprintf(format, args...)}) }
