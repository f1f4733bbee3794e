package client_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/httpapi/wire"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// TestRowsAreCounted has a server answer with two rows, and tell of another number
// of them, or of none: as a header, or behind them.
func TestRowsAreCounted(t *testing.T) {
	k := series.BarKey(market.Symbol{Code: "a", Exchange: "X"}, market.Minute)
	var message bytes.Buffer
	w := wire.NewWriter(&message)
	if err := errors.Join(w.Write(&series.Frame{Key: k, Time: []market.Time{60e9, 120e9}}), w.Close()); err != nil {
		t.Fatal(err)
	}
	const none = -1
	f := func(header, trailer, length int, whole bool) {
		t.Helper()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h.Set("Content-Type", wire.MediaType)
			if header != none {
				h.Set("Redfire-Rows", strconv.Itoa(header))
			}
			if trailer != none {
				h.Set("Trailer", "Redfire-Rows")
			}
			if length != none {
				h.Set("Content-Length", strconv.Itoa(length))
			}
			if _, err := w.Write(message.Bytes()); err != nil {
				t.Error(err)
			}
			if trailer != none {
				h.Set("Redfire-Rows", strconv.Itoa(trailer))
			}
		}))
		defer s.Close()
		c, err := client.New(s.URL, &client.Options{Patience: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		rows := 0
		var failed error
		for f, err := range c.Read(t.Context(), series.Query{Keys: []series.Key{k}}) {
			if failed = err; err == nil {
				rows += f.Len()
			}
		}
		if whole != (failed == nil) || failed != nil && fault.CodeOf(failed) != fault.APICut || rows != 2 {
			t.Errorf("header %d, trailer %d, length %d: got %d rows, and error %v", header, trailer, length, rows, failed)
		}
	}
	all := message.Len()
	f(2, none, all, true)
	f(2, none, none, true)
	f(none, 2, none, true)
	f(3, none, all, false)
	f(none, 1, none, false)
	f(none, none, all, true) // a message knows its end itself
	f(none, none, none, true)
	f(2, none, all+1, false)
}
