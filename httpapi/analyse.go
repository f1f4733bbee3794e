package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// CalendarParam names a calendar.
type CalendarParam struct {
	Calendar string `query:"calendar" doc:"The trading calendar: a name, auto for that of the symbol, none for the clock." example:"auto"`
}

// calendar returns the calendar of a name, that of the symbol for auto.
func (s *Server) calendar(name string, y market.Symbol) (*market.Calendar, error) {
	all, err := s.data.Calendars()
	if err != nil {
		return nil, err
	}
	if name = strings.ToLower(name); name == "" || name == marketfile.CalendarAuto {
		return all.Of(y)
	}
	c, err := all.Named(name)
	return c, fault.At(fault.Place{Field: "calendar"}, err)
}

type expectedParams struct {
	BarsParams
	SpanParams
	CalendarParam
	ListParams
}

// expected returns what the parameters ask of stored bars.
func (s *Server) expected(ctx context.Context, in *expectedParams) (q series.ExpectedQuery, err error) {
	if in.Calendar == marketfile.CalendarNone {
		return q, fault.At(fault.Place{Field: "calendar"}, fault.APIParameter.Errorf("without a calendar no bar is expected"))
	}
	zone, err := in.zone()
	if err != nil {
		return q, err
	}
	if q.Range, err = in.bounds(zone); err != nil {
		return q, err
	}
	n, err := in.keys()
	if err != nil {
		return q, err
	}
	if q.Keys, err = s.keysOf(ctx, n); err != nil {
		return q, err
	}
	q.Calendar = func(y market.Symbol) (*market.Calendar, error) { return s.calendar(in.Calendar, y) }
	return q, s.exists(ctx, q.Keys)
}

func (s *Server) gaps(_ context.Context, in *expectedParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		q, err := s.expected(r.Context(), in)
		if err != nil {
			return err
		}
		return list(w, r, in.Format, func(yield func(answers.Defect, error) bool) {
			for d, err := range s.data.Series.Gaps(r.Context(), q) {
				j := answers.Defect{Key: answers.OfKey(d.Key), Defect: d.Kind, From: d.Range.From, To: d.Range.To, Bars: d.Bars, Findings: d.Findings}
				if !yield(j, err) || err != nil {
					return
				}
			}
		})
	}), nil
}

func (s *Server) coverage(_ context.Context, in *expectedParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		q, err := s.expected(r.Context(), in)
		if err != nil {
			return err
		}
		return list(w, r, in.Format, func(yield func(answers.Day, error) bool) {
			for c, err := range s.data.Series.Coverage(r.Context(), q) {
				if err != nil {
					yield(answers.Day{}, err)
					return
				}
				for _, d := range c.Days {
					if !yield(answers.Day{Key: answers.OfKey(c.Key), Calendar: c.Calendar, Day: d.Day, Expected: d.Expected, Present: d.Present, Outside: d.Outside}, nil) {
						return
					}
				}
			}
		})
	}), nil
}

type profileParams struct {
	BarsParams
	SpanParams
	Step float64 `query:"step" required:"true" doc:"The width of a step of price." exclusiveMinimum:"0" example:"10"`
	ListParams
}

func (s *Server) profile(_ context.Context, in *profileParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		zone, err := in.zone()
		if err != nil {
			return err
		}
		span, err := in.bounds(zone)
		if err != nil {
			return err
		}
		n, err := in.keys()
		if err != nil {
			return err
		}
		k, err := s.oneKey(r.Context(), n)
		if err != nil {
			return err
		}
		if err := s.exists(r.Context(), []series.Key{k}); err != nil {
			return err
		}
		levels, err := s.data.Series.Profile(r.Context(), k, span, in.Step)
		if err != nil {
			return err
		}
		return list(w, r, in.Format, func(yield func(answers.Level, error) bool) {
			for _, l := range levels {
				if !yield(answers.Level(l), nil) {
					return
				}
			}
		})
	}), nil
}

// FoldParams say what bars are to be made.
type FoldParams struct {
	To string `query:"to_interval" required:"true" doc:"The interval of the bars that are made." example:"1h"`
	CalendarParam
	Volume string `query:"tick_volume" enum:"traded,cumulative" doc:"How the volume of ticks counts; left out: as the attribute of the series says."`
	RowParams
}

type resampleBars struct {
	BarsParams
	FoldParams
}

type resampleTicks struct {
	TicksParams
	FoldParams
}

func (s *Server) resampleBars(ctx context.Context, in *resampleBars) (*huma.StreamResponse, error) {
	n, err := in.keys()
	return s.resample(ctx, n, &in.FoldParams, err)
}

func (s *Server) resampleTicks(ctx context.Context, in *resampleTicks) (*huma.StreamResponse, error) {
	n, err := in.keys()
	return s.resample(ctx, n, &in.FoldParams, err)
}

func (s *Server) resample(_ context.Context, n named, p *FoldParams, failed error) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		if failed != nil {
			return failed
		}
		form, err := formOf(p.Format, r.Header.Get("Accept"), rowForms)
		if err != nil {
			return err
		}
		k, err := s.oneKey(r.Context(), n)
		if err != nil {
			return err
		}
		source, err := s.about(r.Context(), []series.Key{k})
		if err != nil {
			return err
		}
		q, err := s.foldQuery(source[0], p)
		if err != nil {
			return err
		}
		shown, err := p.zone()
		if err != nil {
			return err
		}
		made := series.Overview{Key: series.BarKey(k.Symbol, q.Interval)}
		opts := marketfile.EncodeOptions{Format: form.format, Zone: shown, Plain: true}
		if len(p.Columns) > 0 {
			opts.Columns = p.Columns
		}
		out := &rowAnswer{call: w, form: form, packing: r.Header.Get("Accept-Encoding"), kind: series.Bars, about: []series.Overview{made}, opts: opts}
		exists := func() error { return s.exists(r.Context(), []series.Key{k}) }
		err = out.send(s.data.Series.Resample(r.Context(), q), exists)
		if w.status == 0 && errors.Is(err, fault.Invalid) {
			// What is not known of a series may be for want of the series.
			err = cmp.Or(exists(), err)
		}
		return err
	}), nil
}

// foldQuery returns the question for the bars that are to be made. Without a
// calendar they are counted by the clock, but for days that begin with a night
// session: those of the clock would be wrong and look right.
func (s *Server) foldQuery(source series.Overview, p *FoldParams) (q series.FoldQuery, err error) {
	q = series.FoldQuery{Keys: []series.Key{source.Key}, Volume: market.TickVolume(p.Volume)}
	if q.Interval, err = market.ParseInterval(p.To); err != nil {
		return q, fault.At(fault.Place{Field: "to_interval"}, err)
	}
	if q.Zone, err = p.zone(); err != nil {
		return q, err
	}
	y := source.Key.Symbol
	daily := q.Interval.Daily() && !source.Key.Interval.Daily()
	if p.Calendar != marketfile.CalendarNone && (p.Calendar != "" || daily) {
		if err := s.foldByCalendar(&q, p, y); err != nil {
			return q, err
		}
	}
	if q.Zone == nil {
		if q.Zone, err = zoneOf(source); err != nil && q.Interval.Daily() {
			return q, fault.At(fault.Place{Field: "tz"}, fault.APIParameter.Errorf("name the time zone in which days are counted: %w", err))
		} else if err != nil {
			q.Zone = time.UTC
		}
	}
	q.Range, err = p.bounds(q.Zone)
	return q, err
}

// foldByCalendar makes q count by the calendar that is named, or by that of the
// symbol if it has one and nothing else was said.
func (s *Server) foldByCalendar(q *series.FoldQuery, p *FoldParams, y market.Symbol) error {
	c, err := s.calendar(p.Calendar, y)
	switch {
	case p.Calendar == "" && errors.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case p.Calendar == "" && c.ByClock(q.Interval):
		return nil
	case p.Calendar == "":
		return fault.At(fault.Place{Field: "calendar"}, fault.APIParameter.Errorf("days of %s begin with the session of the evening before, by the calendar %s: say auto, or none for days from midnight", y, c.Name()))
	case q.Zone != nil && q.Zone.String() != c.Zone().String():
		return fault.At(fault.Place{Field: "tz"}, fault.APIParameter.Errorf("the calendar %s counts in %s, not in %s", c.Name(), c.Zone(), q.Zone))
	}
	q.Zone = c.Zone()
	if !q.Keys[0].Interval.Daily() { // days are those of the calendar already
		q.Calendar = c
	}
	return nil
}

// zoneOf returns the zone that a series says, or else its exchange.
func zoneOf(about series.Overview) (*time.Location, error) {
	if name := about.Attrs[series.AttrZone]; name != "" {
		return market.LoadZone(name)
	}
	return about.Key.Symbol.Exchange.Zone()
}
