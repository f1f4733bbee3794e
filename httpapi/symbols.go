package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

type symbolsParams struct {
	Kind     string `query:"kind" enum:"bars,ticks,indicator" doc:"The kind of series; left out: all."`
	Symbol   string `query:"symbol" doc:"A symbol, or a pattern with * and ?." example:"rb*"`
	Exact    bool   `query:"exact" doc:"Take the symbol as it is, though it has a * or ? in it."`
	Exchange string `query:"exchange" doc:"The exchange." example:"SHFE"`
	Interval string `query:"interval" doc:"The interval of bars and indicators." example:"1m"`
	Name     string `query:"name" doc:"The name of an indicator."`
	Brief    bool   `query:"brief" doc:"Without counting: rows, first and last may be missing, and series that have neither attributes nor extra columns too."`
	ListParams
}

// filter returns what the parameters let through.
func (p *symbolsParams) filter() (f series.Filter, like func(market.Symbol) bool, err error) {
	f = series.Filter{Kind: series.KindNamed(p.Kind), Exchange: market.Exchange(p.Exchange), Name: p.Name, Brief: p.Brief}
	if p.Interval != "" {
		if f.Interval, err = market.ParseInterval(p.Interval); err != nil {
			return f, nil, fault.At(fault.Place{Field: "interval"}, err)
		}
	}
	like = func(market.Symbol) bool { return true }
	if strings.ContainsAny(p.Symbol, "*?") && !p.Exact {
		if like, err = market.SymbolsLike(p.Symbol); err != nil {
			return f, nil, fault.At(fault.Place{Field: "symbol"}, err)
		}
	} else if p.Symbol != "" {
		if f.Symbol, err = market.ParseSymbol(p.Symbol); err != nil {
			return f, nil, fault.At(fault.Place{Field: "symbol"}, err)
		}
	}
	return f, like, nil
}

func (s *Server) symbols(_ context.Context, in *symbolsParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		f, like, err := in.filter()
		if err != nil {
			return err
		}
		return list(w, r, in.Format, func(yield func(*answers.Series, error) bool) {
			for about, err := range s.data.Series.Overview(r.Context(), f) {
				switch {
				case err != nil:
					yield(nil, err)
					return
				case like(about.Key.Symbol) && !yield(answers.OfOverview(about), nil):
					return
				}
			}
		})
	}), nil
}

type changesParams struct {
	Since uint64 `query:"since" doc:"The number behind which to begin."`
	ListParams
}

func (s *Server) changes(_ context.Context, in *changesParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		return list(w, r, in.Format, func(yield func(*answers.Change, error) bool) {
			for c, err := range s.data.Series.Changes(r.Context(), in.Since) {
				if !yield(answers.OfChange(c), err) || err != nil {
					return
				}
			}
		})
	}), nil
}

type verifyParams struct{ ListParams }

// verify lists what is damaged. It reads everything that is stored.
func (s *Server) verify(_ context.Context, in *verifyParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		lang := languageOf(r.Header.Get("Accept-Language"))
		return list(w, r, in.Format, func(yield func(*answers.Damage, error) bool) {
			for d, err := range s.data.Verify(r.Context()) {
				if err != nil {
					yield(nil, err)
					return
				}
				j := answers.OfDamage(d, lang)
				j.Hide(s.folders)
				if !yield(j, nil) {
					return
				}
			}
		})
	}), nil
}
