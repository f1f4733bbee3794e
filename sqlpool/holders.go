package sqlpool

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Holder is who has a connection at present.
type Holder struct {
	// Connection counts the connections of the pool from 1.
	Connection uint64

	// Label is that of the holder's context, by [WithLabel].
	Label string

	// Statement is the last one that it ran, without its values; "" before the
	// first.
	Statement string

	// Held is for how long it has the connection.
	Held time.Duration

	// Stack is where it took the connection, if that was noted: for one use in 64
	// of each connection, and for all during ten minutes after a leak was found.
	Stack []string
}

// Holders returns who has connections at present, the longest first.
func (p *Pool) Holders() []Holder {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holdersLocked()
}

func (p *Pool) holdersLocked() []Holder {
	now := p.now()
	var all []Holder
	for s := range p.sessions {
		if since := time.Duration(s.since.Load()); since != 0 {
			all = append(all, s.holder(now-since))
		}
	}
	slices.SortFunc(all, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(b.Held, a.Held), cmp.Compare(a.Connection, b.Connection))
	})
	return all
}

func (s *session) holder(held time.Duration) Holder {
	h := Holder{Connection: s.number, Statement: lastOf(s), Held: held}
	if label := s.label.Load(); label != nil {
		h.Label = *label
	}
	s.stack.mu.Lock()
	calls := slices.Clone(s.stack.calls[:s.stack.depth])
	s.stack.mu.Unlock()
	if len(calls) == 0 {
		return h
	}
	frames := runtime.CallersFrames(calls)
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if !strings.HasPrefix(f.Function, "database/sql.") && !strings.HasPrefix(f.Function, "runtime.") {
			h.Stack = append(h.Stack, fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line))
		}
	}
	return h
}

// String is who it is, in a line.
func (h Holder) String() string {
	text := fmt.Sprintf("%s for %s", cmp.Or(h.Label, "(no label)"), h.Held.Round(time.Millisecond))
	if h.Statement != "" {
		text += ": " + shorten(h.Statement)
	}
	return text
}

// shorten makes a statement fit in a message.
func shorten(statement string) string {
	const most = 120
	if runes := []rune(statement); len(runes) > most {
		return string(runes[:most-3]) + "..."
	}
	return statement
}

// namedHolders is how many holders an error names.
const namedHolders = 5

// exhaustedLocked is the error of one who waited for waited in vain.
func (p *Pool) exhaustedLocked(waited time.Duration) error {
	return fault.SQLExhausted.Errorf("sqlpool: connect to %s: none of %d connections became free within %s, and %d callers wait; held by:%s",
		p.source.Name, p.source.MaxOpen, waited.Round(time.Millisecond), p.queue.Len(), holdersText(p.holdersLocked()))
}

func holdersText(all []Holder) string {
	var text strings.Builder
	for _, h := range all[:min(namedHolders, len(all))] {
		fmt.Fprintf(&text, "\n  %s", h)
	}
	if more := len(all) - namedHolders; more > 0 {
		fmt.Fprintf(&text, "\n  and %d more", more)
	}
	return text.String()
}

// stacksTime is for how long all stacks are kept after a leak was found.
const stacksTime = 10 * time.Minute

// findLeaks tells the log who has had a connection for long, once each.
func (p *Pool) findLeaks() {
	now := p.now()
	p.mu.Lock()
	var leaks []Holder
	for s := range p.sessions {
		since := time.Duration(s.since.Load())
		if since != 0 && now-since > p.source.LeakAfter && !s.named.Swap(true) {
			leaks = append(leaks, s.holder(now-since))
		}
	}
	if len(leaks) > 0 {
		p.stacksTo = now + stacksTime
		p.stacks.Store(true)
	} else if p.stacks.Load() && now > p.stacksTo {
		p.stacks.Store(false)
	}
	p.mu.Unlock()
	for _, h := range leaks {
		p.counts.leaks.Add(1)
		p.log.Warn("a connection is held for long: is a transaction left open, or are rows not closed?",
			"connection", h.Connection, "held", h.Held.Round(time.Millisecond), "label", h.Label, "statement", h.Statement, "stack", h.Stack)
	}
}

// tellReturned tells the log that a connection came back of which it was told.
func (p *Pool) tellReturned(s *session, held time.Duration) {
	p.log.Info("a connection that was held for long came back", "connection", s.number, "held", held.Round(time.Millisecond))
}

// slowEvery is how often one statement is logged as slow at most.
const slowEvery = 10 * time.Second

// tellSlow tells the log of a statement that took long.
func (p *Pool) tellSlow(s *session, about *statement, now, took time.Duration) {
	last := about.told.Load()
	if last != 0 && now-time.Duration(last) < slowEvery || !about.told.CompareAndSwap(last, int64(max(now, 1))) {
		return
	}
	label := ""
	if l := s.label.Load(); l != nil {
		label = *l
	}
	p.log.Warn("a statement was slow", "took", took.Round(time.Microsecond), "statement", about.text, "id", about.id,
		"label", label, "slow so far", about.slow.Load())
}
