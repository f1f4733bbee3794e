package servers

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
)

// TestAGoBetweenSpeaksForWhomItsAuthorityVouches has one stand before a listener
// that answers in capitals.
func TestAGoBetweenSpeaksForWhomItsAuthorityVouches(t *testing.T) {
	behind := GoBetween(t, func(c net.Conn) error {
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil {
			return err
		}
		_, err := io.WriteString(c, strings.ToUpper(string(got)))
		return err
	})
	ours, others := NewAuthority(t), NewAuthority(t)
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(ours.PEM) {
		t.Fatal("the certificate of an authority cannot be read")
	}
	for what, config := range map[string]*tls.Config{
		"":                  ours.Config(t, "127.0.0.1"),
		"127.0.0.2":         ours.Config(t, "127.0.0.2"),
		"127.0.0.1":         ours.Config(t, "localhost"),
		"unknown authority": others.Config(t, "127.0.0.1"),
	} {
		before := GoBetween(t, func(c net.Conn) error {
			server, err := new(net.Dialer).DialContext(t.Context(), "tcp", behind)
			if err != nil {
				return err
			}
			Join(tls.Server(c, config), server)
			return nil
		})
		got, err := capitals(t, before, trusted)
		if what == "" && (err != nil || got != "HELLO") {
			t.Errorf("got %q, %v", got, err)
		}
		if what != "" && err == nil {
			t.Errorf("%s: it is trusted", what)
		}
		if err != nil && !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// capitals has a greeting answered at addr.
func capitals(t *testing.T, addr string, trusted *x509.CertPool) (string, error) {
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	c, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "hello"); err != nil {
		return "", err
	}
	got, err := io.ReadAll(c)
	return string(got), err
}
