package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/market"
)

// TestWhatIsReadAgainIsKeptAsConfigured reads the same bars several times: the
// metrics tell whether they were kept.
func TestWhatIsReadAgainIsKeptAsConfigured(t *testing.T) {
	bars := make([]market.Bar, 110_000) // enough to be a segment at once
	for i := range bars {
		bars[i] = market.Bar{Time: market.Time(time.Minute) * market.Time(i+1), Open: 1.25, High: 1.5, Low: 1, Close: 1.25, Volume: float64(i)}
	}
	for size, kept := range map[config.Size]bool{64 << 20: true, 0: false} {
		s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) { c.Series.Cache = size })
		if err := s.data.Series.WriteBars(t.Context(), market.Symbol{Code: "a", Exchange: "X"}, market.Minute, bars); err != nil {
			t.Fatal(err)
		}
		first := s.do(t, http.MethodGet, "/v1/bars?symbol=a.X&interval=1m", "")
		for range 3 {
			if again := s.do(t, http.MethodGet, "/v1/bars?symbol=a.X&interval=1m", ""); again.body != first.body || again.status != http.StatusOK {
				t.Errorf("%v: got %d, %d bytes for %d", size, again.status, len(again.body), len(first.body))
			}
		}
		chunks := (len(bars) + 4095) / 4096
		misses, hits := 4*chunks, 0
		if kept {
			misses, hits = 2*chunks, 2*chunks
		}
		metrics := s.do(t, http.MethodGet, "/metrics", "").body
		for name, n := range map[string]int{`redfire_series_cache_reads_total{kept="true"}`: hits, `redfire_series_cache_reads_total{kept="false"}`: misses} {
			if want := fmt.Sprintf("\n%s %d\n", name, n); !strings.Contains(metrics, want) {
				t.Errorf("%v: the metrics lack %q", size, want)
			}
		}
		if strings.Contains(metrics, "\nredfire_series_cache_bytes 0\n") == kept {
			t.Errorf("%v: what is kept is told wrongly", size)
		}
	}
}
