package httpbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strings"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
)

// What a server keeps decoded.
const (
	keepNothing = "nothing"
	keepDefault = "default"
)

// Addresses are where a process that does Serve is to be found.
type Addresses struct {
	Ours  string `json:"ours"`
	Plain string `json:"plain"` // files, the peer, and the memory of the process
}

// Memory is what a process has in memory, in bytes.
type Memory struct {
	Resident int64 `json:"resident"` // 0 where the system does not tell
	Heap     int64 `json:"heap"`     // what the program uses, after garbage was collected
}

// Serve serves the data in a folder, by our server and by handlers of net/http,
// until in ends. args are the folder and whether chunks are kept decoded. It writes
// the Addresses to out, as JSON.
func Serve(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	if len(args) != 2 {
		return fmt.Errorf("httpbench: serve: got %q", args)
	}
	c, err := config.Load(&config.Options{Env: []string{}})
	if err != nil {
		return err
	}
	c.Data, c.SQL = config.Path(filepath.Join(args[0], "data")), nil
	c.Server.MaxBody = 1 << 30
	if args[1] == keepNothing {
		c.Series.Cache = 0
	}
	data, err := redfire.Open(ctx, c, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	api, err := httpapi.New(data, nil)
	if err != nil {
		return err
	}
	l, err := httpapi.Listen(ctx, "127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	other, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, l.Close())
	}
	beside := &http.Server{Handler: besides(data, filepath.Join(args[0], "static"))} //nolint:gosec // it is asked by ourselves
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 2)
	go func() { ended <- api.Serve(ctx, l) }()
	go func() { ended <- beside.Serve(other) }()
	if err := json.NewEncoder(out).Encode(Addresses{"http://" + l.Addr().String(), "http://" + other.Addr().String()}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	stop()
	err = errors.Join(err, beside.Close())
	for range 2 {
		if failed := <-ended; failed != nil && !errors.Is(failed, http.ErrServerClosed) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// besides answers with what our server is measured beside.
func besides(data *redfire.Data, static string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(static, filepath.Base(r.PathValue("name"))))
	})
	for name, write := range plainWays {
		mux.Handle("GET /json/"+name, &plainBars{data.Series, write})
	}
	mux.HandleFunc("GET /memory", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("collect") != "" {
			debug.FreeOSMemory()
			debug.FreeOSMemory() // what is pooled goes at the second time
		}
		m, err := memory()
		if err == nil {
			err = json.NewEncoder(w).Encode(m)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

// memory returns what this process has in memory.
func memory() (m Memory, err error) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	m.Heap = int64(live[0].Value.Uint64())
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			m.Resident = kib << 10
		}
	}
	return m, err
}
