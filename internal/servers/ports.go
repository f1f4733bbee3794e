package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
)

// Ports come from a range that no system gives to outgoing connections, so a
// server that is down keeps its port: other binaries, whoever runs them, see by a
// socket of UDP with its number that it is taken.
const (
	firstPort = 20000
	lastPort  = 29999
)

// A port of 127.0.0.1 is this process's until it is released.
type port struct {
	number  int
	release func() error
}

func (p port) addr() string { return loopback(p.number) }

func loopback(number int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(number)) }

// takePort takes a port that nobody listens on.
func takePort() (port, error) {
	begin := rand.IntN(lastPort - firstPort + 1)
	var last error
	for i := range lastPort - firstPort + 1 {
		p, err := takeNumber(firstPort + (begin+i)%(lastPort-firstPort+1))
		if err == nil {
			return p, nil
		}
		last = err
	}
	return port{}, fmt.Errorf("no free port from %d to %d: %w", firstPort, lastPort, last)
}

// takeNumber takes one port.
func takeNumber(number int) (port, error) {
	held, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", loopback(number))
	if err != nil {
		return port{}, err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", loopback(number))
	if err != nil {
		return port{}, errors.Join(err, held.Close())
	}
	if err := l.Close(); err != nil {
		return port{}, errors.Join(err, held.Close())
	}
	return port{number, held.Close}, nil
}

// folderPrefix begins the names of servers' folders.
const folderPrefix = "redfire-server-"

// sweep removes the folders in dir of servers whose binary and keeper both died
// without having the time: nobody holds them any more.
func sweep(dir string) error {
	folders, err := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		info, err := os.Stat(folder)
		// A young one may not be locked yet.
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		unlock, err := disk.Lock(folder)
		if err != nil {
			continue // it is held, or another user's, or gone
		}
		if err := errors.Join(os.RemoveAll(folder), unlock()); err != nil {
			return err
		}
	}
	return nil
}
