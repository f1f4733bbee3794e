//go:build !unix

package postgrespool

import "net"

// peek sees nothing: there is no way that leaves what came where it is.
func peek(net.Conn) state { return silent }
