package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A download is a read that goes on where it was cut off.
type download struct {
	client *Client
	ctx    context.Context //nolint:containedctx // it lives as long as one read
	query  series.Query
	yield  func(*series.Frame, error) bool

	begun   bool // rows of key came
	went    bool // rows came at all
	ended   bool // who reads has enough
	key     series.Key
	last    market.Time // of the last row of key that came
	seq     uint32
	rows    int // of key that came
	alike   int // ticks of the same microsecond as the last row, that one too
	resumed bool
}

// run yields rows until there are no more. An error that is returned was not
// yielded.
func (d *download) run() error {
	since := time.Now()
	for times := 0; ; times++ {
		came := d.begun
		before := [2]int64{int64(d.last), int64(d.rows)}
		err := d.ask()
		if err == nil || d.ended || !d.mayGoOn(err) {
			return err
		}
		if came != d.begun || before != [2]int64{int64(d.last), int64(d.rows)} {
			since, times = time.Now(), 0
		}
		if time.Since(since) > d.client.opts.Patience {
			return err
		}
		if err := wait(d.ctx, times); err != nil {
			return err
		}
	}
}

// mayGoOn reports whether it helps to ask again: rows came before, or the server
// has too much to do.
func (d *download) mayGoOn(err error) bool {
	switch {
	case d.ctx.Err() != nil || d.client.closed.Load():
		return false
	case fault.CodeOf(err) == fault.APIBusy || fault.CodeOf(err) == fault.APICut:
		return true
	}
	return d.went && errors.Is(err, fault.Unavailable)
}

// ask asks for the rows that did not come yet, and yields them.
func (d *download) ask() error {
	q, first, done := d.rest()
	if done {
		return nil
	}
	text, err := json.Marshal(answers.OfQuery(q))
	if err != nil {
		return err
	}
	if err := d.take(text); err != nil || d.ended || !first {
		return err
	}
	// That was the rest of one key; the others follow.
	d.resumed = false
	d.query.Keys = d.query.Keys[slices.Index(d.query.Keys, d.key)+1:]
	d.begun = false
	if len(d.query.Keys) == 0 {
		return nil
	}
	return d.ask()
}

func (d *download) take(text []byte) error {
	q := &request{method: http.MethodPost, path: framesPath + "/read", mediaType: typeJSON, body: text}
	for f, err := range d.client.frames(d.ctx, q) {
		if err != nil {
			return err
		}
		part := d.news(f)
		if most := d.query.Limit; most > 0 && d.begun && part.Key == d.key {
			part = part.Slice(0, min(part.Len(), most-d.rows)) // one that was asked for again may be gone
		}
		if part.Len() == 0 {
			continue
		}
		d.note(&part)
		if d.ended = !d.yield(&part, nil); d.ended {
			return nil
		}
	}
	return nil
}

// rest returns the query for the rows that did not come yet. first tells that it is
// for the rest of one key alone, and done that there is none.
func (d *download) rest() (q series.Query, first, done bool) {
	q = d.query
	if !d.begun {
		return q, false, len(q.Keys) == 0
	}
	q.Keys = []series.Key{d.key}
	again := 1 // rows that come again
	if d.key.Kind == series.Ticks {
		again = d.alike
	}
	if q.Limit > 0 {
		if q.Limit -= d.rows; q.Limit <= 0 {
			q.Keys = nil
		}
		q.Limit += again
	}
	d.resumed = true
	if q.Keys == nil {
		return d.others()
	}
	unit := market.Time(1e9)
	at := d.last
	if d.key.Kind == series.Ticks {
		unit, at = 1000, market.Time(d.last.Micro()*1000)
	}
	// 0 would be no end at all; no row has that time.
	switch behind := at + unit; {
	case !d.query.Reverse:
		q.Range.From = cmp.Or(max(at, market.MinTime), 1)
	case behind <= market.MaxTime:
		q.Range.To = cmp.Or(behind, 1)
	}
	return q, true, false
}

// others returns the query for the keys behind the one whose rows all came.
func (d *download) others() (q series.Query, first, done bool) {
	d.query.Keys = d.query.Keys[slices.Index(d.query.Keys, d.key)+1:]
	d.begun, d.resumed = false, false
	return d.query, false, len(d.query.Keys) == 0
}

// news returns the rows of a frame that did not come before.
func (d *download) news(f *series.Frame) series.Frame {
	if !d.resumed || f.Key != d.key {
		return *f
	}
	from := 0
	for from < f.Len() && d.came(f, from) {
		from++
	}
	return f.Slice(from, f.Len())
}

// came reports whether a row came before.
func (d *download) came(f *series.Frame, i int) bool {
	t, last := f.Time[i], d.last
	if f.Seq == nil {
		if d.query.Reverse {
			return t >= last
		}
		return t <= last
	}
	switch a, b := t.Micro(), last.Micro(); {
	case a != b:
		return (a < b) != d.query.Reverse
	case d.query.Reverse:
		return f.Seq[i] >= d.seq
	default:
		return f.Seq[i] <= d.seq
	}
}

// note remembers how far the rows came.
func (d *download) note(f *series.Frame) {
	if !d.begun || f.Key != d.key {
		d.begun, d.went, d.key, d.rows, d.alike, d.last = true, true, f.Key, 0, 0, 0
		d.resumed = false
	}
	end := f.Len() - 1
	d.rows += f.Len()
	if f.Seq != nil {
		if f.Time[end].Micro() != d.last.Micro() {
			d.alike = 0
		}
		for i := end; i >= 0 && f.Time[i].Micro() == f.Time[end].Micro(); i-- {
			d.alike++
		}
		d.seq = f.Seq[end]
	}
	d.last = f.Time[end]
}
