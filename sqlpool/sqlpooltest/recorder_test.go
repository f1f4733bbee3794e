package sqlpooltest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/sqlitepool"
)

// A recorder is a tb that may fail without failing the test.
type recorder struct {
	ctx      context.Context //nolint:containedctx // it is what Context returns, as in testing.T
	mu       sync.Mutex      // guards failures
	failures []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Logf(string, ...any)      {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

// failing runs check and returns what it complained of.
func failing(ctx context.Context, check func(t tb)) []string {
	limit := 3 * time.Second // what hangs has failed
	if !fewer.Whole() {
		limit *= 4
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r)
	}()
	<-done
	return r.failures
}

// onSQLite is a harness of files.
func onSQLite() Harness {
	return Harness{
		Source: func(t testing.TB) sqlpool.Source {
			return sqlpool.Source{Name: "main", URL: "sqlite:" + filepath.Join(t.TempDir(), "suite.db")}
		},
		Open: func(s sqlpool.Source) (sqlpool.Engine, error) { return sqlitepool.NewEngine(s) },
	}
}

// ruleOf returns the rule of a name.
func ruleOf(t *testing.T, name string) rule {
	t.Helper()
	all := allRules()
	i := slices.IndexFunc(all, func(r rule) bool { return r.name == name && r.concerns(sqlpool.SQLite) })
	if i < 0 {
		t.Fatalf("there is no rule %q", name)
	}
	return all[i]
}

func TestRulesHaveNamesOfTheirOwn(t *testing.T) {
	for _, dialect := range []sqlpool.Dialect{sqlpool.MySQL, sqlpool.PostgreSQL, sqlpool.SQLite} {
		seen := map[string]bool{}
		for _, r := range allRules() {
			if r.concerns(dialect) && seen[r.name] {
				t.Errorf("%s: two rules are called %q", dialect, r.name)
			}
			seen[r.name] = seen[r.name] || r.concerns(dialect)
			if r.because == "" {
				t.Errorf("%s has no reason", r.name)
			}
		}
	}
}
