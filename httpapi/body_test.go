package httpapi

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/wire"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A reply is what came of an answer beside its body.
type reply struct {
	StatusCode       int
	Header, Trailer  http.Header
	ContentLength    int64
	TransferEncoding []string
}

// answered returns the answer that do gives, and its body; the error is that of
// reading it.
func answered(t *testing.T, do func(*call) error) (reply, string, error) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{ResponseWriter: w}
		if err := do(c); err != nil && c.status != 0 {
			panic(http.ErrAbortHandler)
		} else if err != nil {
			c.fail(r, err)
		}
	}))
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	return reply{got.StatusCode, got.Header, got.Trailer, got.ContentLength, got.TransferEncoding}, string(text), err
}

// write makes an answer of pieces.
func write(c *call, packing string, pieces ...string) error {
	b, err := c.body("text/x", packing)
	if err != nil {
		return err
	}
	defer b.drop()
	for _, p := range pieces {
		if n, err := io.WriteString(b, p); err != nil || n != len(p) {
			return errors.Join(err, fault.APIBody.Errorf("%d bytes of %d", n, len(p)))
		}
	}
	return b.finish(int64(len(pieces)))
}

func TestAnAnswerIsSentWholeOrInPieces(t *testing.T) {
	f := func(whole bool, lengths ...int) {
		t.Helper()
		var pieces []string
		for i, n := range lengths {
			pieces = append(pieces, strings.Repeat(strconv.Itoa(i%10), n))
		}
		want := strings.Join(pieces, "")
		got, text, err := answered(t, func(c *call) error { return write(c, "", pieces...) })
		if err != nil || text != want {
			t.Errorf("%d: got %d bytes, and error %v", lengths, len(text), err)
		}
		rows, length := got.Trailer, int64(-1)
		if whole {
			rows, length = got.Header, int64(len(want))
		}
		if rows.Get(rowsHeader) != strconv.Itoa(len(lengths)) || got.ContentLength != length || whole == (len(got.Trailer) > 0) {
			t.Errorf("%d: got header %v, trailer %v, length %d", lengths, got.Header, got.Trailer, got.ContentLength)
		}
	}
	f(true)
	f(true, 1)
	f(true, 5, 0, 7)
	f(true, wholeBytes)
	f(true, wholeBytes-1, 1)
	f(false, wholeBytes, 1)
	f(false, wholeBytes+1)
	f(false, 1, wholeBytes)
	f(false, 1, wholeBytes+1, 1)
	f(false, 1, wholeBytes+1)
	f(false, wholeBytes/2, wholeBytes/2, wholeBytes/2, wholeBytes/2, wholeBytes/2)
}

func TestPackedAnswersAreWholeWhereTheyAreSmall(t *testing.T) {
	unpack := map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	}
	var noise strings.Builder // that no packer makes smaller
	for i := uint64(1); noise.Len() < 3*wholeBytes; i = i*6364136223846793005 + 1442695040888963407 {
		noise.WriteByte(byte(i >> 56))
	}
	for packing, open := range unpack {
		for whole, text := range map[bool]string{true: strings.Repeat("a", 4*wholeBytes), false: noise.String()} {
			got, packed, err := answered(t, func(c *call) error { return write(c, packing, text) })
			if err != nil {
				t.Fatal(err)
			}
			in, err := open(strings.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			back, err := io.ReadAll(in)
			if err != nil || string(back) != text || got.Header.Get("Content-Encoding") != packing {
				t.Errorf("%s: got %d bytes, %v, error %v", packing, len(back), got.Header, err)
			}
			if whole != (got.Header.Get(rowsHeader) == "1") || whole == (got.Trailer.Get(rowsHeader) == "1") || whole != (got.ContentLength == int64(len(packed))) {
				t.Errorf("%s: got header %v, trailer %v, length %d", packing, got.Header, got.Trailer, got.ContentLength)
			}
		}
	}
}

var errRead = fault.DiskDamaged.Errorf("a chunk is damaged")

// damaged yields frames of so many rows, and then an error.
func damaged(rows ...int) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		for i, n := range rows {
			if !yield(frameOf(i, n), nil) {
				return
			}
		}
		yield(nil, errRead)
	}
}

func frameOf(i, n int) *series.Frame {
	f := &series.Frame{Key: series.BarKey(market.Symbol{Code: "a", Exchange: "X"}, market.Minute), Time: make([]market.Time, n)}
	for j := range f.Time {
		f.Time[j] = market.Time(i*1_000_000+j+1) * 60e9
	}
	f.Cols = []series.Column{{Name: "close", Floats: make([]float64, n)}}
	return f
}

// An answer that fails before anything was sent is a problem, with nothing of what
// it would have been; later its connection breaks.
func TestAnAnswerThatFailsIsAProblemOrBroken(t *testing.T) {
	ways := map[string]func(*call, iter.Seq2[*series.Frame, error]) error{
		"frames": sendFrames,
		"json": func(c *call, frames iter.Seq2[*series.Frame, error]) error {
			a := &rowAnswer{call: c, form: rowForms[0], packing: "gzip", kind: series.Bars, about: []series.Overview{{Key: frameOf(0, 0).Key}}}
			a.opts.Format = a.form.format
			return a.send(frames, func() error { return nil })
		},
		"arrow": func(c *call, frames iter.Seq2[*series.Frame, error]) error {
			a := &rowAnswer{call: c, form: rowForms[3], kind: series.Bars, about: []series.Overview{{Key: frameOf(0, 0).Key}}}
			a.opts.Format = a.form.format
			return a.send(frames, func() error { return nil })
		},
	}
	for name, send := range ways {
		for _, rows := range [][]int{nil, {1}, {2000, 2000}} {
			got, text, err := answered(t, func(c *call) error { return send(c, damaged(rows...)) })
			h := got.Header
			if err != nil || got.StatusCode != http.StatusInternalServerError || h.Get("Content-Type") != "application/problem+json" || !strings.Contains(text, string(fault.CodeOf(errRead))) {
				t.Errorf("%s: %d rows: got %d, %v, %s, error %v", name, rows, got.StatusCode, h, text, err)
			}
			if h.Get("Content-Encoding") != "" || h.Get(rowsHeader) != "" || len(got.Trailer) > 0 {
				t.Errorf("%s: %d rows: got header %v, trailer %v", name, rows, h, got.Trailer)
			}
		}
	}
	got, text, err := answered(t, func(c *call) error { return sendFrames(c, damaged(40_000, 40_000)) })
	if got.StatusCode != http.StatusOK || err == nil || len(text) == 0 || got.Trailer.Get(rowsHeader) != "" {
		t.Errorf("broken: got %d, %d bytes, trailer %v, error %v", got.StatusCode, len(text), got.Trailer, err)
	}
}

// What answers collect into is used again: nothing of one may get into another.
func TestAnswersAtOnceDoNotMix(t *testing.T) {
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range 30 {
				w := httptest.NewRecorder()
				rows := 1 + (i*37+n*911)%9000
				if err := sendFrames(&call{ResponseWriter: w}, func(yield func(*series.Frame, error) bool) { yield(frameOf(i, rows), nil) }); err != nil {
					t.Error(err)
				}
				got := 0
				for f, err := range wire.Read(bytes.NewReader(w.Body.Bytes()), 1<<30) {
					if err != nil || f.Time[0] != market.Time(i*1_000_000+1)*60e9 {
						t.Errorf("answer %d of %d: %v", n, i, err)
						return
					}
					got += f.Len()
				}
				if got != rows {
					t.Errorf("answer %d of %d has %d rows, not %d", n, i, got, rows)
				}
			}
		})
	}
	all.Wait()
}
