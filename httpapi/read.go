package httpapi

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

type readBars struct {
	BarsParams
	ReadParams
}

type readTicks struct {
	TicksParams
	ReadParams
}

type readIndicators struct {
	IndicatorParams
	ReadParams
}

func (s *Server) readBars(ctx context.Context, in *readBars) (*huma.StreamResponse, error) {
	n, err := in.keys()
	return s.read(ctx, n, &in.ReadParams, err)
}

func (s *Server) readTicks(ctx context.Context, in *readTicks) (*huma.StreamResponse, error) {
	n, err := in.keys()
	return s.read(ctx, n, &in.ReadParams, err)
}

func (s *Server) readIndicators(ctx context.Context, in *readIndicators) (*huma.StreamResponse, error) {
	n, err := in.keys()
	return s.read(ctx, n, &in.ReadParams, err)
}

// streamed returns what answers a request by do, whose error is answered if nothing
// else was.
func (s *Server) streamed(do func(w *call, r *http.Request) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		c := w.(*call) //nolint:forcetypeassert // ServeHTTP made it
		if err := do(c, r); err != nil {
			s.fail(c, r, err)
		}
	}}
}

// fail answers with an error. Where a part of an answer was sent it is broken off,
// so that nobody takes it for the whole.
func (s *Server) fail(c *call, r *http.Request, err error) {
	if errors.Is(err, fault.Denied) { // by the server that has the series: this one was let in
		err = fault.APIUnreachable.Errorf("the server of the series does not let this one in: %w", err)
	}
	if c.status == 0 {
		c.fail(r, err)
		return
	}
	level := slog.LevelWarn
	if gone := (*net.OpError)(nil); errors.Is(r.Context().Err(), context.Canceled) || errors.As(err, &gone) {
		level = slog.LevelDebug // the client went away
	}
	s.log.Log(r.Context(), level, "an answer was broken off", "method", r.Method, "path", r.URL.Path, "bytes", c.bytes, "error", timed(r.Context(), err))
	panic(http.ErrAbortHandler)
}

// read answers with the rows that are asked for. A failure to understand the
// request so far is answered instead.
func (s *Server) read(_ context.Context, n named, p *ReadParams, failed error) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		if failed != nil {
			return failed
		}
		form, err := formOf(p.Format, r.Header.Get("Accept"), rowForms)
		if err != nil {
			return err
		}
		zone, err := p.zone()
		if err != nil {
			return err
		}
		in, err := p.bounds(zone)
		if err != nil {
			return err
		}
		keys, err := s.keysOf(r.Context(), n)
		if err != nil {
			return err
		}
		if err := s.allThere(r.Context(), keys); err != nil {
			return err
		}
		about, err := s.about(r.Context(), keys)
		if err != nil {
			return err
		}
		q := series.Query{Keys: keys, Range: in, Reverse: p.Reverse, Limit: p.Limit}
		if len(p.Columns) > 0 {
			q.Columns = p.Columns
		}
		out := &rowAnswer{call: w, form: form, packing: r.Header.Get("Accept-Encoding"), kind: n.of.Kind, about: about, opts: marketfile.EncodeOptions{Format: form.format, Columns: q.Columns, Zone: zone}}
		return out.send(s.data.Series.Read(r.Context(), q), func() error { return s.exists(r.Context(), keys) })
	}), nil
}

// A rowAnswer is rows of series on their way to a client.
type rowAnswer struct {
	*call
	form    form
	packing string // Accept-Encoding
	kind    series.Kind
	about   []series.Overview
	opts    marketfile.EncodeOptions

	rows *marketfile.Encoder
	out  *body
}

// send sends frames. If there are none, an error of exists is answered.
func (a *rowAnswer) send(frames iter.Seq2[*series.Frame, error], exists func() error) error {
	defer func() { a.out.drop() }()
	for f, err := range frames {
		if err != nil {
			return err
		}
		if err := a.begin(); err != nil {
			return err
		}
		if err := a.rows.Write(f); err != nil {
			return err
		}
	}
	if a.rows == nil {
		if err := exists(); err != nil {
			return err
		}
		if err := a.begin(); err != nil {
			return err
		}
	}
	if err := a.rows.Close(); err != nil {
		return err
	}
	return a.out.finish(a.rows.Rows())
}

// begin begins the answer, once it is known that there is one.
func (a *rowAnswer) begin() (err error) {
	if a.rows != nil {
		return nil
	}
	if a.out, err = a.rowsBody(a.form.mediaType, a.packing); err != nil {
		return err
	}
	a.rows, err = marketfile.NewEncoder(a.out, a.kind, a.about, &a.opts)
	return err
}
