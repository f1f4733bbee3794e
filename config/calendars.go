package config

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A CalendarName is the name of a trading calendar, RedFire's own or one of the
// configuration.
type CalendarName string

// A Zone is the name of a time zone, as [market.LoadZone] reads it.
type Zone string

// UnmarshalText reads the name of a zone of the IANA database, or +08:00.
func (z *Zone) UnmarshalText(text []byte) error {
	if _, err := market.LoadZone(string(text)); err != nil {
		return err
	}
	*z = Zone(text)
	return nil
}

// A Pattern stands for symbols: * in it for any text, ? for any one character.
type Pattern string

// UnmarshalText reads a pattern of a code, a dot and a pattern of an exchange.
func (p *Pattern) UnmarshalText(text []byte) error {
	code, exchange, ok := cutLast(string(text), '.')
	bad := func(r rune) bool { return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*?", r) }
	if !ok || code == "" || exchange == "" || strings.TrimSpace(code) != code || strings.ContainsFunc(code, unicode.IsControl) || strings.ContainsFunc(exchange, bad) {
		return fault.MarketSymbol.Errorf("%q is no pattern of symbols such as XAU*.LOCAL", clip(string(text)))
	}
	*p = Pattern(text)
	return nil
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// CalendarSpecs returns the calendars of the configuration in the order of their
// names, for [market.NewCalendars].
func (c *Config) CalendarSpecs() []market.CalendarSpec {
	var specs []market.CalendarSpec
	for _, name := range slices.Sorted(maps.Keys(c.Calendars)) {
		k := c.Calendars[name]
		s := market.CalendarSpec{
			Name: name, Like: string(k.Like), Zone: string(k.Zone), Known: k.Known, Weekdays: k.Weekdays,
			Closed: k.Closed, Open: k.Open, Hours: k.Hours, NoNight: k.NoNight,
			Auction: time.Duration(k.Auction), Closing: time.Duration(k.Closing),
		}
		for _, p := range k.Symbols {
			s.Symbols = append(s.Symbols, string(p))
		}
		specs = append(specs, s)
	}
	return specs
}

// checkCalendars tries the calendars. Each problem stands where it arises: one of
// a calendar that others are like is told of that one alone.
func (d *decoder) checkCalendars(c *Config) {
	specs := c.CalendarSpecs()
	if len(specs) == 0 {
		return
	}
	d.checkSymbols(specs)
	for _, s := range specs {
		d.checkDays(s.Name)
	}
	if _, err := market.NewCalendars(specs...); err == nil {
		return
	}
	stock, err := market.NewCalendars()
	if err != nil {
		panic(err) // nothing was said that could be wrong
	}
	k := &calendarTrial{decoder: d, own: map[string]market.CalendarSpec{}, stock: stock, tried: map[string]bool{}}
	for _, s := range specs {
		k.own[s.Name] = s
	}
	for _, s := range specs {
		k.try(s.Name, nil)
	}
}

// items returns the items of the list at path, nothing if one cannot be read.
func (d *decoder) items(path string) []item {
	v, _ := d.top(path)
	if d.bad[path] {
		return nil
	}
	return v.items
}

// checkSymbols reports patterns that two calendars have: which of them counts,
// only the user knows.
func (d *decoder) checkSymbols(specs []market.CalendarSpec) {
	owner := map[string]string{}
	for _, s := range specs {
		path := join("calendars", s.Name) + ".symbols"
		for _, e := range d.items(path) {
			other, taken := owner[e.text]
			if owner[e.text] = s.Name; taken && other != s.Name {
				d.problem(e.place, path, fault.MarketCalendar.Errorf("the symbols %q have the calendar %s too (%s)", clip(e.text), other, d.whence(join("calendars", other)+".symbols")))
			}
		}
	}
}

// checkDays reports days without trading, or with it, that have no end or
// contradict each other.
func (d *decoder) checkDays(name string) {
	var closed []market.Dates
	for _, key := range []string{".closed", ".open"} {
		path := join("calendars", name) + key
		for _, e := range d.items(path) {
			days, err := market.ParseDates(e.text)
			if err == nil && (days.First == 0 || days.Last == 0) {
				err = fault.MarketCalendar.Errorf("name the first and the last of the days, not %s alone", days)
			}
			overlap := slices.IndexFunc(closed, func(c market.Dates) bool { return days.First <= c.Last && c.First <= days.Last })
			switch {
			case err != nil:
			case key == ".closed":
				closed = append(closed, days)
			case overlap >= 0:
				err = fault.MarketCalendar.Errorf("%s is open here, and closed by %s", days, closed[overlap])
			}
			if err != nil {
				d.problem(e.place, path, err)
			}
		}
	}
}

// A calendarTrial finds out which calendars cannot be made, and why.
type calendarTrial struct {
	*decoder
	own   map[string]market.CalendarSpec
	stock *market.Calendars
	tried map[string]bool // what try returned
}

// try reports whether a calendar can be made, and tells what is wrong with it
// unless that is wrong with one it is like. The calendars of trail, the last one
// first to be, are like it.
func (k *calendarTrial) try(name string, trail []string) bool {
	ok, done := k.tried[name]
	if !done {
		ok = k.stands(name, append(slices.Clone(trail), name)) && k.makes(name)
		k.tried[name] = ok
	}
	return ok
}

// stands reports whether the calendar that the last of trail is like can be made.
func (k *calendarTrial) stands(name string, trail []string) bool {
	like := k.like(name)
	switch {
	case like == "":
		return true
	case !slices.Contains(k.names(), like):
		k.problemOf(name, ".like", k.unknown(like))
		return false
	case slices.Contains(trail, like):
		// RedFire's own calendars alone never go round in a circle.
		for _, n := range slices.Backward(trail) {
			if k.own[n].Like != "" {
				k.problemOf(n, ".like", fault.MarketCalendar.Errorf("the calendar is like itself: %s", strings.Join(append(trail, like), " -> ")))
				break
			}
		}
		return false
	}
	return k.try(like, trail)
}

// makes reports whether a calendar can be made where that which it is like can.
func (k *calendarTrial) makes(name string) bool {
	path := join("calendars", name)
	s, own := k.own[name]
	switch {
	case !own:
		return true
	case slices.ContainsFunc(k.problems, func(err error) bool {
		at, _ := fault.PlaceOf(err)
		return strings.HasPrefix(at.Field+".", path+".")
	}):
		return false // what was meant is not known
	}
	var chain []market.CalendarSpec
	for n := name; n != ""; n = k.like(n) {
		if s, own := k.own[n]; own {
			chain = append(chain, s)
		}
	}
	_, err := market.NewCalendars(chain...)
	switch {
	case err == nil:
		return true
	case k.like(name) == "" && !k.isStock(name) && len(missing(s)) > 0:
		err = fault.MarketCalendar.Errorf("the calendar is like no other, so it needs %s", strings.Join(missing(s), ", "))
	}
	k.problemOf(name, "", err)
	return false
}

// missing returns the keys without which a calendar that is like no other tells
// nothing.
func missing(s market.CalendarSpec) []string {
	var keys []string
	for _, needed := range []struct {
		given bool
		key   string
	}{{s.Zone != "", "zone"}, {s.Weekdays != 0, "weekdays"}, {s.Known.First != 0 && s.Known.Last != 0, "known"}, {len(s.Hours) > 0, "hours"}} {
		if !needed.given {
			keys = append(keys, needed.key)
		}
	}
	return keys
}

// problemOf notes what is wrong with a key of a calendar, or with all of it.
func (k *calendarTrial) problemOf(name, key string, err error) {
	path := join("calendars", name)
	at := k.named["calendars"][name]
	if v, given := k.top(path + key); given {
		at = v.place
	}
	k.problem(at, path+key, err)
}

// like returns the name of the calendar that one is like, "" for none.
func (k *calendarTrial) like(name string) string {
	if like := k.own[name].Like; like != "" || !k.isStock(name) {
		return like
	}
	c, err := k.stock.Named(name)
	if err != nil {
		panic(err) // RedFire's own can be made
	}
	return c.Spec().Like
}

func (k *calendarTrial) isStock(name string) bool { return slices.Contains(k.stock.Names(), name) }

// names returns the names of all calendars.
func (k *calendarTrial) names() []string {
	return slices.AppendSeq(k.stock.Names(), maps.Keys(k.own))
}

func (k *calendarTrial) unknown(name string) error {
	if near := Nearest(name, k.names()); near != "" {
		return fault.MarketCalendar.Errorf("there is no calendar %q; did you mean %q?", clip(name), near)
	}
	return fault.MarketCalendar.Errorf("there is no calendar %q; \"redfire calendar show\" lists those that there are", clip(name))
}
