package sqlbench

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/internal/servers"
)

func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }

// tiny is enough to see that everything is measured.
var tiny = plan{pairs: 2, slice: 10 * time.Millisecond, workers: 4, think: time.Millisecond, rows: 100}

func TestEveryWorkHasAValueOfEachContender(t *testing.T) {
	r, err := run(t.Context(), Options{Dir: t.TempDir()}, tiny)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.NotRun) > 0 {
		t.Skipf("engines: NOT RUN: %v", r.NotRun)
	}
	if want := 2 + 4*(len(works)+1); len(r.Results) != want {
		t.Errorf("got %d results, want %d", len(r.Results), want)
	}
	for _, result := range r.Results {
		want := []string{ours, untouched}
		if result.Unit == "calls/s" {
			want = append(want, perCall, tuned)
			if strings.HasPrefix(result.Work, "PostgreSQL") {
				want = append(want, direct)
			}
		}
		for _, who := range want {
			if result.Rows()[who] == 0 {
				t.Errorf("%s: %s was not measured", result.Work, who)
			}
		}
	}
	var text strings.Builder
	if err := r.Table(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PostgreSQL: select: at least x0.95 of pgxpool", "checkout: at most", "MySQL: transaction"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table does not hold %q:\n%s", want, &text)
		}
	}
}

func TestASkippedSiteIsToldAndAFailureKept(t *testing.T) {
	var order []string
	skipped, err := in(t.Context(), "none", func(string) {}, func(b *bed) error {
		b.Cleanup(func() { order = append(order, "first") })
		b.Cleanup(func() { order = append(order, "second") })
		b.Errorf("a %s", "failure")
		b.Skipf("no %s", "server")
		return nil
	})
	if skipped != "no server" || err == nil || err.Error() != "a failure" {
		t.Errorf("got %q and %v", skipped, err)
	}
	if strings.Join(order, " ") != "second first" {
		t.Errorf("cleaned up in the order %v", order)
	}
	if _, err := in(t.Context(), "none", func(string) {}, func(b *bed) error { b.Fatalf("over"); return nil }); err == nil || err.Error() != "over" {
		t.Errorf("got %v, want over", err)
	}
}

var _ servers.T = (*bed)(nil)

func TestGoalsAreThoseDecided(t *testing.T) {
	if got := goals("PostgreSQL", work{think: true})[untouched]; got != 5 {
		t.Errorf("PostgreSQL with think time: goal %v, want 5", got)
	}
	if got := goals("PostgreSQL", work{workers: 1})[direct]; got != 0.85 {
		t.Errorf("one worker beside pgxpool: goal %v, want 0.85", got)
	}
	if got := goals("MariaDB", work{write: true}); got[untouched] != 1 || got[perCall] != 1.5 || len(got) != 2 {
		t.Errorf("MariaDB: goals %v", got)
	}
	if report.Median([]float64{3, 1, 2}) != 2 {
		t.Error("the median is not the middle")
	}
}
