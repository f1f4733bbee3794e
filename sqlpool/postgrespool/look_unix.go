//go:build unix

package postgrespool

import (
	"errors"
	"net"
	"syscall"
)

// peek looks at what came, and leaves it there.
func peek(c net.Conn) state {
	socket, is := c.(syscall.Conn)
	if !is {
		return silent
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return closed
	}
	seen := silent
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		switch {
		case n > 0:
			seen = waiting
		case err == nil:
			seen = closed
		case !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR):
			seen = closed
		}
		return true
	})
	if err != nil {
		return closed
	}
	return seen
}
