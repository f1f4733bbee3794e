//go:build unix

package servers

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestAProxyEndsThoughItsServerTakesNoConnections(t *testing.T) {
	s := listenStub(t)
	raw, err := s.Listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	// A frozen server's queue is full sooner or later, this one's at once.
	var full error
	if err := raw.Control(func(fd uintptr) { full = syscall.Listen(int(fd), 0) }); err != nil || full != nil {
		t.Fatal(err, full)
	}
	var clients []line
	began := time.Now()
	(&witness{name: t.Name()}).run(func(w T) {
		for range 4 {
			_, l := s.proxy(w)
			clients = append(clients, l)
		}
		for _, l := range clients {
			l.wantSilence()
			l.Cut()
			if got, err := l.read(1, 10*time.Second); !errors.Is(err, io.EOF) {
				t.Errorf("after a cut: read %q, %v, want %v", got, err, io.EOF)
			}
		}
	})
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
