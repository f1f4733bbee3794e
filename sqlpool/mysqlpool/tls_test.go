package mysqlpool

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

// secured has a go-between in front of s, which has the certificate in config
// instead of its own.
func secured(t testing.TB, s *servers.Server, config *tls.Config) (addr string) {
	return listen(t, func(client net.Conn) error {
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
		join(before, behind)
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
	ours, others := newAuthority(t), newAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ours.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(what string, by authority, host, wrong string) {
		t.Helper()
		source := sourceOf(s, "")
		source.URL = strings.Replace(source.URL, s.Addr, secured(t, s, by.tlsConfig(t, host)), 1)
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
