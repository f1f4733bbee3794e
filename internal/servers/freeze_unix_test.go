//go:build unix

package servers

import (
	"strings"
	"syscall"
	"testing"
)

// dies makes a server's process end without the server's being told.
func dies(t T, s *Server) {
	t.Helper()
	if err := signalTo(s.node.children[0].pid, syscall.SIGKILL); err != nil {
		t.Errorf("kill: %v", err)
	}
	<-s.node.children[0].gone
}

func TestWhatDoesNotRunCannotBeFrozen(t *testing.T) {
	Redis(t)
	name := t.Name() // of one family with the watched tests
	f := func(way, want string, end func(T, *Server)) {
		t.Helper()
		w := (&witness{name: name}).run(func(t T) {
			s := Redis(t)
			end(t, s)
			s.Freeze()
			s.Thaw()
		})
		if len(w.errors) == 0 || !strings.Contains(w.errors[0], "freeze Redis") || !strings.Contains(w.errors[0], want) {
			t.Errorf("%s: told %q, want %q", way, w.errors, want)
		}
		if _, err := (redisServer{}).answers(t.Context(), Redis(t).Access); err != nil {
			t.Errorf("%s: after the test: %v", way, err)
		}
	}
	f("killed", "it does not run", func(_ T, s *Server) { s.Kill() })
	f("stopped", "it does not run", func(_ T, s *Server) { s.Stop() })
	f("ended by itself", "redis-server ended", dies)
}

func TestAServerThatDiesWhileItIsFrozenIsBroughtBack(t *testing.T) {
	Redis(t)
	w := (&witness{name: t.Name()}).run(func(t T) {
		s := Redis(t)
		s.Freeze()
		dies(t, s)
	})
	if len(w.errors) != 1 || !strings.Contains(w.errors[0], "by itself") {
		t.Errorf("told: %q", w.errors)
	}
	if _, err := (redisServer{}).answers(t.Context(), Redis(t).Access); err != nil {
		t.Errorf("after the test: %v", err)
	}
}
