package market

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redfire-quant/redfire/fault"
)

// Calendars are a set of calendars by name: those that RedFire has, changed and
// added to by those of the user. It may be used by several goroutines; a calendar
// is made when it is first asked for.
//
//	24x7           every minute, in UTC: crypto
//	china          the trading days of China, on which the others stand
//	china_stocks   stocks and bonds in Shanghai, Shenzhen and Beijing
//	china_futures  futures without a night session
//	shfe_rb        a future by exchange and product, and so on
//	us_stocks      stocks in New York: NYSE, Nasdaq and the others there
type Calendars struct {
	own   map[string]CalendarSpec // the user's, by name
	stock map[string]CalendarSpec // RedFire's, by name

	mu    sync.Mutex // guards the field below
	built map[string]*Calendar
}

// NewCalendars returns RedFire's calendars with those that specs change or add.
// If one of these cannot be made the error is [fault.Invalid].
func NewCalendars(specs ...CalendarSpec) (*Calendars, error) {
	cs := &Calendars{own: map[string]CalendarSpec{}, stock: stockCalendars(), built: map[string]*Calendar{}}
	for _, s := range specs {
		switch s.Name {
		case "":
			return nil, fault.MarketCalendar.Errorf("a calendar has no name")
		case "auto", "none": // which commands and imports understand in another way
			return nil, fault.MarketCalendar.Errorf("a calendar cannot be called %s", s.Name)
		}
		if _, twice := cs.own[s.Name]; twice {
			return nil, fault.MarketCalendar.Errorf("two calendars have the name %s", s.Name)
		}
		cs.own[s.Name] = s
	}
	var problems fault.List
	for _, s := range specs {
		if _, err := cs.Named(s.Name); err != nil {
			problems = append(problems, err)
		}
	}
	return cs, problems.Err()
}

// Names returns the names of all calendars, in order.
func (cs *Calendars) Names() []string {
	names := maps.Clone(cs.stock)
	maps.Copy(names, cs.own)
	return slices.Sorted(maps.Keys(names))
}

// Named returns the calendar of a name, [fault.NotFound] if there is none.
func (cs *Calendars) Named(name string) (*Calendar, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c := cs.built[name]; c != nil {
		return c, nil
	}
	plan, err := cs.resolve(name, 0)
	if err != nil {
		return nil, err
	}
	c, err := plan.build()
	if err == nil {
		cs.built[name] = c
	}
	return c, err
}

// maxLikes is how many calendars may stand on one another.
const maxLikes = 16

// resolve returns the plan of a calendar: that of the one it is like, changed by
// RedFire's spec of its name and then by the user's.
func (cs *Calendars) resolve(name string, depth int) (calendarPlan, error) {
	own, owned := cs.own[name]
	stock, stocked := cs.stock[name]
	if !owned && !stocked {
		return calendarPlan{}, fault.MarketUnlisted.Errorf("there is no calendar %q; there are %s", clip(name), strings.Join(cs.near(name), ", "))
	}
	if depth > maxLikes {
		return calendarPlan{}, fault.MarketCalendar.Errorf("calendar %s: it is like itself, or like one that is", name)
	}
	var plan calendarPlan
	var err error
	if like := cmp.Or(own.Like, stock.Like); like != "" {
		if plan, err = cs.resolve(like, depth+1); err != nil {
			return calendarPlan{}, err
		}
	}
	for _, s := range []struct {
		spec CalendarSpec
		here bool
	}{{stock, stocked && own.Like == ""}, {own, owned}} {
		if !s.here {
			continue
		}
		if err := s.spec.validate(); err != nil {
			return calendarPlan{}, err
		}
		plan = s.spec.over(plan)
	}
	plan.Like = cmp.Or(own.Like, stock.Like)
	return plan, nil
}

// near returns the names that one may have been meant by another: those with the
// same beginning, else those that are no products.
func (cs *Calendars) near(name string) []string {
	var near, general []string
	head, _, _ := strings.Cut(name, "_")
	for _, n := range cs.Names() {
		if head != "" && strings.HasPrefix(n, head+"_") {
			near = append(near, n)
		}
		if s := cs.stock[n]; s.Like != futures || n == futures {
			general = append(general, n)
		}
	}
	if len(near) > 0 {
		return near
	}
	return general
}

// Of returns the calendar of a symbol: the user's whose pattern it matches, the
// one with the fewest wildcards, else that of its exchange, or of its exchange and
// product: shfe_rb, which may be the user's too. If none is known the error is
// [fault.NotFound], and if the patterns of two match as well [fault.Invalid].
func (cs *Calendars) Of(y Symbol) (*Calendar, error) {
	name, err := cs.NameOf(y)
	if err != nil {
		return nil, err
	}
	return cs.Named(name)
}

// NameOf returns the name of the calendar that [Calendars.Of] returns.
func (cs *Calendars) NameOf(y Symbol) (string, error) {
	if name, err := cs.byPattern(y); name != "" || err != nil {
		return name, err
	}
	if name := stockCalendar(y.Exchange); name != "" {
		return name, nil
	}
	product := y.Product()
	if product != "" && slices.Contains(futuresExchanges, y.Exchange) {
		name := productCalendar(y.Exchange, product)
		if _, ok := cs.stock[name]; ok {
			return name, nil
		}
		if _, ok := cs.own[name]; ok {
			return name, nil
		}
		return "", fault.MarketUnlisted.Errorf("no calendar is known for the product %s of %s; name one with --calendar, or in the configuration", product, y.Exchange)
	}
	return "", fault.MarketUnlisted.Errorf("no calendar is known for %s; name one with --calendar, or in the configuration", y)
}

// byPattern returns the user's calendar whose pattern matches a symbol with the
// most characters that are no wildcards, "" if none does.
func (cs *Calendars) byPattern(y Symbol) (string, error) {
	found, other, most := "", "", -1
	for _, name := range slices.Sorted(maps.Keys(cs.own)) {
		for _, pattern := range cs.own[name].Symbols {
			exact := len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "?")
			switch {
			case exact < most || !matchSymbol(pattern, y.String()):
			case exact == most && found != name:
				other = name
			default:
				found, other, most = name, "", exact
			}
		}
	}
	if other != "" {
		return "", fault.MarketCalendar.Errorf("%s has the calendars %s and %s, by their symbols", y, found, other)
	}
	return found, nil
}

// Owners returns whose symbols have the calendar of a name, unless a pattern of
// the user's says otherwise: all those of some exchanges, or those of a product of
// one. There are none of a name of the user's.
func (cs *Calendars) Owners(name string) (exchanges []Exchange, product string) {
	if s, ok := cs.stock[name]; ok && s.product != "" {
		return []Exchange{s.exchange}, s.product
	}
	for e := range exchangeZones {
		if stockCalendar(e) == name {
			exchanges = append(exchanges, e)
		}
	}
	slices.Sort(exchanges)
	return exchanges, ""
}

// matchSymbol reports whether text is what a pattern says, in which * stands for
// any text and ? for one character.
func matchSymbol(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// Product returns the letters with which the code of a future or of an option on
// one begins, rb of rb2601 and of rb2601C3500; of a spread, "SP m2601&m2605", those
// of its first leg; and of what vendors call continuous contracts, rbL8 and RBJQ00,
// and trading at settlement, sctas2601, those before that. It is "" where there are
// none.
func (y Symbol) Product() string {
	code := y.Code
	if i := strings.LastIndexByte(code, ' '); i >= 0 {
		code = code[i+1:]
	}
	letters := strings.IndexFunc(code, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if letters < 0 {
		letters = len(code)
	}
	product, digits := code[:letters], code[letters:]
	for _, s := range []struct{ name, digits string }{{"L", "8"}, {"L", "9"}, {"JQ", "00"}} {
		if before, ok := strings.CutSuffix(product, s.name); ok && before != "" && digits == s.digits {
			return before
		}
	}
	if before, ok := strings.CutSuffix(product, "tas"); ok && before != "" && digits != "" {
		return before
	}
	return product
}

// stockCalendars returns RedFire's own calendars.
func stockCalendars() map[string]CalendarSpec {
	all := map[string]CalendarSpec{}
	for _, s := range append(chinaCalendars(), alwaysOpen, newYork()) {
		all[s.Name] = s
	}
	return all
}

// The names of calendars of whole exchanges.
const (
	always  = "24x7"
	china   = "china"
	stocks  = "china_stocks"
	futures = "china_futures"
	usStock = "us_stocks"
)

// alwaysOpen never closes. Its days begin when those of UTC do.
var alwaysOpen = CalendarSpec{
	Name: always, Zone: "UTC", Weekdays: EveryDay,
	Known: Dates{DateOf(2000, 1, 1), DateOf(2099, 12, 31)},
	Hours: []Hours{{Day: []Span{{0, 24 * hour}}}},
}

// stockCalendar returns the name of the calendar that all symbols of an exchange
// have, "" if there is no such.
func stockCalendar(e Exchange) string {
	switch e {
	case SSE, SZSE, BSE:
		return stocks
	case NYSE, NASDAQ, ARCA, EDGEA, ISLAND, BATS, IEX, AMEX:
		return usStock
	}
	if exchangeZones[e] == "UTC" {
		return always
	}
	return ""
}
