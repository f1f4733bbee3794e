package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
)

var kills = flag.Int("kills", 5, "how often TestWhatWasAcknowledgedIsThereAfterAKill kills a server")

// childFolder is the environment of the process that is a server.
const childFolder = "REDFIRE_TEST_SERVER_FOLDER"

// TestMain is a server, if it is told so.
func TestMain(m *testing.M) {
	flag.Parse()
	if folder := os.Getenv(childFolder); folder != "" {
		if err := child(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child serves a folder until it is interrupted, and says where.
func child(folder string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := config.Load(&config.Options{})
	if err != nil {
		return err
	}
	c.Data, c.SQL = config.Path(folder), nil
	data, err := redfire.Open(ctx, c, nil)
	if err != nil {
		return err
	}
	api, err := httpapi.New(data, nil)
	if err != nil {
		return err
	}
	l, err := httpapi.Listen(ctx, "127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	if _, err := fmt.Println("http://" + l.Addr().String()); err != nil {
		return err
	}
	return errors.Join(api.Serve(ctx, l), data.Close())
}

// A process is a server in a process of its own.
type process struct {
	*exec.Cmd
	url string
}

// start starts a server over a folder.
func start(t *testing.T, folder string) *process {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childFolder+"="+folder)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server says %q: %v", line, err)
	}
	return &process{c, strings.TrimSpace(line)}
}

// kill ends the process as a loss of power would, but for the disk.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // that it was killed
}

// An author writes its own series until the server is gone, and knows
// which rows were acknowledged and which may be there.
type author struct {
	symbol      string
	acked, sent int
}

// write posts rows, a few a request, from where it is.
func (a *author) write(ctx context.Context, url string) error {
	for {
		var b strings.Builder
		for i := range 3 {
			at := time.Unix(1767574800+60*int64(a.acked+i), 0).UTC().Format(time.RFC3339)
			fmt.Fprintf(&b, `{"symbol":%q,"interval":"1m","time":%q,"open":1,"high":2,"low":1,"close":2,"volume":%d}`+"\n", a.symbol, at, a.acked+i)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/bars", strings.NewReader(b.String()))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-ndjson")
		a.sent = max(a.sent, a.acked+3)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return nil //nolint:nilerr // the server is gone
		}
		text, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return nil //nolint:nilerr // it went
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("got %s %s", answer.Status, text)
		}
		a.acked += 3
	}
}

func TestWhatWasAcknowledgedIsThereAfterAKill(t *testing.T) {
	folder := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]*author, 6)
	for i := range all {
		all[i] = &author{symbol: fmt.Sprintf("w%d.SHFE", i)}
	}
	for round := range *kills {
		p := start(t, folder)
		all[0].compare(t, p.url, round)
		for _, a := range all[1:] {
			a.compare(t, p.url, round)
		}
		var writing sync.WaitGroup
		for _, a := range all {
			writing.Go(func() {
				if err := a.write(t.Context(), p.url); err != nil {
					t.Error(err)
				}
			})
		}
		timer := time.NewTimer(time.Duration(random.IntN(300_000)) * time.Microsecond)
		<-timer.C
		p.kill(t)
		writing.Wait()
	}
	p := start(t, folder)
	sum := 0
	for _, a := range all {
		a.compare(t, p.url, *kills)
		sum += a.acked
	}
	p.kill(t)
	t.Logf("%d rows were acknowledged between %d kills", sum, *kills)
	if sum == 0 {
		t.Error("nothing was written")
	}
}

// compare wants the rows that were acknowledged, and no more than were sent.
func (a *author) compare(t *testing.T, url string, round int) {
	t.Helper()
	store, err := client.Open(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	y, err := market.ParseSymbol(a.symbol)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range store.Bars(t.Context(), y, market.Minute, market.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := market.Time(1767574800+60*n) * 1e9; b.Time != want || b.Volume != float64(n) {
			t.Fatalf("round %d: row %d of %s is %+v", round, n, a.symbol, b)
		}
		n++
	}
	if n < a.acked || n > a.sent || n%3 != 0 {
		t.Fatalf("round %d: %s has %d rows, of which %d were acknowledged, and %d sent in threes", round, a.symbol, n, a.acked, a.sent)
	}
	a.acked = n
}

// A running server is one that Serve serves.
type running struct {
	*site
	url    string
	stop   context.CancelFunc
	served chan error
}

// run serves what there is by Serve, which is stopped by hand.
func run(t *testing.T, change func(*config.Config, *httpapi.Options)) *running {
	t.Helper()
	s := serve(t, t.TempDir(), change)
	l, err := httpapi.Listen(t.Context(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{s, "http://" + l.Addr().String(), stop, make(chan error, 1)}
	go func() { r.served <- s.api.Serve(ctx, l) }()
	return r
}

// get begins to read an answer.
func (r *running) get(t *testing.T, path string) *http.Response {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept-Encoding", "identity") // packed it would fit into what the sockets hold
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestAServerThatStopsFinishesWhatItAnswers(t *testing.T) {
	r := run(t, nil)
	r.long(t, 300_000)
	stream := r.get(t, "/v1/stream") //nolint:bodyclose // get does
	download := r.get(t, longPath)   //nolint:bodyclose // get does
	if _, err := io.CopyN(io.Discard, download.Body, 1000); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
	within(t, 5*time.Second, "no more connections", func() bool {
		var d net.Dialer
		c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if _, err := io.Copy(io.Discard, download.Body); err != nil || download.Trailer.Get("Redfire-Rows") != "300000" {
		t.Errorf("the download ends with %v, %v", err, download.Trailer)
	}
	if err := <-r.served; err != nil {
		t.Errorf("Serve returns %v", err)
	}
}

func TestWhatTakesLongerThanTheGraceIsBrokenOff(t *testing.T) {
	r := run(t, func(_ *config.Config, o *httpapi.Options) { o.Grace = 100 * time.Millisecond })
	r.long(t, 300_000)
	download := r.get(t, longPath) //nolint:bodyclose // get does
	began := time.Now()
	r.stop()
	if err := <-r.served; err != nil {
		t.Errorf("Serve returns %v", err)
	}
	if took := time.Since(began); took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := io.Copy(io.Discard, download.Body); err == nil || download.Trailer.Get("Redfire-Rows") != "" {
		t.Errorf("the download ends with %v, %v", err, download.Trailer)
	}
}

func TestAListenerThatFailsEndsTheServer(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	l, err := httpapi.Listen(t.Context(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.api.Serve(t.Context(), l); !errors.Is(err, fault.APIListen) {
		t.Errorf("got %v", err)
	}
	if status, about := s.ready(t); status != http.StatusServiceUnavailable || about.Status != "stopping" {
		t.Errorf("then it is %d %s", status, about.Status)
	}
}
