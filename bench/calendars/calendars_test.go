package calendars

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/bench/venv"
	"github.com/redfire-quant/redfire/market"
)

func day(year int, month time.Month, day int) market.Date { return market.DateOf(year, month, day) }

// A pairing is a calendar of ours, peers for it, and in what it differs from them.
type pairing struct {
	ours  string
	peers []Peer
	known []difference
}

func pairings() []pairing {
	newYork := market.Dates{First: day(1960, 1, 1), Last: day(2050, 12, 31)}
	china := market.Dates{First: day(1990, 12, 19), Last: day(2026, 12, 31)}
	return []pairing{
		{"us_stocks", []Peer{
			{Exchange, "XNYS", newYork}, {Market, "NYSE", newYork}, {Market, "NASDAQ", newYork},
		}, newYorkDifferences},
		{"china_stocks", []Peer{
			{Exchange, "XSHG", market.Dates{First: day(1990, 12, 3), Last: china.Last}}, {Market, "SSE", china}, {Market, "XSHG", china},
		}, chinaDifferences},
	}
}

func calendarOf(t *testing.T, name string) *market.Calendar {
	t.Helper()
	all, err := market.NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	c, err := all.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCalendarsAreThoseOfThePackages(t *testing.T) {
	if testing.Short() {
		t.Skip("Python may have to be installed: not in a short run")
	}
	python, err := venv.Python(t.Context(), func(line string) { t.Log(line) })
	if err != nil {
		t.Skip(err)
	}
	for _, p := range pairings() {
		c := calendarOf(t, p.ours)
		for _, peer := range p.peers {
			t.Run(peer.Package+"_"+peer.Name, func(t *testing.T) {
				t.Parallel()
				theirs, err := Read(t.Context(), python, peer)
				if err != nil {
					t.Fatal(err)
				}
				days, problems := compare(c, peer, theirs, p.known)
				for _, problem := range problems {
					t.Error(problem)
				}
				t.Logf("%s and %s: %d days compared, on %d of which there is trading", p.ours, peer, days, len(theirs))
			})
		}
	}
}

// compare holds every day of a peer against c. It returns how many there are, and
// the differences that are not known, or known and not there.
func compare(c *market.Calendar, p Peer, theirs map[market.Date][]Span, known []difference) (days int, problems []string) {
	found := make([]int, len(known))
	for d := p.Days.First; d <= p.Days.Last; d++ {
		days++
		a, b := sessionsOf(c, d), textOf(d, theirs[d], c.Zone())
		if a == b {
			continue
		}
		i := slices.IndexFunc(known, func(k difference) bool {
			return k.pack == p.Package && k.has(d.String()) && k.ours == a && k.theirs == b
		})
		if i < 0 {
			problems = append(problems, fmt.Sprintf("%s: ours %s, %s %s", d, a, p, b))
			continue
		}
		found[i]++
	}
	for i, k := range known {
		if k.pack == p.Package && found[i] != k.n {
			problems = append(problems, fmt.Sprintf("%s: ours %s, %s %s: on %d days, not on %d as listed", k.days, k.ours, p, k.theirs, found[i], k.n))
		}
	}
	for _, d := range slices.Sorted(maps.Keys(theirs)) {
		if !p.Days.Contains(d) {
			problems = append(problems, fmt.Sprintf("%s: %s was not asked for it", d, p))
		}
	}
	return days, problems
}

// sessionsOf returns the text of what c knows of a day.
func sessionsOf(c *market.Calendar, d market.Date) string {
	sessions, err := c.Sessions(d)
	if err != nil {
		return "unknown"
	}
	var spans []Span
	for _, s := range sessions {
		spans = append(spans, Span{s.From, s.To})
	}
	return textOf(d, spans, c.Zone())
}

// textOf returns the sessions of a day by the clock of zone. Those that differ have
// texts that differ: there is no trading where clocks are put back.
func textOf(d market.Date, spans []Span, zone *time.Location) string {
	if len(spans) == 0 {
		return "closed"
	}
	clock := func(t market.Time) string {
		text := t.In(zone).Format("15:04:05.999999999")
		text = strings.TrimSuffix(text, ":00")
		if t.Date(zone) != d {
			text = t.Date(zone).String() + "T" + text
		}
		return text
	}
	var texts []string
	for _, s := range spans {
		texts = append(texts, clock(s.From)+"-"+clock(s.To))
	}
	return strings.Join(texts, " ")
}

func TestEveryDifferenceHasAReason(t *testing.T) {
	for _, p := range pairings() {
		for _, k := range p.known {
			if !strings.HasPrefix(k.because, "we: ") && !strings.HasPrefix(k.because, "both: ") {
				t.Errorf("%s of %s: the reason does not begin with who is right: %q", k.days, k.pack, k.because)
			}
			if !slices.ContainsFunc(p.peers, func(peer Peer) bool { return peer.Package == k.pack }) || k.n < 1 || k.ours == k.theirs {
				t.Errorf("%+v is no difference", k)
			}
		}
	}
}

func TestDifferencesThatAreNotListedAreTold(t *testing.T) {
	c := calendarOf(t, "us_stocks")
	// The week of Independence Day of 2024.
	p := Peer{Exchange, "XNYS", market.Dates{First: day(2024, 7, 1), Last: day(2024, 7, 7)}}
	span := func(d int, from, to time.Duration) []Span {
		midnight := day(2024, 7, d).In(c.Zone())
		return []Span{{midnight + market.Time(from), midnight + market.Time(to)}}
	}
	full := func(d int) []Span { return span(d, 9*time.Hour+30*time.Minute, 16*time.Hour) }
	right := map[market.Date][]Span{
		day(2024, 7, 1): full(1), day(2024, 7, 2): full(2), day(2024, 7, 3): span(3, 9*time.Hour+30*time.Minute, 13*time.Hour), day(2024, 7, 5): full(5),
	}
	f := func(name, says string, spoil func(map[market.Date][]Span), known ...difference) {
		t.Helper()
		theirs := maps.Clone(right)
		spoil(theirs)
		days, problems := compare(c, p, theirs, known)
		if days != 7 || says == "" && len(problems) > 0 || says != "" && (len(problems) != 1 || problems[0] != says) {
			t.Errorf("%s: got %d days, %q, want %q", name, days, problems, says)
		}
	}
	nothing := func(map[market.Date][]Span) {}
	open := func(m map[market.Date][]Span) { m[day(2024, 7, 4)] = full(4) }
	holiday := difference{Exchange, "2024-07-04", 1, "closed", "09:30-16:00", "we: "}
	f("the same", "", nothing)
	f("open on a holiday", "2024-07-04: ours closed, exchange_calendars XNYS 09:30-16:00", open)
	f("that is listed", "", open, holiday)
	f("that is listed among days", "", open, difference{Exchange, "2024-07-01..2024-07-31", 1, "closed", "09:30-16:00", "we: "})
	f("listed for another package", "2024-07-04: ours closed, exchange_calendars XNYS 09:30-16:00", open,
		difference{Market, "2024-07-04", 1, "closed", "09:30-16:00", "we: "})
	f("listed, and not there", "2024-07-04: ours closed, exchange_calendars XNYS 09:30-16:00: on 0 days, not on 1 as listed", nothing, holiday)
	f("a day missing", "2024-07-05: ours 09:30-16:00, exchange_calendars XNYS closed", func(m map[market.Date][]Span) { delete(m, day(2024, 7, 5)) })
	f("a second too long", "2024-07-02: ours 09:30-16:00, exchange_calendars XNYS 09:30-16:00:01", func(m map[market.Date][]Span) {
		m[day(2024, 7, 2)] = span(2, 9*time.Hour+30*time.Minute, 16*time.Hour+time.Second)
	})
	f("another day's", "2024-07-02: ours 09:30-16:00, exchange_calendars XNYS 2024-07-01T09:30-2024-07-01T16:00", func(m map[market.Date][]Span) {
		m[day(2024, 7, 2)] = full(1)
	})
	f("a day too many", "2024-07-08: exchange_calendars XNYS was not asked for it", func(m map[market.Date][]Span) { m[day(2024, 7, 8)] = full(8) })
}

func TestLinesThatAreNoDaysAreTold(t *testing.T) {
	f := func(line, says string) {
		t.Helper()
		_, _, err := parseDay(line)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", line, err, says)
		}
	}
	f("", "0 words")
	f("2024-07-05 1 2 -", "4 words")
	f("2024-13-05 1 2 - -", "not a date")
	f("2024-07-05 1 x - -", "invalid syntax")
	f("2024-07-05 1 2 - 3", "invalid syntax")
	d, sessions, err := parseDay("2024-07-05 10 40 20 30\n")
	if want := []Span{{10e9, 20e9}, {30e9, 40e9}}; err != nil || d != day(2024, 7, 5) || !slices.Equal(sessions, want) {
		t.Errorf("got %s, %v, %v, want %v", d, sessions, err, want)
	}
}

func TestWhatPythonSaysIsTold(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	_, err = Read(t.Context(), python, Peer{Exchange, "no such", market.Dates{First: day(2024, 1, 1), Last: day(2024, 1, 2)}})
	if err == nil || !strings.Contains(err.Error(), "exchange_calendars no such: exit status 1") || !strings.Contains(err.Error(), "Error") {
		t.Errorf("got %v", err)
	}
}
