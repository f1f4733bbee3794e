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
// server that is down keeps its port: other binaries see by a lock that it is
// taken.
const (
	firstPort = 20000
	lastPort  = 29999
)

// A port of 127.0.0.1 is this process's until it is released.
type port struct {
	number  int
	release func() error
}

func (p port) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.number)) }

// takePort takes a port that nobody listens on.
func takePort() (port, error) {
	locks := filepath.Join(os.TempDir(), "redfire-ports-"+strconv.Itoa(os.Getuid()))
	begin := rand.IntN(lastPort - firstPort + 1)
	for i := range lastPort - firstPort + 1 {
		number := firstPort + (begin+i)%(lastPort-firstPort+1)
		lock := filepath.Join(locks, strconv.Itoa(number))
		if err := os.MkdirAll(lock, 0o700); err != nil {
			return port{}, err
		}
		unlock, err := disk.Lock(lock)
		var held *disk.HeldError
		if errors.As(err, &held) {
			continue
		}
		if err != nil {
			return port{}, err
		}
		p := port{number, unlock}
		if listens(p.addr()) {
			return p, nil
		}
		if err := unlock(); err != nil {
			return port{}, err
		}
	}
	return port{}, fmt.Errorf("no free port from %d to %d", firstPort, lastPort)
}

// listens reports whether a server could listen on addr.
func listens(addr string) bool {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return false
	}
	return l.Close() == nil
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
