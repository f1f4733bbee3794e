package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// maxSymbols is how many series one request may name.
const maxSymbols = 1000

// SpanParams say from when to when.
type SpanParams struct {
	From string `query:"from" doc:"The beginning, RFC 3339 or a date; without an offset it is of tz. Left out: the first row." example:"2026-01-05T01:00:00Z"`
	To   string `query:"to" doc:"The end, which is not part of it. Left out: behind the last row." example:"2026-01-06"`
	TZ   string `query:"tz" doc:"The time zone of times without an offset, and of the times in texts that are answered." example:"Asia/Shanghai"`
}

// repeatable are the parameters that may be given several times, by method.
var repeatable = map[string][]string{
	http.MethodGet: {"symbol", "kind", "interval", "columns"}, http.MethodHead: {"symbol", "kind", "interval", "columns"},
	http.MethodPost: {"map", "keep"},
}

// onceEach returns an error for a parameter that is given several times and counts
// once: which of its values was meant nobody knows.
func onceEach(r *http.Request) error {
	for name, values := range r.URL.Query() {
		several := slices.Contains(repeatable[r.Method], name)
		if name == "interval" && r.URL.Path != streamPath {
			several = false
		}
		if len(values) > 1 && !several {
			return fault.At(fault.Place{Field: name}, fault.APIParameter.Errorf("it is given %d times", len(values)))
		}
	}
	return nil
}

// zone returns the zone that is named, nil for none.
func (p *SpanParams) zone() (*time.Location, error) {
	if p.TZ == "" {
		return nil, nil
	}
	zone, err := market.LoadZone(p.TZ)
	return zone, fault.At(fault.Place{Field: "tz"}, err)
}

// bounds returns the range. A zone of nil is none.
func (p *SpanParams) bounds(zone *time.Location) (market.Range, error) {
	r, err := market.ParseRange(p.From, p.To, zone)
	if at, _ := fault.PlaceOf(err); err != nil && at.Field == "" { // it goes backwards
		err = fault.At(fault.Place{Field: "from"}, err)
	}
	return r, err
}

// RowParams say which rows, and how they are answered.
type RowParams struct {
	SpanParams
	Columns []string `query:"columns" doc:"The columns besides symbol, interval, time and seq; left out: all." example:"close,volume" maxItems:"100"`
	FormatParams
}

// ReadParams say which stored rows.
type ReadParams struct {
	RowParams
	Limit   int  `query:"limit" doc:"How many rows of each series at most; 0: all." minimum:"0"`
	Reverse bool `query:"reverse" doc:"The last row first."`
}

// FormatParams say in which form.
type FormatParams struct {
	Format string `query:"format" enum:"json,ndjson,csv,arrow" doc:"The form, where Accept cannot be set: it counts more."`
}

// ListParams say in which form a list is answered.
type ListParams struct {
	Format string `query:"format" enum:"json,ndjson" doc:"The form, where Accept cannot be set: it counts more."`
}

// BarsParams name series of bars.
type BarsParams struct {
	Symbol   []string `query:"symbol,explode" required:"true" doc:"A symbol, or a pattern with * and ?; repeated for several." example:"BTCUSD.BITSTAMP" minItems:"1" maxItems:"1000"`
	Interval string   `query:"interval" required:"true" doc:"The interval of the bars: 1m, 5m, 1h, d, w..." example:"1m"`
}

// TicksParams name series of ticks.
type TicksParams struct {
	Symbol []string `query:"symbol,explode" required:"true" doc:"A symbol, or a pattern with * and ?; repeated for several." example:"BTCUSD.BITSTAMP" minItems:"1" maxItems:"1000"`
}

// IndicatorParams name indicators.
type IndicatorParams struct {
	BarsParams
	Name string `query:"name" required:"true" doc:"The name with its parameters." example:"rsi(14)"`
}

func (p *BarsParams) keys() (named, error) {
	v, err := market.ParseInterval(p.Interval)
	if err != nil {
		return named{}, fault.At(fault.Place{Field: "interval"}, err)
	}
	return named{p.Symbol, series.Key{Kind: series.Bars, Interval: v}}, nil
}

func (p *TicksParams) keys() (named, error) {
	return named{p.Symbol, series.Key{Kind: series.Ticks}}, nil
}

func (p *IndicatorParams) keys() (named, error) {
	n, err := p.BarsParams.keys()
	n.of.Kind, n.of.Name = series.Indicator, p.Name
	return n, err
}

// named is the series that a request names: symbols, and what they have in common.
type named struct {
	symbols []string
	of      series.Key
}

// keysOf returns the keys that are named, in the order of the request and those of
// a pattern in that of the store.
func (s *Server) keysOf(ctx context.Context, n named) ([]series.Key, error) {
	var keys []series.Key
	seen := map[series.Key]bool{}
	add := func(k series.Key) {
		if !seen[k] {
			seen[k], keys = true, append(keys, k)
		}
	}
	for _, text := range n.symbols {
		k := n.of
		if strings.ContainsAny(text, "*?") {
			if err := s.eachLike(ctx, k, text, add); err != nil {
				return nil, err
			}
			continue
		}
		var err error
		if k.Symbol, err = market.ParseSymbol(text); err != nil {
			return nil, fault.At(fault.Place{Field: "symbol"}, err)
		}
		if err := k.Validate(); err != nil {
			return nil, err
		}
		add(k)
	}
	switch {
	case len(keys) == 0:
		return nil, fault.APINoSeries.Errorf("no series of %s is like %s", n.of.Kind, strings.Join(n.symbols, ", "))
	case len(keys) > maxSymbols:
		return nil, fault.APITooLarge.Errorf("%d series are named, and %d may be in one request", len(keys), maxSymbols)
	}
	return keys, nil
}

// eachLike gives the stored keys whose symbol is like a pattern to add.
func (s *Server) eachLike(ctx context.Context, of series.Key, pattern string, add func(series.Key)) error {
	like, err := market.SymbolsLike(pattern)
	if err != nil {
		return fault.At(fault.Place{Field: "symbol"}, err)
	}
	for about, err := range s.data.Series.Overview(ctx, series.Filter{Kind: of.Kind, Interval: of.Interval, Name: of.Name}) {
		if err != nil {
			return err
		}
		if like(about.Key.Symbol) {
			add(about.Key)
		}
	}
	return nil
}

// oneKey returns the key of a request that is about one series.
func (s *Server) oneKey(ctx context.Context, n named) (series.Key, error) {
	keys, err := s.keysOf(ctx, n)
	if err == nil && len(keys) > 1 {
		err = fault.At(fault.Place{Field: "symbol"}, fault.APIParameter.Errorf("%d series are named, and this is about one", len(keys)))
	}
	if err != nil {
		return series.Key{}, err
	}
	return keys[0], nil
}

// about returns what is known of series, which need not exist: those that do not
// have nothing but their key. Rows are not counted.
func (s *Server) about(ctx context.Context, keys []series.Key) ([]series.Overview, error) {
	all := make([]series.Overview, len(keys))
	for i, k := range keys {
		all[i].Key = k
		for about, err := range s.data.Series.Overview(ctx, series.Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name, Brief: true}) {
			if err != nil {
				return nil, err
			}
			if about.Key == k {
				all[i] = about
			}
		}
	}
	return all, nil
}

// exists returns an error if none of the series is stored.
func (s *Server) exists(ctx context.Context, keys []series.Key) error {
	for _, k := range keys {
		for about, err := range s.data.Series.Overview(ctx, series.Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name}) {
			if err != nil || about.Key == k {
				return err
			}
		}
	}
	return s.missing(ctx, keys[0])
}

// allThere returns an error if one of several series is not stored: an answer
// without it would look whole. That of one alone is known when it has no rows.
func (s *Server) allThere(ctx context.Context, keys []series.Key) error {
	if len(keys) == 1 {
		return nil
	}
	for _, k := range keys {
		if err := s.exists(ctx, []series.Key{k}); err != nil {
			return err
		}
	}
	return nil
}

// missing says that there is no series, and which it may have been meant: letters
// are capitals at one exchange and not at the next.
func (s *Server) missing(ctx context.Context, k series.Key) error {
	var all []series.Key
	for about, err := range s.data.Series.Overview(ctx, series.Filter{Kind: k.Kind}) {
		if err != nil {
			return err
		}
		all = append(all, about.Key)
	}
	near := slices.IndexFunc(all, func(o series.Key) bool { return strings.EqualFold(o.Symbol.Code, k.Symbol.Code) })
	if near >= 0 {
		return fault.APINoSeries.Errorf("there is no series %s; there is %s", k, all[near])
	}
	return fault.APINoSeries.Errorf("there is no series %s", k)
}
