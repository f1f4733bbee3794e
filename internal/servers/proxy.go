package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A Direction is one in which bytes pass a [Proxy].
type Direction int

// The directions. Whoever loses the answers alone cannot tell a request that
// was carried out from one that never arrived.
const (
	ToServer Direction = iota
	ToClient
)

// A Proxy stands between clients and a server and does to their connections
// what networks do. It ends with the test that asked for it.
//
// Nothing it does loses bytes of a connection that goes on: what a black hole
// took arrives after [Proxy.Heal], as TCP would see to it, in order and behind
// everything before it. A connection made while there is a black hole is
// accepted, and then silent.
type Proxy struct {
	// Addr is what clients connect to instead of the server's own.
	Addr string

	t      T
	server string
	port   port
	dialer net.Dialer
	tasks  sync.WaitGroup

	opening sync.Mutex // held while the listener is changed

	mu       sync.Mutex // guards the fields below
	listener net.Listener
	pairs    map[*pair]bool
	ways     [2]way
	changed  chan struct{} // closed and made anew when ways change
	ended    bool
}

// A way is how one direction is at present.
type way struct {
	delay time.Duration
	held  bool
	cut   []byte // the next connection over which it passes is cut; nil for none
	whole bool   // what is cut arrives before that
}

// A pair is a client's connection with that to the server.
type pair struct {
	client *net.TCPConn
	server *net.TCPConn       // nil until it is made; guarded by the proxy's mu
	broken chan struct{}      // closed when both are closed, whatever is held
	hangUp context.CancelFunc // ends the making of the server's
	over   [2]chan struct{}   // closed when all of a direction has passed
	once   sync.Once
}

// Proxy puts a proxy in front of the server. Servers elsewhere may have one too.
func (s *Server) Proxy() *Proxy {
	s.t.Helper()
	port, err := takePort()
	if err != nil {
		s.t.Fatalf("servers: proxy: %v", err)
	}
	p := &Proxy{
		Addr: port.addr(), t: s.t, server: s.Addr, port: port,
		pairs: map[*pair]bool{}, changed: make(chan struct{}),
	}
	s.t.Cleanup(p.end)
	if err := p.listen(); err != nil {
		s.t.Fatalf("servers: proxy: %v", err)
	}
	return p
}

// Delay has every byte arrive d later than it would; 0 ends that.
func (p *Proxy) Delay(d Direction, by time.Duration) { p.change(func() { p.ways[d].delay = by }) }

// BlackHole holds all that passes in direction d, until Heal.
func (p *Proxy) BlackHole(d Direction) { p.change(func() { p.ways[d].held = true }) }

// Reset ends all connections as a machine does that has forgotten them: both
// sides are reset, and what was on its way is lost. New connections are as
// before.
func (p *Proxy) Reset() { p.breakAll(true) }

// CutNext resets the client's side of the next connection over which text passes
// in direction d, once. If whole is set, what was read with the text arrives, and
// the other side may do what it is told before it learns that the connection is no
// more; else it is lost. It does not see a text that two packets share. Heal ends
// it.
func (p *Proxy) CutNext(d Direction, text string, whole bool) {
	p.change(func() { p.ways[d].cut, p.ways[d].whole = []byte(text), whole })
}

// Cut closes all connections, and refuses new ones until Heal.
func (p *Proxy) Cut() {
	p.opening.Lock()
	defer p.opening.Unlock()
	p.cut()
}

// cut is Cut for who holds opening.
func (p *Proxy) cut() {
	p.mu.Lock()
	l := p.listener
	p.listener = nil
	p.mu.Unlock()
	if l != nil {
		p.close(l)
	}
	p.breakAll(false)
}

// Heal ends what Delay, BlackHole and Cut began.
func (p *Proxy) Heal() {
	p.change(func() { p.ways = [2]way{} })
	p.opening.Lock()
	defer p.opening.Unlock()
	p.mu.Lock()
	refuses := p.listener == nil && !p.ended
	p.mu.Unlock()
	if !refuses {
		return
	}
	if err := p.listen(); err != nil {
		p.t.Errorf("servers: heal the proxy of %s: %v", p.server, err)
	}
}

func (p *Proxy) listen() error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", p.Addr)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	p.tasks.Go(func() { p.accept(l) })
	return nil
}

// accept takes connections until l is closed.
func (p *Proxy) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			p.t.Errorf("servers: proxy of %s: %v", p.server, err)
			return
		}
		p.tasks.Go(func() { p.serve(l, client.(*net.TCPConn)) })
	}
}

// serve joins a client's connection, which l took, with one to the server, until
// both are done.
func (p *Proxy) serve(l net.Listener, client *net.TCPConn) {
	ctx, hangUp := context.WithCancel(context.Background())
	both := &pair{
		client: client, broken: make(chan struct{}), hangUp: hangUp,
		over: [2]chan struct{}{make(chan struct{}), make(chan struct{})},
	}
	p.mu.Lock()
	refused := p.listener != l
	p.pairs[both] = true
	p.mu.Unlock()
	defer p.forget(both)
	if refused { // it came while the connections were being cut
		return
	}
	// A frozen server whose queue is full answers no more than a dead machine.
	server, err := p.dialer.DialContext(ctx, "tcp", p.server)
	if err != nil {
		if p.await(both, ToClient, time.Now()) {
			p.breakPair(both, true)
		}
		return
	}
	p.mu.Lock()
	both.server = server.(*net.TCPConn)
	p.mu.Unlock()
	if ctx.Err() != nil { // nobody else knew of it
		p.close(server)
		return
	}
	var pumps sync.WaitGroup
	pumps.Go(func() { p.pump(both, ToServer, both.client, both.server) })
	pumps.Go(func() { p.pump(both, ToClient, both.server, both.client) })
	pumps.Wait()
}

// forget closes a pair that is done.
func (p *Proxy) forget(both *pair) {
	p.breakPair(both, false)
	p.mu.Lock()
	delete(p.pairs, both)
	p.mu.Unlock()
}

// A chunk is what was read at once, or how reading ended.
type chunk struct {
	bytes []byte
	read  time.Time
	err   error
}

// pump copies from one connection to the other, in direction d. Its queue is
// bounded: when it is full, the sender's own is next, as with a slow network.
func (p *Proxy) pump(both *pair, d Direction, from, to *net.TCPConn) {
	queue := make(chan chunk, 64)
	p.tasks.Go(func() {
		defer close(queue)
		for {
			b := make([]byte, 32<<10)
			n, err := from.Read(b)
			select {
			case queue <- chunk{b[:n], time.Now(), err}:
			case <-both.broken:
				return
			}
			if err != nil {
				return
			}
		}
	})
	defer close(both.over[d])
	lost := false
	for c := range queue {
		if !p.await(both, d, c.read) {
			return
		}
		if p.cutsAt(both, d, to, c.bytes) {
			return
		}
		if !lost {
			_, err := to.Write(c.bytes)
			lost = err != nil
			if lost {
				p.tasks.Go(func() { p.tellLoss(both, 1-d) })
			}
		}
		switch {
		case errors.Is(c.err, io.EOF):
			// An error means that the other side has closed altogether.
			_ = to.CloseWrite()
		case c.err != nil:
			p.breakPair(both, true)
		}
	}
}

// cutsAt cuts a pair if that is due when b passes in direction d.
func (p *Proxy) cutsAt(both *pair, d Direction, to *net.TCPConn, b []byte) bool {
	p.mu.Lock()
	now := p.ways[d]
	due := now.cut != nil && bytes.Contains(b, now.cut)
	if due {
		p.ways[d].cut = nil
	}
	p.mu.Unlock()
	if !due {
		return false
	}
	if d == ToServer && now.whole {
		p.reset(both.client) // before there can be an answer
		// A reset would take from the server what it has not read yet.
		if _, err := to.Write(b); err == nil {
			_ = to.CloseWrite()
		}
		// The answer is for nobody. It ends when the server has hung up.
		_, _ = io.Copy(io.Discard, to)
	} else if now.whole {
		_, _ = to.Write(b) // the client may be gone already
		p.close(to)
	}
	p.breakPair(both, true)
	return true
}

// tellLoss breaks a pair one side of which takes nothing more. The other is told
// by way of d, behind all that the one has sent before.
func (p *Proxy) tellLoss(both *pair, d Direction) {
	noticed := time.Now()
	select {
	case <-both.over[d]:
	case <-both.broken:
		return
	}
	if p.await(both, d, noticed) {
		p.breakPair(both, true)
	}
}

// await waits until what was read at time read may pass in direction d. It
// reports false when the connection is no more.
func (p *Proxy) await(both *pair, d Direction, read time.Time) bool {
	for {
		p.mu.Lock()
		now, changed := p.ways[d], p.changed
		p.mu.Unlock()
		wait := time.Until(read.Add(now.delay))
		if !now.held && wait <= 0 {
			return true
		}
		var due <-chan time.Time // never, while it is held
		if !now.held {
			due = time.After(wait)
		}
		select {
		case <-due:
		case <-changed:
		case <-both.broken:
			return false
		}
	}
}

func (p *Proxy) change(set func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) breakAll(reset bool) {
	p.mu.Lock()
	all := make([]*pair, 0, len(p.pairs))
	for both := range p.pairs {
		all = append(all, both)
	}
	p.mu.Unlock()
	for _, both := range all {
		p.breakPair(both, reset)
	}
}

// breakPair closes both connections of a pair, once.
func (p *Proxy) breakPair(both *pair, reset bool) {
	both.once.Do(func() {
		close(both.broken)
		both.hangUp()
		p.mu.Lock()
		server := both.server
		p.mu.Unlock()
		for _, c := range []*net.TCPConn{both.client, server} {
			switch {
			case c == nil:
			case reset:
				p.reset(c)
			default:
				p.close(c)
			}
		}
	})
}

// reset closes c so that the other side is told that it is no more.
func (p *Proxy) reset(c *net.TCPConn) {
	if err := c.SetLinger(0); err != nil && !errors.Is(err, net.ErrClosed) {
		p.t.Errorf("servers: proxy of %s: reset: %v", p.server, err)
	}
	p.close(c)
}

func (p *Proxy) close(c io.Closer) {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		p.t.Errorf("servers: proxy of %s: close: %v", p.server, err)
	}
}

// end closes everything and waits for it.
func (p *Proxy) end() {
	p.opening.Lock()
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.cut()
	p.opening.Unlock()
	p.tasks.Wait()
	if err := p.port.release(); err != nil {
		p.t.Errorf("servers: %v", fmt.Errorf("proxy of %s: %w", p.server, err))
	}
}
