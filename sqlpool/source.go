package sqlpool

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Source is one database and how its pool is to be. Name and URL are required;
// of the rest, what is zero has its default.
type Source struct {
	// Name is what the pool is called: "main".
	Name string

	// URL is the address, mysql://user@host:3306/database, postgres://... or
	// sqlite:path. It holds no password.
	URL string

	// Password returns the password. It is asked before each connection is made,
	// so it may change. Nil means that there is none.
	Password func(context.Context) (string, error)

	// CAFile is a file of certificates, in PEM, of those who vouch for the server.
	CAFile string

	// Application is what connections call themselves at the server; "" means
	// redfire.
	Application string

	// OnConnect are statements that each new connection runs first.
	OnConnect []string

	// Unprepared tells that statements must not be prepared at the server:
	// PgBouncer and ProxySQL give each transaction another connection.
	Unprepared bool

	// ReadOnly tells that the database may be read-only: a replica. If it is not
	// set, connections to a server that takes no writes are not handed out.
	ReadOnly bool

	// MinIdle is how many connections are open while nobody uses them; 0 means 15,
	// or MaxOpen if that is less, and a negative number none.
	MinIdle int

	// MaxOpen is how many connections may be open; 0 means 30.
	MaxOpen int

	// WaitTimeout is how long a call waits for a connection; 0 means 5 s.
	WaitTimeout time.Duration

	// ConnectTimeout is how long making a connection may take; 0 means 3 s.
	ConnectTimeout time.Duration

	// MaxLifetime is how long a connection is used, less up to a tenth of it by
	// chance; 0 means 30 minutes.
	MaxLifetime time.Duration

	// MaxIdleTime is how long a connection beyond MinIdle may lie idle; 0 means 10
	// minutes.
	MaxIdleTime time.Duration

	// ProbeEvery is how often the server is asked whether it takes writes, by a
	// connection beside the pool; 0 means 5 s.
	ProbeEvery time.Duration

	// MaxDials is how many connections may be made in a second; 0 means 100.
	MaxDials int

	// ResetAlways has each session made as new when its connection comes back. If
	// it is not set, only those whose holder ran SET, LISTEN, LOCK or the like: it
	// is not seen what functions leave behind.
	ResetAlways bool

	// Slow is how long a statement may take before it is logged; 0 means 500 ms,
	// and a negative duration that none is.
	Slow time.Duration

	// LeakAfter is how long a connection may be held before its holder is named
	// in the log; 0 means a minute, and a negative duration that none is.
	LeakAfter time.Duration
}

// Of the limits, the least that make sense.
const (
	maxOpenLimit   = 10_000
	leastTime      = time.Millisecond
	defaultMinIdle = 15
)

// withDefaults returns s with what was zero at its default.
func (s Source) withDefaults() Source {
	s.MaxOpen = cmp.Or(s.MaxOpen, 30)
	s.MinIdle = cmp.Or(s.MinIdle, min(defaultMinIdle, s.MaxOpen))
	s.MinIdle = max(s.MinIdle, 0)
	s.WaitTimeout = cmp.Or(s.WaitTimeout, 5*time.Second)
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, 3*time.Second)
	s.MaxLifetime = cmp.Or(s.MaxLifetime, 30*time.Minute)
	s.MaxIdleTime = cmp.Or(s.MaxIdleTime, 10*time.Minute)
	s.ProbeEvery = cmp.Or(s.ProbeEvery, 5*time.Second)
	s.MaxDials = cmp.Or(s.MaxDials, 100)
	s.Slow = never(cmp.Or(s.Slow, 500*time.Millisecond))
	s.LeakAfter = never(cmp.Or(s.LeakAfter, time.Minute))
	s.Application = cmp.Or(s.Application, "redfire")
	return s
}

const neverComes time.Duration = math.MaxInt64

// never returns d, and for a negative d a time that does not come.
func never(d time.Duration) time.Duration {
	if d < 0 {
		return neverComes
	}
	return d
}

// check reports what no pool can be made of. s has its defaults.
func (s Source) check() error {
	switch {
	case s.Name == "":
		return fault.SQLSource.Errorf("a source has no name")
	case s.URL == "":
		return fault.SQLSource.Errorf("it has no address")
	case s.MaxOpen < 1 || s.MaxOpen > maxOpenLimit:
		return fault.SQLSource.Errorf("it may have %d connections open, not 1 to %d", s.MaxOpen, maxOpenLimit)
	case s.MinIdle > s.MaxOpen:
		return fault.SQLSource.Errorf("%d connections are to be kept open, but only %d may be", s.MinIdle, s.MaxOpen)
	case min(s.WaitTimeout, s.ConnectTimeout, s.MaxLifetime, s.MaxIdleTime, s.ProbeEvery) < leastTime:
		return fault.SQLSource.Errorf("one of its times is less than %s", leastTime)
	case s.MaxDials < 1:
		return fault.SQLSource.Errorf("it may make %d connections in a second, not at least 1", s.MaxDials)
	}
	return nil
}
