// Package httpapi serves the stores of a [redfire.Data] by HTTP, to programs of
// any language.
//
// Bars and ticks are read as JSON, NDJSON, CSV or an Arrow stream, as the request
// accepts, in constant memory whatever their number. A small answer is sent when it
// is whole, with Content-Length and the header Redfire-Rows. A larger one that fails
// after its first byte never looks whole: its connection is broken before the chunk
// that would end it, and Redfire-Rows, its trailer, does not come. Errors before
// that are problem details of RFC 9457 with the codes of package fault.
//
// What is written is durable when the answer comes. A body is kept whole or not at
// all; with partial=true what is good is kept, and what was refused is listed.
//
// Without tokens the server answers to a loopback address alone, and to no page of
// another site. /openapi.json describes every request; package client is the Go
// client.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/tokens"
)

// Options tune a server. The zero value is ready to use.
type Options struct {
	// Version is that of the program, for /openapi.json.
	Version string

	// Tokens are those that a request needs one of; nil means that it needs none.
	Tokens *tokens.File

	// Grace is how long Serve waits for requests when it is to stop; 0 means 10
	// seconds.
	Grace time.Duration

	// Patience is how long a client may leave a server waiting while it neither
	// reads nor writes; 0 means 30 seconds.
	Patience time.Duration

	// Heartbeat is how often a stream of live data without news shows that it is
	// alive; 0 means 15 seconds.
	Heartbeat time.Duration
}

// A Server answers requests. It is an [http.Handler].
type Server struct {
	data    *redfire.Data
	opts    Options
	limits  config.Server
	log     *slog.Logger
	temp    string   // folder of bodies that are being read
	folders []string // the data folder, as it may be named, with a separator
	mux     *http.ServeMux
	api     huma.API
	cross   *http.CrossOriginProtection

	requests *semaphore.Weighted
	streams  *semaphore.Weighted
	bodies   *semaphore.Weighted // bytes of bodies that are being written
	feed     *stream
	stop     chan struct{} // closed when the server is to stop
	stopped  sync.Once
}

// New returns a server of d, with the limits of its configuration. It does not
// take charge of closing d.
func New(d *redfire.Data, opts *Options) (*Server, error) {
	limits := d.Config().Server
	s := &Server{
		data: d, limits: limits, log: d.Log, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(),
		temp: filepath.Join(d.Folder(), "tmp"), stop: make(chan struct{}),
		requests: semaphore.NewWeighted(int64(limits.MaxRequests)), streams: semaphore.NewWeighted(int64(limits.MaxStreams)),
		bodies: semaphore.NewWeighted(bodiesAtOnce * int64(limits.MaxBody)),
	}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Grace == 0 {
		s.opts.Grace = 10 * time.Second
	}
	if s.opts.Patience == 0 {
		s.opts.Patience = 30 * time.Second
	}
	if s.opts.Heartbeat == 0 {
		s.opts.Heartbeat = 15 * time.Second
	}
	if err := s.makeTemp(); err != nil {
		return nil, err
	}
	s.folders = []string{filepath.Clean(d.Folder()) + string(filepath.Separator)}
	if whole, err := filepath.Abs(d.Folder()); err == nil { // it stands in a longer one
		s.folders = append([]string{whole + string(filepath.Separator)}, s.folders...)
	}
	s.feed = newStream(d.Series)
	s.feed.heartbeat, s.feed.patience, s.feed.still = s.opts.Heartbeat, s.opts.Patience, s.admit
	s.feed.failed = func(r *http.Request, err error) {
		s.log.Error("a stream of live data failed", "path", r.URL.Path, "error", err)
	}
	about := huma.DefaultConfig("RedFire", s.opts.Version)
	about.DocsPath = "" // its page would load programs from elsewhere
	about.SchemasPath = ""
	about.CreateHooks = nil
	about.RejectUnknownQueryParameters = true
	about.Transformers = []huma.Transformer{asProblem}
	about.Info.Description = description
	if s.opts.Tokens != nil {
		about.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
		about.Security = []map[string][]string{{"token": {}}}
	}
	s.api = humago.New(s.mux, about)
	s.register()
	return s, nil
}

const description = "Bars and ticks of markets, written and read. Times are RFC 3339; those without an offset are of the time zone that the parameter tz names, and without it refused. Ranges hold their beginning and not their end."

// bodyNames are the names of the files of bodies that are being read.
const bodyNames = "redfire-body-*"

// makeTemp makes the folder of bodies, if it is not there. Of what a server that was
// killed has left in it, only what is old is removed: another one may be at work.
func (s *Server) makeTemp() error {
	if err := os.MkdirAll(s.temp, 0o700); err != nil {
		return fault.DiskFailed.Errorf("%w", err)
	}
	left, err := filepath.Glob(filepath.Join(s.temp, bodyNames))
	if err != nil {
		return fault.DiskFailed.Errorf("%w", err)
	}
	for _, name := range left {
		about, err := os.Stat(name)
		if err != nil || time.Since(about.ModTime()) < 2*time.Duration(s.limits.Timeout) {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.DiskFailed.Errorf("%w", err)
		}
	}
	return nil
}

// OpenAPI returns the description of the server, as /openapi.json has it.
func (s *Server) OpenAPI() ([]byte, error) { return s.api.OpenAPI().MarshalJSON() }

// Stop ends streams of live data, and makes /readyz say that the server is about to
// stop.
func (s *Server) Stop() {
	s.stopped.Do(func() { close(s.stop) })
	s.feed.stop()
}

// Serve answers the connections of l until ctx ends. It then takes no more, ends
// streams, and waits for requests; those that take longer than the grace are
// broken off. It closes l. The error is nil if ctx ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if err := mayListen(l.Addr(), s.opts.Tokens); err != nil {
		return errors.Join(err, l.Close())
	}
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		s.Stop()
		return fault.APIListen.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.Stop()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.Grace)
	defer cancel()
	err := srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were broken off, since they took longer than the grace", "grace", s.opts.Grace)
		err = srv.Close()
	}
	if ended := <-failed; err == nil && !errors.Is(ended, http.ErrServerClosed) {
		err = ended
	}
	return err
}

// Listen listens on an address, host:port. Port 0 is any that is free. An address
// that other machines reach is refused if there are no tokens.
func Listen(ctx context.Context, address string, granted *tokens.File) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, fault.APIListen.Errorf("listen on %s: %w", address, err)
	}
	if err := mayListen(l.Addr(), granted); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// mayListen returns an error if other machines reach the address, and need no
// token.
func mayListen(a net.Addr, granted *tokens.File) error {
	tcp, ok := a.(*net.TCPAddr)
	if granted != nil || ok && tcp.IP.IsLoopback() {
		return nil
	}
	return fault.APINeedsToken.Errorf("%s can be reached by other machines, and there is no token", a)
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if err := s.deadlines(w, r); err != nil && !errors.Is(err, http.ErrNotSupported) {
		panic(http.ErrAbortHandler) // the connection is gone
	}
	ends := s.data.RequestBegins()
	c := &call{ResponseWriter: w, folders: s.folders}
	ctx := r.Context()
	if r.URL.Path != streamPath {
		c.patience = s.opts.Patience
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(s.limits.Timeout))
		defer cancel()
	}
	r = r.WithContext(ctx)
	defer func() {
		broken := recover()
		if broken != nil && broken != http.ErrAbortHandler { //nolint:errorlint // it is the value itself that is thrown
			s.log.Error("a request failed by a defect of the program", "method", r.Method, "path", r.URL.Path, "defect", broken)
		}
		took := time.Since(began)
		ends(redfire.Request{Method: knownMethod(r.Method), Route: routeOf(r), Status: c.outcome(broken != nil), Took: took, Bytes: c.bytes})
		s.log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", c.status, "bytes", c.bytes, "took", took, "broken", broken != nil)
		if broken != nil {
			panic(http.ErrAbortHandler)
		}
	}()
	s.answer(c, r)
}

// deadlines sets those of a request that begins: of writing none, where that of the
// request before may be left; of reading one, for a body that is skipped, before the
// answer's own has passed.
func (s *Server) deadlines(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	if r.ContentLength != 0 {
		if err := control.SetReadDeadline(time.Now().Add(s.opts.Patience / 2)); err != nil {
			return err
		}
	}
	return control.SetWriteDeadline(time.Time{})
}

// answer answers a request that may be answered.
func (s *Server) answer(c *call, r *http.Request) {
	if err := s.admit(r); err != nil {
		c.fail(r, err)
		return
	}
	if err := onceEach(r); err != nil {
		c.fail(r, err)
		return
	}
	if isFree(r.URL.Path) {
		s.mux.ServeHTTP(c, r)
		return
	}
	if !s.requests.TryAcquire(1) {
		c.fail(r, fault.APIBusy.Errorf("%d requests are being answered already", s.limits.MaxRequests))
		return
	}
	defer s.requests.Release(1)
	r.Body = &patientBody{ReadCloser: r.Body, control: http.NewResponseController(c.ResponseWriter), patience: s.opts.Patience}
	s.mux.ServeHTTP(c, r)
}

// isFree reports whether requests for a path do not count: an operator must get an
// answer when the server is busy, and streams have a limit of their own.
func isFree(path string) bool {
	switch path {
	case streamPath, "/livez", "/readyz", "/metrics":
		return true
	}
	return false
}

const streamPath = "/v1/stream"

// knownMethod returns a method as metrics have it: of those that strangers think
// up there are too many.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// routeOf returns the pattern that r was answered by.
func routeOf(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return "none"
	}
	for i := range len(r.Pattern) {
		if r.Pattern[i] == '/' {
			return r.Pattern[i:]
		}
	}
	return r.Pattern
}
