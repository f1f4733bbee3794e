package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/wire"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

const (
	framesPath = "/v1/frames"
	typeJSON   = "application/json"

	rowsHeader = "Redfire-Rows" // or a trailer
)

// Write keeps frames, all of them or none.
func (c *Client) Write(ctx context.Context, frames []series.Frame) error {
	_, err := c.WriteCounted(ctx, frames, series.WriteOptions{})
	return err
}

// WriteCounted does what [series.Store.Write] does, over there.
func (c *Client) WriteCounted(ctx context.Context, frames []series.Frame, o series.WriteOptions) (series.Counts, error) {
	return c.send(ctx, &request{method: http.MethodPost, path: framesPath, params: paramsOf(o)}, frames)
}

// Replace exchanges the rows of a range for those of f.
func (c *Client) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	_, err := c.ReplaceCounted(ctx, r, f, series.WriteOptions{})
	return err
}

// ReplaceCounted does what [series.Store.Replace] does, over there.
func (c *Client) ReplaceCounted(ctx context.Context, r market.Range, f series.Frame, o series.WriteOptions) (series.Counts, error) {
	params := paramsOf(o)
	setRange(params, r)
	return c.send(ctx, &request{method: http.MethodPut, path: framesPath, params: params}, []series.Frame{f})
}

func paramsOf(o series.WriteOptions) url.Values {
	return url.Values{"count": {strconv.FormatBool(o.Count)}, "refuse_different": {strconv.FormatBool(o.RefuseDifferent)}}
}

func setRange(params url.Values, r market.Range) {
	if r.From != 0 {
		params.Set("from", r.From.String())
	}
	if r.To != 0 {
		params.Set("to", r.To.String())
	}
}

// send sends frames that are to be written.
func (c *Client) send(ctx context.Context, q *request, frames []series.Frame) (series.Counts, error) {
	var body bytes.Buffer
	w := wire.NewWriter(&body)
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			return series.Counts{}, err
		}
	}
	if err := w.Close(); err != nil {
		return series.Counts{}, err
	}
	q.mediaType, q.body, q.writes = wire.MediaType, body.Bytes(), true
	var counts answers.Written
	err := c.json(ctx, q, &counts)
	return counts.Counts(), err
}

// Delete removes the rows of k in r.
func (c *Client) Delete(ctx context.Context, k series.Key, r market.Range) error {
	_, err := c.DeleteCounted(ctx, k, r)
	return err
}

// DeleteCounted does what [series.Store.Delete] does, over there.
func (c *Client) DeleteCounted(ctx context.Context, k series.Key, r market.Range) (series.Counts, error) {
	paths := map[series.Kind]string{series.Bars: "/v1/bars", series.Ticks: "/v1/ticks", series.Indicator: "/v1/indicators"}
	params := paramsOfKey(k)
	setRange(params, r)
	if r == (market.Range{}) {
		params.Set("all", "true")
	}
	var counts answers.Written
	err := c.json(ctx, &request{method: http.MethodDelete, path: paths[k.Kind], params: params, writes: true}, &counts)
	return counts.Counts(), err
}

func paramsOfKey(k series.Key) url.Values {
	params := url.Values{"symbol": {k.Symbol.String()}}
	if k.Interval != 0 {
		params.Set("interval", k.Interval.String())
	}
	if k.Name != "" {
		params.Set("name", k.Name)
	}
	return params
}

// Overview yields what is known of series.
func (c *Client) Overview(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
	params := url.Values{"brief": {strconv.FormatBool(f.Brief)}}
	set := func(name, value string) {
		if value != "" {
			params.Set(name, value)
		}
	}
	set("kind", f.Kind.String())
	set("exchange", string(f.Exchange))
	set("name", f.Name)
	if f.Interval != 0 {
		set("interval", f.Interval.String())
	}
	if f.Symbol != (market.Symbol{}) {
		set("symbol", f.Symbol.String())
		set("exact", "true")
	}
	q := &request{method: http.MethodGet, path: "/v1/symbols", params: params}
	return items(ctx, c, q, (*answers.Series).Overview)
}

// Changes yields what was accepted after a number.
func (c *Client) Changes(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
	params := url.Values{"since": {strconv.FormatUint(since, 10)}}
	q := &request{method: http.MethodGet, path: "/v1/changes", params: params, since: since}
	return items(ctx, c, q, (*answers.Change).Change)
}

// Verify yields what is damaged over there.
func (c *Client) Verify(ctx context.Context) iter.Seq2[series.Damage, error] {
	return items(ctx, c, &request{method: http.MethodGet, path: "/v1/verify"}, (*answers.Damage).Damage)
}

// items yields the items of an answer that is a list, each made of its JSON.
func items[J, T any](ctx context.Context, c *Client, q *request, of func(*J) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		q.accept = typeJSON
		answer, err := c.do(ctx, q)
		if err != nil {
			yield(none, err)
			return
		}
		defer answer.Body.Close()
		in := json.NewDecoder(answer.Body)
		_, err = in.Token() // the list begins
		for n := int64(0); ; n++ {
			var j J
			if err == nil && !in.More() {
				if err = c.end(ctx, answer, in, n); err == nil {
					return
				}
			}
			if err == nil {
				err = cmp.Or(in.Decode(&j), ctx.Err())
			}
			if err != nil {
				yield(none, c.cut(ctx, err))
				return
			}
			if !yield(of(&j), nil) {
				return
			}
		}
	}
}

// end returns an error unless a list of so many items ends here.
func (c *Client) end(ctx context.Context, answer *http.Response, in *json.Decoder, items int64) error {
	if _, err := in.Token(); err != nil {
		return err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return cutError(err)
	}
	if !agrees(answer, items) {
		return io.ErrUnexpectedEOF
	}
	return ctx.Err()
}

// agrees reports whether an answer had the number of rows that it tells of. A
// proxy may have left the trailer out that tells it: that an answer came to its end
// is known by what stands there, too.
func agrees(answer *http.Response, rows int64) bool {
	text := cmp.Or(answer.Header.Get(rowsHeader), answer.Trailer.Get(rowsHeader))
	return text == "" || text == strconv.FormatInt(rows, 10)
}

// keysAtOnce is how many series one question names at most.
const keysAtOnce = 2000

// Read yields rows. A read that is cut off goes on where it was.
func (c *Client) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		for keys := range slices.Chunk(q.Keys, keysAtOnce) {
			part := q
			part.Keys = keys
			d := &download{client: c, ctx: ctx, query: part, yield: yield}
			if err := d.run(); err != nil {
				yield(nil, err)
				return
			}
			if d.ended {
				return
			}
		}
	}
}

// Fold yields bars that are made over there.
func (c *Client) Fold(ctx context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		if q.Zone == nil || q.Calendar != nil || !isKnown(q.Zone) {
			yield(nil, fault.Unsupported)
			return
		}
		text, err := json.Marshal(answers.OfFoldQuery(q))
		if err != nil {
			yield(nil, err)
			return
		}
		for f, err := range c.frames(ctx, &request{method: http.MethodPost, path: framesPath + "/fold", mediaType: typeJSON, body: text}) {
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// isKnown reports whether a server knows a zone by its name.
func isKnown(zone *time.Location) bool {
	_, err := market.LoadZone(zone.String())
	return err == nil
}

// frames yields the frames of an answer.
func (c *Client) frames(ctx context.Context, q *request) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		q.accept = wire.MediaType
		answer, err := c.do(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		defer answer.Body.Close()
		var rows int64
		const most = 1 << 62 // it is the server of our own
		for f, err := range wire.Read(answer.Body, most) {
			if err == nil {
				err = ctx.Err() // the rest may have come already
			}
			if err != nil {
				yield(nil, c.cut(ctx, err))
				return
			}
			rows += int64(f.Len())
			if !yield(f, nil) {
				return
			}
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || ctx.Err() != nil || !agrees(answer, rows) {
			yield(nil, c.cut(ctx, cutError(err)))
		}
	}
}

func cutError(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}
