package postgrespool

import (
	"net"
	"sync/atomic"
)

// A wire is a connection that knows how many bytes were sent.
type wire struct {
	net.Conn
	sent atomic.Int64
}

// Write implements [net.Conn].
func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.sent.Add(int64(n))
	return n, err
}

// wireOf returns the wire of a connection that an engine has made.
func wireOf(c net.Conn) *wire {
	if secured, is := c.(interface{ NetConn() net.Conn }); is {
		c = secured.NetConn()
	}
	return c.(*wire) //nolint:forcetypeassert // configure sees to it
}

// A state is what can be seen of a connection without asking the other side.
type state int

const (
	silent  state = iota // nothing came
	waiting              // something came that was not read yet
	closed               // the other side has closed it
)
