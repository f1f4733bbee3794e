package httpbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"time"

	"github.com/redfire-quant/redfire/bench/venv"
	"github.com/redfire-quant/redfire/market"
)

// A server is another process that does Serve, and who asks it.
type server struct {
	Addresses
	http *http.Client
	kept string
	stop func() error
}

// start starts a server over the data that was written.
func (r *runner) start(ctx context.Context, kept string) (*server, error) {
	if len(r.opts.Server) == 0 {
		return nil, errors.New("there is no process to serve")
	}
	var said bytes.Buffer
	n := len(r.opts.Server)
	c := exec.CommandContext(ctx, r.opts.Server[0], append(r.opts.Server[1:n:n], r.dir, kept)...) //nolint:gosec // it is ourselves
	c.Stderr, c.WaitDelay = &said, time.Second
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: r.plan.clients, DisableCompression: true}
	s := &server{http: &http.Client{Transport: transport}, kept: kept}
	s.stop = func() error {
		transport.CloseIdleConnections()
		err := in.Close()
		if failed := c.Wait(); failed != nil {
			return fmt.Errorf("%w: %s", failed, venv.LastLine(said.Bytes()))
		}
		return err
	}
	if err := json.NewDecoder(out).Decode(&s.Addresses); err != nil {
		return nil, errors.Join(fmt.Errorf("the server: %w", err), s.stop())
	}
	return s, nil
}

// An ask is a request for bars, and where else the same bytes are.
type ask struct {
	symbol market.Symbol
	in     market.Range
	static string // the name of a file
	bytes  int64  // of the answer
}

// path returns where our server has the bars in a form.
func (a *ask) path(form string) string {
	v := url.Values{"symbol": {a.symbol.String()}, "interval": {"1m"}, "format": {form}}
	return "/v1/bars?" + a.span(v).Encode()
}

// plain returns where they are written by encoding/json.
func (a *ask) plain(way string) string {
	return "/json/" + way + "?" + a.span(url.Values{"symbol": {a.symbol.String()}}).Encode()
}

func (a *ask) span(v url.Values) url.Values {
	if a.in.From != 0 {
		v.Set("from", a.in.From.String())
	}
	if a.in.To != 0 {
		v.Set("to", a.in.To.String())
	}
	return v
}

// get reads an answer to its last byte, by way of a buffer, gives each part to
// take, and returns how many there were.
func (s *server) get(ctx context.Context, address string, buffer []byte, take io.Writer) (n int64, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	answer, err := s.http.Do(q)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return 0, errors.Join(fmt.Errorf("%s: %s: %s", address, answer.Status, text), err)
	}
	for {
		m, err := answer.Body.Read(buffer)
		n += int64(m)
		if _, failed := take.Write(buffer[:m]); failed != nil {
			return n, failed
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// whole returns all of an answer.
func (s *server) whole(ctx context.Context, address string) ([]byte, error) {
	var b bytes.Buffer
	_, err := s.get(ctx, address, make([]byte, bufferBytes), &b)
	return b.Bytes(), err
}

const bufferBytes = 256 << 10

// timed returns what measures in how many milliseconds an answer of so many bytes
// comes.
func (s *server) timed(address string, bytes int64) func(context.Context) (float64, error) {
	buffer := make([]byte, bufferBytes)
	return func(ctx context.Context) (float64, error) {
		began := time.Now()
		n, err := s.get(ctx, address, buffer, io.Discard)
		took := time.Since(began)
		if err == nil && n != bytes {
			err = fmt.Errorf("check: %s: %d bytes came, and not %d", address, n, bytes)
		}
		return milliseconds(took), err
	}
}

// memory returns what the server has in memory.
func (s *server) memory(ctx context.Context, collect bool) (m Memory, err error) {
	address := s.Plain + "/memory"
	if collect {
		address += "?collect=1"
	}
	text, err := s.whole(ctx, address)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}
