package postgrespool

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// An authority vouches for servers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	return authority{}.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "a test's authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
}

// server returns the certificate and the key, both in PEM, of the server at a host.
func (a authority) server(t testing.TB, host string) (certificate, key []byte) {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: host}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	issued := a.issue(t, template)
	der, err := x509.MarshalPKCS8PrivateKey(issued.key)
	if err != nil {
		t.Fatal(err)
	}
	return issued.pem, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// issue signs template, by itself if a is none.
func (a authority) issue(t testing.TB, template *x509.Certificate) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if a.certificate == nil {
		a.certificate, a.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{parsed, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// tlsConfig is that of a server at 127.0.0.1 that a vouches for under a name.
func (a authority) tlsConfig(t testing.TB, host string) *tls.Config {
	t.Helper()
	certificate, key := a.server(t, host)
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// listen gives each connection to serve, until the test ends.
func listen(t testing.TB, serve func(net.Conn) error) (addr string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close() // nobody else does
		tasks.Wait()
	})
	tasks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				defer c.Close()
				if err := serve(c); err != nil {
					t.Logf("the go-between: %v", err) // clients leave when they are not served well
				}
			})
		}
	})
	return l.Addr().String()
}

// join copies both ways until one side ends.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // however it ends
			_ = errors.Join(a.Close(), b.Close())
		})
	}
	both.Wait()
}

// secured has a go-between in front of s that speaks TLS.
func secured(t testing.TB, s *servers.Server, config *tls.Config) (addr string) {
	return listen(t, func(client net.Conn) error {
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
		join(before, server)
		return nil
	})
}

// TestTLS connects to a go-between: the tests' PostgreSQL speaks no TLS.
func TestTLS(t *testing.T) {
	s := servers.PostgreSQL(t)
	ours, others := newAuthority(t), newAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ours.pem, 0o600); err != nil {
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
	f("its own", secured(t, s, ours.tlsConfig(t, "127.0.0.1")), "")
	f("another host", secured(t, s, ours.tlsConfig(t, "127.0.0.2")), "certificate is valid for 127.0.0.2")
	f("another authority", secured(t, s, others.tlsConfig(t, "127.0.0.1")), "unknown authority")
	f("a server without", s.Addr, "refused TLS")
}
