package servers

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A line is a connection through a proxy to a server that sends back what
// it gets.
type line struct {
	*Proxy
	t    *testing.T
	conn net.Conn
}

// through returns a proxy of an echoing server.
func through(t *testing.T) *Proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				// Connections are cut here on purpose.
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return (&Server{Access: Access{Addr: l.Addr().String()}, t: t}).Proxy()
}

func connect(t *testing.T, p *Proxy) line {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l := line{p, t, c}
	l.send("x")
	l.want("x")
	return l
}

func (l line) send(s string) {
	l.t.Helper()
	if _, err := io.WriteString(l.conn, s); err != nil {
		l.t.Fatalf("send %q: %v", s, err)
	}
}

// read reads n bytes, within the time given.
func (l line) read(n int, within time.Duration) (string, error) {
	l.t.Helper()
	if err := l.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		l.t.Fatal(err)
	}
	b := make([]byte, n)
	n, err := io.ReadFull(l.conn, b)
	return string(b[:n]), err
}

func (l line) want(s string) {
	l.t.Helper()
	got, err := l.read(len(s), 10*time.Second)
	if got != s || err != nil {
		l.t.Fatalf("read %q, %v, want %q", got, err, s)
	}
}

// wantSilence holds that nothing comes for a while.
func (l line) wantSilence() {
	l.t.Helper()
	got, err := l.read(1, 100*time.Millisecond)
	if !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		l.t.Fatalf("read %q, %v, want silence", got, err)
	}
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

func TestABlackHoleHoldsOneDirectionUntilHealed(t *testing.T) {
	for _, d := range []Direction{ToServer, ToClient} {
		p := through(t)
		l := connect(t, p)
		p.BlackHole(d)
		l.send("abc")
		l.wantSilence()
		late, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
		if err != nil {
			t.Fatalf("connect while there is a black hole: %v", err)
		}
		t.Cleanup(func() { late.Close() })
		l2 := line{p, t, late}
		l2.send("z")
		l2.wantSilence()
		p.Heal()
		l.want("abc")
		l2.want("z")
		l.send("d")
		l.want("d")
	}
}

func TestABlackHoleHoldsMoreThanItsQueueWithoutLosingAByte(t *testing.T) {
	p := through(t)
	l := connect(t, p)
	p.BlackHole(ToServer)
	const size = 8 << 20
	sent := make(chan error, 1)
	go func() {
		_, err := l.conn.Write(pattern(size))
		sent <- err
	}()
	select {
	case err := <-sent:
		t.Fatalf("8 MB were taken while nothing passes (%v): the queue has no limit", err)
	case <-time.After(200 * time.Millisecond):
	}
	p.Heal()
	got, err := l.read(size, 30*time.Second)
	if err != nil || got != string(pattern(size)) {
		t.Fatalf("read %d bytes, %v: not those that were sent", len(got), err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func TestADelayIsThatOfTheWay(t *testing.T) {
	p := through(t)
	l := connect(t, p)
	const by = 100 * time.Millisecond
	p.Delay(ToServer, by)
	begin := time.Now()
	for _, s := range []string{"a", "b", "c"} {
		l.send(s)
	}
	l.want("abc")
	// Three bytes at once take one delay: it is a longer way, not a narrower one.
	if took := time.Since(begin); took < by || took > 20*by {
		t.Errorf("a delay of %v: the answer took %v", by, took)
	}
	p.Delay(ToClient, by)
	begin = time.Now()
	l.send("d")
	l.want("d")
	if took := time.Since(begin); took < 2*by {
		t.Errorf("%v in each direction: the answer took %v", by, took)
	}
	p.Heal()
	l.send("e")
	l.want("e")
}

func TestResetReachesIdleConnections(t *testing.T) {
	p := through(t)
	idle, other := connect(t, p), connect(t, p)
	p.Reset()
	for _, l := range []line{idle, other} {
		if _, err := l.read(1, 10*time.Second); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after a reset: %v, want %v", err, syscall.ECONNRESET)
		}
	}
	connect(t, p)
}

func TestResetLosesWhatABlackHoleHeld(t *testing.T) {
	p := through(t)
	l := connect(t, p)
	p.BlackHole(ToClient)
	l.send("a")
	p.Reset()
	p.Heal()
	if got, err := l.read(1, 10*time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v, want a reset", got, err)
	}
}

func TestACutAtATextIsBeforeOrBehindIt(t *testing.T) {
	f := func(d Direction, whole bool, arrives string) {
		t.Helper()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		heard := make(chan string, 1)
		go func() {
			defer l.Close()
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			all, b := "", make([]byte, 100)
			for {
				n, err := c.Read(b)
				all += string(b[:n])
				if err != nil {
					heard <- all
					return
				}
				_, _ = c.Write(b[:n]) // nobody may listen any more
			}
		}()
		p := (&Server{Access: Access{Addr: l.Addr().String()}, t: t}).Proxy()
		c := connect(t, p)
		c.send("say")
		c.want("say")
		p.CutNext(d, "COMMIT", whole)
		c.send("COMMIT")
		got, err := c.read(6, 10*time.Second)
		if answered := d == ToClient && whole; err == nil != answered || answered && got != "COMMIT" {
			t.Errorf("direction %d, whole %v: the client reads %q, %v", d, whole, got, err)
		}
		if got := <-heard; got != "x"+"say"+arrives {
			t.Errorf("direction %d, whole %v: the server heard %q", d, whole, got)
		}
	}
	f(ToServer, false, "")
	f(ToServer, true, "COMMIT")
	f(ToClient, false, "COMMIT")
	f(ToClient, true, "COMMIT")
}

func TestACutAtATextIsOfOneConnection(t *testing.T) {
	p := through(t)
	a, b := connect(t, p), connect(t, p)
	p.CutNext(ToServer, "COMMIT", false)
	b.send("ROLLBACK")
	b.want("ROLLBACK")
	a.send("COMMIT")
	if got, err := a.read(1, 10*time.Second); err == nil {
		t.Errorf("read %q, want a reset", got)
	}
	b.send("COMMIT")
	b.want("COMMIT")
	p.CutNext(ToServer, "COMMIT", false)
	p.Heal()
	b.send("COMMIT")
	b.want("COMMIT")
}

func TestACutEndsConnectionsAndRefusesNewOnes(t *testing.T) {
	p := through(t)
	l := connect(t, p)
	p.Cut()
	p.Cut()
	if _, err := l.read(1, 10*time.Second); !errors.Is(err, io.EOF) {
		t.Errorf("after a cut: %v, want %v", err, io.EOF)
	}
	if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connecting after a cut: %v, %v, want %v", c, err, syscall.ECONNREFUSED)
	}
	p.Heal()
	p.Heal()
	connect(t, p)
}

func TestEitherSideMayCloseFirst(t *testing.T) {
	p := through(t)
	l := connect(t, p)
	l.send("abc")
	if err := l.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	l.want("abc")
	if _, err := l.read(1, 10*time.Second); !errors.Is(err, io.EOF) {
		t.Errorf("after both closed: %v, want %v", err, io.EOF)
	}
}

func TestAProxyOfADeadServerResets(t *testing.T) {
	port, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	defer noError(t, port.release)
	p := (&Server{Access: Access{Addr: port.addr()}, t: t}).Proxy()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
	if err == nil {
		defer c.Close()
		_, err = (line{p, t, c}).read(1, 10*time.Second)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want %v", err, syscall.ECONNRESET)
	}
}

// A stub is a server that a test plays itself.
type stub struct {
	net.Listener
	t *testing.T
}

func listenStub(t *testing.T) stub {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return stub{l, t}
}

// proxy is a new one in front of the stub, with a connection of a client.
func (s stub) proxy(t T) (*Proxy, line) {
	s.t.Helper()
	p := (&Server{Access: Access{Addr: s.Addr().String()}, t: t}).Proxy()
	c, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", p.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return p, line{p, s.t, c}
}

// accept takes a connection, whose first byte has arrived.
func (s stub) accept() *net.TCPConn {
	s.t.Helper()
	c, err := s.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		s.t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

func TestABlackHoleTakesTheNewsOfADeadServerToo(t *testing.T) {
	s := listenStub(t)
	p, l := s.proxy(t)
	l.send("x")
	server := s.accept()
	p.BlackHole(ToClient)
	if err := errors.Join(server.SetLinger(0), server.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	// The first that is sent is answered by a reset, by which the next fails.
	for range 3 {
		l.send("y")
		l.wantSilence()
	}
	late, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	line{p, t, late}.wantSilence()
	p.Heal()
	for _, c := range []net.Conn{l.conn, late} {
		if got, err := (line{p, t, c}).read(1, 10*time.Second); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("after the black hole: read %q, %v, want the end", got, err)
		}
	}
}

func TestAnAnswerArrivesThoughItsServerTakesNothingMore(t *testing.T) {
	s := listenStub(t)
	p, l := s.proxy(t)
	p.Delay(ToClient, time.Second)
	l.send("x")
	server := s.accept()
	if _, err := io.WriteString(server, "refused"); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the answer is on its way, and the server refuses what comes
		l.send("more")
		l.wantSilence()
	}
	l.want("refused")
	eventually(t, "what is sent is refused", func(context.Context) error {
		if _, err := io.WriteString(l.conn, "z"); err == nil {
			return errors.New("it is taken")
		}
		return nil
	})
}

func TestCutsAndHealsMayMeet(t *testing.T) {
	p := through(t)
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			for range 50 {
				p.Cut()
				p.Heal()
			}
		})
	}
	both.Wait()
	connect(t, p)
}
