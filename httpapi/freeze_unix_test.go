//go:build unix

package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
)

// signal sends a signal to a server.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func TestAServerThatFreezesLeavesWritesUnknownAndGoesOn(t *testing.T) {
	p := start(t, t.TempDir())
	store, err := client.Open(p.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	y := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	write := func(ctx context.Context, i int) error {
		return store.WriteBars(ctx, y, market.Minute, []market.Bar{{Time: market.Time(1767574800+60*i) * 1e9, Open: 1, High: 1, Low: 1, Close: 1}})
	}
	if err := write(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGSTOP)
	var state syscall.WaitStatus
	if _, err := syscall.Wait4(p.Process.Pid, &state, syscall.WUNTRACED, nil); err != nil || !state.Stopped() {
		t.Fatalf("the server is %v, %v", state, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err = write(ctx, 1)
	if !errors.Is(err, fault.Unknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write to a frozen server: got %v", err)
	}
	for _, err := range store.Bars(ctx, y, market.Minute, market.Range{}) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a read of a frozen server: got %v", err)
		}
	}
	p.signal(t, syscall.SIGCONT)
	if err := write(t.Context(), 1); err != nil { // it may be repeated
		t.Fatal(err)
	}
	n := 0
	for _, err := range store.Bars(t.Context(), y, market.Minute, market.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("there are %d bars", n)
	}
	p.signal(t, syscall.SIGINT)
	if err := p.Wait(); err != nil {
		t.Errorf("interrupted, the server ends with %v", err)
	}
	if r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/livez", nil); err != nil {
		t.Error(err)
	} else if answer, err := http.DefaultClient.Do(r); err == nil {
		_ = answer.Body.Close()
		t.Error("it still answers")
	}
}
