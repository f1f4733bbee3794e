package httpapi_test

import (
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/seriestest"
)

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
