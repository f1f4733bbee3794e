package mysqlpool

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

// secured has a go-between in front of s, which has the certificate in config
// instead of its own.
func secured(t testing.TB, s *servers.Server, config *tls.Config) (addr string) {
	return servers.GoBetween(t, func(client net.Conn) error {
		server, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr)
		if err != nil {
			return err
		}
		defer server.Close()
		// The greeting of the server, and the client's wish for TLS.
		if err := errors.Join(passPacket(client, server), passPacket(server, client)); err != nil {
			return err
		}
		behind := tls.Client(server, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its certificate is its own
		before := tls.Server(client, config)
		if err := errors.Join(behind.HandshakeContext(t.Context()), before.HandshakeContext(t.Context())); err != nil {
			return err
		}
		servers.Join(before, behind)
		return nil
	})
}

// passPacket passes on one packet of MySQL.
func passPacket(to, from net.Conn) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(from, head); err != nil {
		return err
	}
	packet := append(head, make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)...)
	if _, err := io.ReadFull(from, packet[4:]); err != nil {
		return err
	}
	_, err := to.Write(packet)
	return err
}

// TestTLS connects to a MySQL: the tests' MariaDB speaks no TLS.
func TestTLS(t *testing.T) {
	s := servers.MySQL(t)
	ours, others := servers.NewAuthority(t), servers.NewAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ours.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(what string, by servers.Authority, host, wrong string) {
		t.Helper()
		source := sourceOf(s, "")
		source.URL = strings.Replace(source.URL, s.Addr, secured(t, s, by.Config(t, host)), 1)
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
		if got := queryAll(t, c.(*conn), "SHOW SESSION STATUS LIKE 'Ssl_version'"); !strings.Contains(got, "TLSv1.") {
			t.Errorf("%s: got %s", what, got)
		}
		if err := errors.Join(c.(*conn).ResetSession(t.Context()), e.Cancel(t.Context(), c), c.Close()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	f("its own", ours, "127.0.0.1", "")
	f("another host", ours, "127.0.0.2", "certificate is valid for 127.0.0.2")
	f("another authority", others, "127.0.0.1", "unknown authority")
}
