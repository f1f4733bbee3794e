package httpapi_test

import (
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/seriestest"
)

// TestACodeWithAStarIsNoPattern: codes may have * and ? in them.
func TestACodeWithAStarIsNoPattern(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	store, err := client.Open(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	star := market.Symbol{Code: "A*", Exchange: "X"}
	bar := []market.Bar{{Time: 1767574800e9, Open: 1, High: 1, Low: 1, Close: 1}}
	for _, y := range []market.Symbol{star, {Code: "AB", Exchange: "X"}} {
		if err := store.WriteBars(t.Context(), y, market.Minute, bar); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for about, err := range store.Overview(t.Context(), series.Filter{Symbol: star}) {
		if err != nil || about.Key.Symbol != star {
			t.Errorf("got %v, %v", about.Key, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("got %d series, want 1", n)
	}
}

// TestTheSeriesOfAServerAreAnEngine holds the client and the server between them
// to what every engine promises.
func TestTheSeriesOfAServerAreAnEngine(t *testing.T) {
	folders := map[string]string{} // by the name of the test
	last := map[string]*site{}
	open := func(t testing.TB) series.Engine {
		s := serve(t, folders[t.Name()], func(c *config.Config, _ *httpapi.Options) { c.Server.MaxBody = 1 << 30 })
		last[t.Name()] = s
		c, err := client.New(s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	seriestest.Run(t, seriestest.Harness{
		Name: "a server",
		Open: func(t testing.TB) series.Engine {
			folders[t.Name()] = t.TempDir()
			return open(t)
		},
		Reopen: func(t testing.TB) series.Engine {
			if err := last[t.Name()].data.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t)
		},
	})
}
