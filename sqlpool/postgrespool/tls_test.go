package postgrespool

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// secured has a go-between in front of s that speaks TLS.
func secured(t testing.TB, s *servers.Server, config *tls.Config) (addr string) {
	return servers.GoBetween(t, func(client net.Conn) error {
		server, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr)
		if err != nil {
			return err
		}
		defer server.Close()
		wish := make([]byte, 8) // for TLS
		if _, err := io.ReadFull(client, wish); err != nil {
			return err
		}
		if _, err := client.Write([]byte("S")); err != nil {
			return err
		}
		before := tls.Server(client, config)
		if err := before.HandshakeContext(t.Context()); err != nil {
			return err
		}
		servers.Join(before, server)
		return nil
	})
}

// TestTLS connects to a go-between: the tests' PostgreSQL speaks no TLS.
func TestTLS(t *testing.T) {
	s := servers.PostgreSQL(t)
	ours, others := servers.NewAuthority(t), servers.NewAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ours.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(what string, addr, wrong string) {
		t.Helper()
		source := sourceOf(s.Access, "postgres")
		source.URL = strings.TrimSuffix(strings.Replace(source.URL, s.Addr, addr, 1), "?sslmode=disable")
		source.CAFile = file
		e := newEngine(t, source)
		c, err := e.Connect(t.Context())
		if err != nil {
			if wrong == "" || !strings.Contains(err.Error(), wrong) || e.Classify(err) != sqlpool.Unreachable {
				t.Errorf("%s: got %v", what, err)
			}
			return
		}
		if wrong != "" {
			t.Errorf("%s: it connects", what)
		}
		if _, is := c.(*conn).Conn.Conn().PgConn().Conn().(*tls.Conn); !is {
			t.Errorf("%s: without TLS", what)
		}
		if got := queryAll(t, c.(*conn), "SELECT $1::int", int64(7)); got != "[[7]]" {
			t.Errorf("%s: got %s", what, got)
		}
		if err := errors.Join(c.(*conn).ResetSession(t.Context()), e.Reset(t.Context(), c), c.Close()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	f("its own", secured(t, s, ours.Config(t, "127.0.0.1")), "")
	f("another host", secured(t, s, ours.Config(t, "127.0.0.2")), "certificate is valid for 127.0.0.2")
	f("another authority", secured(t, s, others.Config(t, "127.0.0.1")), "unknown authority")
	f("a server without", s.Addr, "refused TLS")
}
