package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/problem"
)

// ready tells whether requests are answered: sources that are critical are not
// down, and the server is not about to stop.
func (s *Server) ready(_ context.Context, _ *noParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		a := answers.Ready{Status: "ok", Sources: []answers.Source{}}
		status := http.StatusOK
		lang := languageOf(r.Header.Get("Accept-Language"))
		for _, about := range s.data.Sources(r.Context()) {
			j := answers.Source{Name: about.Name, Engine: about.Engine, State: string(about.State), Critical: about.Critical}
			if about.Err != nil {
				j.Error = problem.Of(about.Err, lang)
				j.Error.Hide(s.folders)
			}
			if about.Critical && about.State == redfire.Down {
				a.Status, status = "down", http.StatusServiceUnavailable
			}
			a.Sources = append(a.Sources, j)
		}
		select {
		case <-s.stop:
			a.Status, status = "stopping", http.StatusServiceUnavailable
		default:
		}
		w.Header().Set("Content-Type", typeJSON)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		return w.json(a)
	}), nil
}

// live tells that the process answers. It looks at nothing outside of it.
func (s *Server) live(_ context.Context, _ *noParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, _ *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		return w.json(map[string]string{"status": "ok"})
	}), nil
}

type streamParams struct {
	Symbol   []string `query:"symbol,explode" doc:"A symbol, or a pattern with * and ?; repeated for several. Left out: all." example:"BTCUSD.BITSTAMP"`
	Kind     []string `query:"kind,explode" enum:"bars,ticks" doc:"bars, ticks; left out: both."`
	Interval []string `query:"interval,explode" doc:"The intervals of bars; left out: all." example:"1m"`
	Since    string   `query:"since" doc:"The number of the change behind which to begin, where the header Last-Event-ID cannot be set. Left out: now."`
}

// follow tells what changes, as long as the client reads.
func (s *Server) follow(_ context.Context, _ *streamParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		if !s.streams.TryAcquire(1) {
			return fault.APIBusy.Errorf("%d streams are open already", s.limits.MaxStreams)
		}
		defer s.streams.Release(1)
		defer s.data.StreamBegins()()
		s.feed.ServeHTTP(w, r)
		return nil
	}), nil
}
