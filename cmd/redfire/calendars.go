package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/market"
)

// calendars returns RedFire's calendars with what the configuration changes and
// adds. They are made once.
func (p *program) calendars() (*market.Calendars, error) {
	if p.trading != nil {
		return p.trading, nil
	}
	c, err := config.Load(p.options())
	if err != nil {
		return nil, err
	}
	cs, err := market.NewCalendars(c.CalendarSpecs()...)
	if err != nil {
		return nil, err
	}
	p.trading, p.configured = cs, slices.Sorted(maps.Keys(c.Calendars))
	return cs, nil
}

// completeCalendars completes the name of a calendar.
func (p *program) completeCalendars() []string {
	cs, err := p.calendars()
	if err != nil {
		return nil
	}
	return cs.Names()
}

// knownExchanges are those whose symbols may all have one calendar.
var knownExchanges = []market.Exchange{
	market.SSE, market.SZSE, market.BSE,
	market.NYSE, market.NASDAQ, market.ARCA, market.EDGEA, market.ISLAND, market.BATS, market.IEX, market.AMEX,
	"BINANCE", "BITFINEX", "BITGET", "BITMEX", "BITSTAMP", "BYBIT", "COINBASE", "DERIBIT", "GATEIO", "HUOBI", "KRAKEN", "KUCOIN", "OKEX", "OKX",
}

// futuresExchanges are those whose products have calendars of their own.
var futuresExchanges = []market.Exchange{market.CFFEX, market.SHFE, market.CZCE, market.DCE, market.INE, market.GFEX}

// owners returns by the name of each of RedFire's own calendars which symbols
// have it: those of an exchange, "SSE", or of a product of one, "SHFE rb".
func owners() (map[string][]string, error) {
	stock, err := market.NewCalendars()
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, e := range knownExchanges {
		if name, err := stock.NameOf(market.Symbol{Code: "1", Exchange: e}); err == nil {
			all[name] = append(all[name], string(e))
		}
	}
	for _, name := range stock.Names() {
		exchange, product, _ := strings.Cut(name, "_")
		y := market.Symbol{Code: product + "2601", Exchange: market.Exchange(strings.ToUpper(exchange))}
		if of, err := stock.NameOf(y); err != nil || of != name || !slices.Contains(futuresExchanges, y.Exchange) {
			continue
		}
		if y.Exchange == market.CZCE || y.Exchange == market.CFFEX {
			product = strings.ToUpper(product) // as the exchange writes it
		}
		all[name] = []string{string(y.Exchange) + " " + product}
	}
	return all, nil
}

// ownersOf returns which symbols have c: those of RedFire's own calendar, and the
// patterns of the configuration.
func ownersOf(c *market.Calendar, all map[string][]string) []string {
	return append(append([]string{}, all[c.Name()]...), c.Spec().Symbols...)
}

// A period is days in which trading days have the same hours as a rule.
type period struct {
	Days  market.Dates `json:"days"`
	Hours string       `json:"hours"`
}

// periods returns the periods of a calendar in the order of time.
func periods(c *market.Calendar) []period {
	known, hours := c.Known(), c.Spec().Hours
	starts := []market.Date{known.First}
	for _, h := range hours {
		starts = append(starts, h.Days.First, h.Days.Last+1)
	}
	slices.Sort(starts)
	starts = slices.DeleteFunc(slices.Compact(starts), func(d market.Date) bool { return !known.Contains(d) })
	var all []period
	for i, first := range starts {
		last := known.Last
		if i+1 < len(starts) {
			last = starts[i+1] - 1
		}
		text := ""
		for _, h := range slices.Backward(hours) {
			if h.Days.Contains(first) {
				text = joined(h).Sessions()
				break
			}
		}
		if n := len(all); n > 0 && all[n-1].Hours == text {
			all[n-1].Days.Last = last
			continue
		}
		all = append(all, period{market.Dates{First: first, Last: last}, text})
	}
	return all
}

const wholeDay = 24 * time.Hour

// joined returns h with those sessions as one that touch each other, as days have
// them.
func joined(h market.Hours) market.Hours {
	var day []market.Span
	for _, s := range h.Eve {
		day = append(day, market.Span{From: s.From - wholeDay, To: s.To - wholeDay})
	}
	night, day := touching(h.Night), touching(append(day, h.Day...))
	return hoursOf(night, day)
}

func touching(spans []market.Span) []market.Span {
	var all []market.Span
	for _, s := range spans {
		if n := len(all); n > 0 && all[n-1].To == s.From {
			all[n-1].To = s.To
			continue
		}
		all = append(all, s)
	}
	return all
}

// hoursOf returns hours of spans that count from the beginning of the trading day:
// those before it are of its eve.
func hoursOf(night, day []market.Span) market.Hours {
	h := market.Hours{Night: night}
	for _, s := range day {
		if s.From < 0 {
			h.Eve = append(h.Eve, market.Span{From: s.From + wholeDay, To: s.To + wholeDay})
			continue
		}
		h.Day = append(h.Day, s)
	}
	return h
}

// sessionsText returns sessions of one trading day as the clock of zone shows
// them, in the form of the configuration: night 21:00-23:00 day 09:00-10:15.
func sessionsText(all []market.Session, zone *time.Location) string {
	var night, day []market.Span
	for _, s := range all {
		begins := s.From.Date(zone)
		span := market.Span{From: wall(s.From, begins, zone), To: wall(s.To, begins, zone)}
		if s.Night {
			night = append(night, span)
			continue
		}
		ahead := time.Duration(begins-s.Day) * wholeDay
		day = append(day, market.Span{From: span.From + ahead, To: span.To + ahead})
	}
	return hoursOf(night, day).Sessions()
}

// wall returns how long after the midnight of a date the clock of zone shows t.
func wall(t market.Time, since market.Date, zone *time.Location) time.Duration {
	at := t.In(zone)
	h, m, s := at.Clock()
	return time.Duration(t.Date(zone)-since)*wholeDay + time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

// short returns a length of time without the zeros at its end.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
