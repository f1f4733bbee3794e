package postgrespool

import "net"

// A state is what can be seen of a connection without asking the other side.
type state int

const (
	silent  state = iota // nothing came
	waiting              // something came that was not read yet
	closed               // the other side has closed it
)

// look tells the state of c.
func look(c net.Conn) state {
	if secured, is := c.(interface{ NetConn() net.Conn }); is {
		c = secured.NetConn()
	}
	return peek(c)
}
