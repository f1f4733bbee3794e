package httpapi

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/sqlpool"
)

type poolsParams struct{ ListParams }

type poolParams struct {
	Name string `path:"name" doc:"The name of the source." example:"main"`
}

type statementsParams struct {
	Name  string `path:"name" doc:"The name of the source." example:"main"`
	Limit int    `query:"limit" default:"20" minimum:"1" maximum:"1000" doc:"How many statements at most."`
	ListParams
}

// pools lists the pools of SQL. No server is asked.
func (s *Server) pools(_ context.Context, in *poolsParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		return list(w, r, in.Format, func(yield func(*answers.SQLPool, error) bool) {
			for _, p := range s.data.SQL.All() {
				if !yield(s.poolAnswer(p, r), nil) {
					return
				}
			}
		})
	}), nil
}

// pool tells of one pool of SQL.
func (s *Server) pool(_ context.Context, in *poolParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		p, err := s.data.SQL.Pool(in.Name)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-cache")
		return w.json(s.poolAnswer(p, r))
	}), nil
}

// poolStatements lists the statements of a pool that took longest in all.
func (s *Server) poolStatements(_ context.Context, in *statementsParams) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		p, err := s.data.SQL.Pool(in.Name)
		if err != nil {
			return err
		}
		all, forgotten := p.Slowest(math.MaxInt)
		whole := forgotten.Total
		for _, one := range all {
			whole += one.Total
		}
		all = all[:min(in.Limit, len(all))]
		if forgotten.Calls > 0 {
			all = append(all, forgotten)
		}
		return list(w, r, in.Format, func(yield func(*answers.SQLStatement, error) bool) {
			for _, one := range all {
				if !yield(statementAnswer(one, whole), nil) {
					return
				}
			}
		})
	}), nil
}

func (s *Server) poolAnswer(p *sqlpool.Pool, r *http.Request) *answers.SQLPool {
	of := p.Stats()
	a := &answers.SQLPool{
		Name: of.Name, Engine: redfire.SQLEngine(p), State: "ok", MinIdle: of.MinIdle, MaxOpen: of.MaxOpen,
		Idle: of.Idle, InUse: of.InUse, Dialling: of.Dialling, Waiting: of.Waiting, Uses: of.Uses,
		Opened: of.Opened, Closed: of.Closed, Expired: of.Expired, Lost: of.Lost, Abandoned: of.Abandoned, Resets: of.Resets,
		Timeouts: of.Timeouts, Leaks: of.Leaks, Outages: of.Outages, Evictions: of.Evictions, Repeated: of.Repeated, Uncertain: of.Uncertain,
		Create: timesAnswer(of.Create), Wait: timesAnswer(of.Wait), Use: timesAnswer(of.Use), Holders: []answers.SQLHolder{},
	}
	if of.Server.System != "" {
		server := answers.SQLServer(of.Server)
		a.Server = &server
	} else {
		a.State = "unknown"
	}
	if out := of.Outage; out != nil {
		a.State = "down"
		a.Outage = &answers.SQLOutage{Since: out.Since.UTC(), Attempts: out.Attempts, Error: problem.Of(out.Err, languageOf(r.Header.Get("Accept-Language")))}
		a.Outage.Error.Hide(s.folders)
	}
	for _, h := range p.Holders() {
		a.Holders = append(a.Holders, answers.SQLHolder{Connection: h.Connection, Label: h.Label, Statement: h.Statement, Held: h.Held.Seconds()})
	}
	return a
}

func timesAnswer(h sqlpool.Histogram) answers.SQLTimes {
	return answers.SQLTimes{Count: h.Count, Sum: h.Sum.Seconds(), Mean: meanOf(h.Sum, h.Count)}
}

// meanOf returns the mean in seconds.
func meanOf(sum time.Duration, n int64) float64 {
	if n == 0 {
		return 0
	}
	return sum.Seconds() / float64(n)
}

func statementAnswer(s sqlpool.Statement, whole time.Duration) *answers.SQLStatement {
	a := &answers.SQLStatement{
		ID: s.ID, Statement: s.Fingerprint, Calls: s.Calls, Failed: s.Failed, Slow: s.Slow,
		Total: s.Total.Seconds(), Mean: meanOf(s.Total, s.Calls), Longest: s.Longest.Seconds(),
	}
	if whole > 0 {
		a.Share = s.Total.Seconds() / whole.Seconds()
	}
	return a
}
