// Package calendars reads calendars of the Python packages exchange_calendars and
// pandas_market_calendars. It is no benchmark: its test holds those of package
// market against them, day by day and session by session.
//
// The packages err, too, and differ from each other. The test has a table of all
// differences, with who is right and how that is known; one that is not in the
// table fails, as does one in the table that there is no more.
package calendars

import (
	"bytes"
	"context"
	_ "embed" // for the script
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/bench/venv"
	"github.com/redfire-quant/redfire/market"
)

// peersScript prints the sessions of a peer.
//
//go:embed peers.py
var peersScript string

// The packages, as Python imports them.
const (
	Exchange = "exchange_calendars"
	Market   = "pandas_market_calendars"
)

// A Peer is a calendar of one of the packages, which is asked for some days.
type Peer struct {
	Package, Name string

	Days market.Dates
}

// String returns the package and the name.
func (p Peer) String() string { return p.Package + " " + p.Name }

// A Span is a session, from From to, and without, To.
type Span struct{ From, To market.Time }

// Read returns the sessions of all trading days of p, in order. python is the
// interpreter that has the packages.
func Read(ctx context.Context, python string, p Peer) (map[market.Date][]Span, error) {
	var said bytes.Buffer
	c := exec.CommandContext(ctx, python, "-c", peersScript, p.Package, p.Name, p.Days.First.String(), p.Days.Last.String())
	c.Stderr, c.WaitDelay = &said, time.Second
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("calendars: %s: %w: %s", p, err, venv.LastLine(said.Bytes()))
	}
	days := map[market.Date][]Span{}
	for line := range strings.Lines(string(out)) {
		d, sessions, err := parseDay(line)
		if err != nil {
			return nil, fmt.Errorf("calendars: %s: %q: %w", p, line, err)
		}
		if _, twice := days[d]; twice {
			return nil, fmt.Errorf("calendars: %s: %s is there twice", p, d)
		}
		days[d] = sessions
	}
	return days, nil
}

// parseDay reads a line of the script.
func parseDay(line string) (market.Date, []Span, error) {
	words := strings.Fields(line)
	if len(words) != 5 {
		return 0, nil, fmt.Errorf("%d words, not 5", len(words))
	}
	d, err := market.ParseDate(words[0])
	if err != nil {
		return 0, nil, err
	}
	if slices.Equal(words[3:], []string{"-", "-"}) {
		words = words[:3]
	}
	var times []market.Time
	for _, w := range words[1:] {
		seconds, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			return 0, nil, err
		}
		times = append(times, market.Time(seconds*1e9))
	}
	slices.Sort(times) // the break between open and close
	var sessions []Span
	for pair := range slices.Chunk(times, 2) {
		sessions = append(sessions, Span{pair[0], pair[1]})
	}
	return d, sessions, nil
}
