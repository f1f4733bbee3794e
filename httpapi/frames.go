package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/wire"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// framesPath is where the Go client reads and writes frames.
const framesPath = "/v1/frames"

type noParams struct{}

// maxQuestion is how long the JSON of a question may be.
const maxQuestion = 1 << 20

// question reads the JSON of a question.
func question(r *http.Request, v any) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxQuestion+1))
	switch {
	case err != nil:
		return bodyFault(err)
	case len(text) > maxQuestion:
		return fault.APITooLarge.Errorf("a question has at most %d bytes", maxQuestion)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fault.APIBody.Errorf("the question: %w", err)
	}
	return nil
}

// bodyFault returns the error of reading a body.
func bodyFault(err error) error {
	if fault.KindOf(err) != "" {
		return err
	}
	return fault.APIBody.Errorf("the body did not come whole: %w", err)
}

// readFrames answers the Go client's reads.
func (s *Server) readFrames(_ context.Context, _ *noParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		var q answers.Query
		if err := question(r, &q); err != nil {
			return err
		}
		return sendFrames(w, s.data.Series.Read(r.Context(), q.Query()))
	}), nil
}

// foldFrames answers the Go client when it resamples.
func (s *Server) foldFrames(_ context.Context, _ *noParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		var q answers.FoldQuery
		if err := question(r, &q); err != nil {
			return err
		}
		query, err := q.Query()
		if err != nil {
			return err
		}
		return sendFrames(w, s.data.Series.Resample(r.Context(), query))
	}), nil
}

// sendFrames answers with frames. Nothing is sent before there are many, so that an
// error of the first has a status of its own.
func sendFrames(w *call, frames iter.Seq2[*series.Frame, error]) error {
	out, err := w.body(wire.MediaType, "")
	if err != nil {
		return err
	}
	defer out.drop()
	message := wire.NewWriter(out)
	var rows int64
	for f, err := range frames {
		if err != nil && out.sent {
			// What came is of use: who asks for the rest is told the error.
			return errors.Join(err, out.send(), http.NewResponseController(w).Flush())
		}
		if err != nil {
			return err
		}
		rows += int64(f.Len())
		if err := message.Write(f); err != nil {
			return err
		}
	}
	if err := message.Close(); err != nil {
		return err
	}
	return out.finish(rows)
}

// WriteFramesParams say how frames are written.
type WriteFramesParams struct {
	Count           bool `query:"count" doc:"Count the rows that are new, unchanged and replaced."`
	RefuseDifferent bool `query:"refuse_different" doc:"Write nothing if a row differs from the one that is stored."`
}

type replaceFramesParams struct {
	WriteFramesParams
	From string `query:"from" doc:"The beginning of what is replaced, RFC 3339; left out: none."`
	To   string `query:"to" doc:"Its end, which is not part of it; left out: none."`
}

func (p *WriteFramesParams) options() *series.WriteOptions {
	return &series.WriteOptions{Count: p.Count, RefuseDifferent: p.RefuseDifferent}
}

// framesOf reads the frames of a body, and returns what gives their place in memory
// back. The body is on disk before it takes one: a client that is slow to send it
// keeps nobody waiting.
func (s *Server) framesOf(r *http.Request) (all []series.Frame, release func(), err error) {
	most := int64(s.limits.MaxBody)
	name, err := s.keep(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, nil, err
	}
	defer func() { s.forget(name) }()
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, diskFault(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	about, err := f.Stat()
	if err != nil {
		return nil, nil, diskFault(err)
	}
	if release, err = s.hold(r.Context(), about.Size()); err != nil {
		return nil, nil, err
	}
	for f, err := range wire.Read(f, most) {
		if err != nil {
			release()
			return nil, nil, s.tooLarge(bodyFault(err))
		}
		all = append(all, *f)
	}
	return all, release, nil
}

// writeFrames writes what the Go client sends: all of it or nothing.
func (s *Server) writeFrames(_ context.Context, in *WriteFramesParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		frames, release, err := s.framesOf(r)
		if err != nil {
			return err
		}
		defer release()
		counts, err := s.data.Series.Write(r.Context(), frames, in.options())
		if err != nil {
			return err
		}
		return w.json(answers.OfCounts(counts))
	}), nil
}

// replaceFrames replaces a range by what the Go client sends.
func (s *Server) replaceFrames(_ context.Context, in *replaceFramesParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		span, err := (&SpanParams{From: in.From, To: in.To}).bounds(nil)
		if err != nil {
			return err
		}
		frames, release, err := s.framesOf(r)
		if err != nil {
			return err
		}
		defer release()
		if len(frames) != 1 {
			return fault.APIBody.Errorf("the body has %d frames, and one takes the place of a range", len(frames))
		}
		counts, err := s.data.Series.Replace(r.Context(), span, frames[0], in.options())
		if err != nil {
			return err
		}
		return w.json(answers.OfCounts(counts))
	}), nil
}

// json answers with a value.
func (c *call) json(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Header().Set("Content-Type", typeJSON)
	_, err = c.Write(append(text, '\n'))
	return err
}

// DeleteParams say what is deleted of a series.
type DeleteParams struct {
	From string `query:"from" doc:"The beginning, RFC 3339 or a date; without an offset it is of tz. Left out: the first row."`
	To   string `query:"to" doc:"The end, which is not part of it. Left out: behind the last row."`
	TZ   string `query:"tz" doc:"The time zone of times without an offset." example:"Asia/Shanghai"`
	All  bool   `query:"all" doc:"Delete the whole series, with its attributes: needed where neither from nor to is said."`
}

type (
	deleteBars struct {
		Symbol   string `query:"symbol" required:"true" doc:"The symbol." example:"rb2601.SHFE"`
		Interval string `query:"interval" required:"true" doc:"The interval of the bars." example:"1m"`
		DeleteParams
	}
	deleteTicks struct {
		Symbol string `query:"symbol" required:"true" doc:"The symbol." example:"rb2601.SHFE"`
		DeleteParams
	}
	deleteIndicator struct {
		Symbol   string `query:"symbol" required:"true" doc:"The symbol." example:"rb2601.SHFE"`
		Interval string `query:"interval" required:"true" doc:"The interval of the indicator." example:"1m"`
		Name     string `query:"name" required:"true" doc:"The name with its parameters." example:"rsi(14)"`
		DeleteParams
	}
)

func (s *Server) deleteBars(_ context.Context, in *deleteBars) (*huma.StreamResponse, error) {
	return s.delete(answers.Key{Kind: "bars"}, in.Symbol, in.Interval, &in.DeleteParams), nil
}

func (s *Server) deleteTicks(_ context.Context, in *deleteTicks) (*huma.StreamResponse, error) {
	return s.delete(answers.Key{Kind: "ticks"}, in.Symbol, "", &in.DeleteParams), nil
}

func (s *Server) deleteIndicators(_ context.Context, in *deleteIndicator) (*huma.StreamResponse, error) {
	return s.delete(answers.Key{Kind: "indicator", Name: in.Name}, in.Symbol, in.Interval, &in.DeleteParams), nil
}

func (s *Server) delete(of answers.Key, symbol, interval string, p *DeleteParams) *huma.StreamResponse {
	return s.streamed(func(w *call, r *http.Request) (err error) {
		k := of.Key()
		if k.Symbol, err = market.ParseSymbol(symbol); err != nil {
			return fault.At(fault.Place{Field: "symbol"}, err)
		}
		if interval != "" {
			if k.Interval, err = market.ParseInterval(interval); err != nil {
				return fault.At(fault.Place{Field: "interval"}, err)
			}
		}
		span := SpanParams{From: p.From, To: p.To, TZ: p.TZ}
		zone, err := span.zone()
		if err != nil {
			return err
		}
		in, err := span.bounds(zone)
		if err != nil {
			return err
		}
		if in == (market.Range{}) != p.All {
			return fault.At(fault.Place{Field: "all"}, fault.APIParameter.Errorf("say from or to, or all=true for the whole series, and not both"))
		}
		if strings.ContainsAny(symbol, "*?") { // deleting takes no pattern, and nothing would look done
			if err := s.exists(r.Context(), []series.Key{k}); err != nil {
				return err
			}
		}
		counts, err := s.data.Series.Delete(r.Context(), k, in)
		if err != nil {
			return err
		}
		return w.json(answers.OfCounts(counts))
	})
}
