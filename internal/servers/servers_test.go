package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/servers/engines"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// eventually waits until do has no error, and tells how long that took.
func eventually(t *testing.T, what string, do func(context.Context) error) {
	t.Helper()
	ctx, cancel := contextFor(t, time.Minute)
	defer cancel()
	began := time.Now()
	if err := poll(ctx, do); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
}

func noError(t *testing.T, f func() error) {
	t.Helper()
	if err := f(); err != nil {
		t.Error(err)
	}
}

// A witness is a test that is watched: it notes what is said to it.
type witness struct {
	name     string
	mu       sync.Mutex // guards the fields below
	cleanups []func()
	logs     []string
	errors   []string
	ended    string // what ended it early
}

func (w *witness) Helper()                  {}
func (w *witness) Name() string             { return w.name }
func (w *witness) Context() context.Context { return context.Background() }

func (w *witness) Cleanup(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cleanups = append(w.cleanups, f)
}

func (w *witness) Logf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logs = append(w.logs, fmt.Sprintf(format, args...))
}

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

func (w *witness) Fatalf(format string, args ...any) { w.end("fatal: ", format, args) }
func (w *witness) Skipf(format string, args ...any)  { w.end("skip: ", format, args) }

func (w *witness) end(how, format string, args []any) {
	w.mu.Lock()
	w.ended = how + fmt.Sprintf(format, args...)
	w.mu.Unlock()
	runtime.Goexit()
}

// run runs test as testing does: to its end, or to where it was ended, and then
// the clean-ups.
func (w *witness) run(test func(T)) *witness {
	var wg sync.WaitGroup
	wg.Go(func() { test(w) })
	wg.Wait()
	for _, f := range slices.Backward(w.cleanups) {
		f()
	}
	return w
}

func TestKillRedis(t *testing.T) {
	s := Redis(t)
	c := redisClient(s.Access)
	defer c.Close()
	if err := c.Del(t.Context(), t.Name()).Err(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	killed := make(chan struct{})
	for c.RPush(t.Context(), t.Name(), acknowledged).Err() == nil {
		acknowledged++
		if acknowledged == 50 {
			go func() { // amid the writes
				defer close(killed)
				s.Kill()
			}()
		}
	}
	<-killed
	s.Restart()
	got, err := c.LRange(t.Context(), t.Name(), 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d writes acknowledged before SIGKILL, %d found", acknowledged, len(got))
	// The one that was on its way may have been done.
	if len(got) < acknowledged || len(got) > acknowledged+1 || acknowledged == 0 {
		t.Fatalf("%d acknowledged, %d found", acknowledged, len(got))
	}
	for i, v := range got {
		if v != strconv.Itoa(i) {
			t.Fatalf("element %d is %s", i, v)
		}
	}
}

func TestFreezeRedis(t *testing.T) {
	s := Redis(t)
	c := redisClient(s.Access)
	defer c.Close()
	if err := c.Set(t.Context(), t.Name(), "before", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	ctx, cancel := contextFor(t, 300*time.Millisecond)
	defer cancel()
	if err := c.Get(ctx, t.Name()).Err(); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("a frozen server answers %v", err)
	}
	s.Thaw()
	if got, err := c.Get(t.Context(), t.Name()).Result(); got != "before" || err != nil {
		t.Errorf("after the thaw: %q, %v", got, err)
	}
}

func TestAServerIsBroughtBackAfterEachTest(t *testing.T) {
	Redis(t)
	name := t.Name() // of one family with the watched tests
	for way, f := range map[string]func(*Server){
		"stopped": (*Server).Stop, "killed": (*Server).Kill, "frozen": (*Server).Freeze,
		"thawed": (*Server).Thaw, "killed twice": func(s *Server) { s.Kill(); s.Kill() },
		"stopped while frozen": func(s *Server) { s.Freeze(); s.Stop() },
		"killed while frozen":  func(s *Server) { s.Freeze(); s.Kill() },
		"restarted":            (*Server).Restart,
	} {
		w := (&witness{name: name}).run(func(t T) { f(Redis(t)) })
		if len(w.errors) > 0 || w.ended != "" {
			t.Errorf("%s: %v %s", way, w.errors, w.ended)
		}
		if _, err := (redisServer{}).answers(t.Context(), Redis(t).Access); err != nil {
			t.Errorf("%s: after the test: %v", way, err)
		}
	}
}

func TestAServerThatEndedByItselfIsTold(t *testing.T) {
	Redis(t)
	w := (&witness{name: t.Name()}).run(func(w T) {
		s := Redis(w)
		c := redisClient(s.Access)
		defer c.Close()
		c.ShutdownNoSave(t.Context())
		<-s.node.children[0].gone
	})
	if len(w.errors) != 1 || !strings.Contains(w.errors[0], "by itself") || !strings.Contains(w.errors[0], "exit status 0") {
		t.Errorf("told: %q", w.errors)
	}
	if _, err := (redisServer{}).answers(t.Context(), Redis(t).Access); err != nil {
		t.Errorf("after the test: %v", err)
	}
}

func TestATestThatStopsAServerHasItAlone(t *testing.T) {
	Redis(t)
	w := (&witness{name: "TestAnother"}).run(func(w T) { Redis(w).Kill() })
	if len(w.errors) != 1 || !strings.Contains(w.errors[0], t.Name()) {
		t.Errorf("told: %q, want who else uses the server", w.errors)
	}
	if _, err := (redisServer{}).answers(t.Context(), Redis(t).Access); err != nil {
		t.Errorf("it was killed all the same: %v", err)
	}
}

func TestAnEngineThatIsMissingSkipsAndSaysWhy(t *testing.T) {
	t.Setenv("REDFIRE_ENGINES", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	for _, r := range []recipe{influxDB2{}, influxDB1{}, mongoDB{}} {
		n, err := start(t.Context(), r)
		w := (&witness{name: t.Name()}).run(func(w T) { view(w, n, err) })
		want := "skip: engine " + r.engine().Name + ": NOT RUN: "
		if !strings.HasPrefix(w.ended, want) || !strings.Contains(w.ended, "internal/servers/install") {
			t.Errorf("%q, want %q and what to run", w.ended, want)
		}
	}
}

func TestAVariableNamesAServerElsewhere(t *testing.T) {
	here := Redis(t)
	address := here.urlWith(url.UserPassword("", here.Password))
	t.Setenv(engines.Redis.Variable, address)
	w := (&witness{name: t.Name()}).run(func(w T) {
		s := Redis(w)
		if s.Addr != here.Addr || s.Password != here.Password {
			t.Errorf("reached by %+v, want %+v", s.Access, here.Access)
		}
		s.Kill()
		t.Error("a server elsewhere can be killed")
	})
	if !strings.HasPrefix(w.ended, "skip: engine Redis: NOT RUN: ") {
		t.Errorf("killing a server elsewhere: %q", w.ended)
	}
	if len(w.logs) != 1 || w.logs[0] != fmt.Sprintf("engine Redis: %s at %s (REDFIRE_TEST_REDIS)", here.Version, here.Addr) {
		t.Errorf("logged %q", w.logs)
	}
	const secret = "hunter2"
	for _, bad := range []string{
		"redis://:" + secret + "@" + here.Addr, // a wrong password
		"mysql://:" + secret + "@" + here.Addr, // another engine's
		"redis://:" + secret + "@127.0.0.1",    // no port
		secret,
		"redis://:" + secret + "@%zz:1",
	} {
		t.Setenv(engines.Redis.Variable, bad)
		w := (&witness{name: t.Name()}).run(func(w T) { Redis(w) })
		if !strings.HasPrefix(w.ended, "fatal: ") || !strings.Contains(w.ended, engines.Redis.Variable) || strings.Contains(w.ended, secret) {
			t.Errorf("%s: %q, want the variable's name and no password", bad, w.ended)
		}
	}
}

func TestAURLSaysNoSecret(t *testing.T) {
	s := &Server{Engine: engines.InfluxDB2, Access: Access{
		Addr: "127.0.0.1:1", User: "u", Password: "hidden", Org: "o", Bucket: "b & c", Token: "hidden",
	}}
	if got, want := s.URL(), "influx://u@127.0.0.1:1?bucket=b+%26+c&org=o"; got != want {
		t.Errorf("URL is %s, want %s", got, want)
	}
}

func TestPortsAreTakenOnce(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		p, err := takePort()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { noError(t, p.release) })
		if seen[p.number] || p.number < firstPort || p.number > lastPort {
			t.Fatalf("port %d, after %v", p.number, seen)
		}
		seen[p.number] = true
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", p.addr())
		if err != nil {
			t.Errorf("port %d is not free: %v", p.number, err)
			continue
		}
		t.Cleanup(func() { l.Close() })
	}
}

func TestATakenPortIsSeenFromEverywhere(t *testing.T) {
	p, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir()) // as another binary may have it
	if again, err := takeNumber(p.number); err == nil {
		t.Errorf("port %d is taken twice", p.number)
		noError(t, again.release)
	}
	noError(t, p.release)
	again, err := takeNumber(p.number)
	if err != nil {
		t.Fatalf("port %d, released: %v", p.number, err)
	}
	noError(t, again.release)
}

func TestATemporaryFolderMayBeNamedFromHere(t *testing.T) {
	InfluxDB1(t)
	t.Chdir(t.TempDir())
	if err := os.Mkdir("near", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", "near")
	s := own(t, influxDB1{})
	if _, err := s.node.recipe.answers(t.Context(), s.Access); err != nil {
		t.Error(err)
	}
}

func TestSweepRemovesOnlyWhatNobodyHolds(t *testing.T) {
	dir := t.TempDir()
	folder := func(name string, age time.Duration) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		return path
	}
	left := folder(folderPrefix+"left", time.Hour)
	keep := []string{folder(folderPrefix+"young", 0), folder("another-1", time.Hour)}
	held := folder(folderPrefix+"held", time.Hour)
	unlock, err := disk.Lock(held)
	if err != nil {
		t.Fatal(err)
	}
	defer noError(t, unlock)
	folder(folderPrefix+"held", time.Hour) // as old as before
	if err := sweep(dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(keep, held) {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s was removed: %v", path, err)
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
}
