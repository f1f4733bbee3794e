// Package client is RedFire's Go client: the series of a server as a
// [series.Store], with the same calls, promises and errors as one of its own.
//
//	store, err := client.Open("http://127.0.0.1:8600", nil)
//	defer store.Close()
//	for bar, err := range store.Bars(ctx, symbol, market.Minute, market.Range{}) {
//
// A [Client] is the engine below such a store, and passes the suite of engines. A
// read that is cut off goes on behind the last row that came, when the server
// answers again; rows that were written meanwhile may be among the rest. A write
// whose answer is lost is [fault.Unknown]: it may be repeated.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/series"
)

// Options tune a client. The zero value is ready to use.
type Options struct {
	// Token is the token that the server asks for.
	Token string

	// Lang is the language of the server's errors: "zh" for Chinese, else English.
	Lang string

	// Patience is how long a read that was cut off is asked for anew without a row
	// that comes; 0 means 10 seconds.
	Patience time.Duration

	// Transport makes connections; nil means one of the client's own.
	Transport http.RoundTripper
}

// A Client is the engine of the series of a server. It is safe for concurrent use.
type Client struct {
	base     *url.URL
	opts     Options
	http     *http.Client
	closed   atomic.Bool
	shutdown func() // of connections that idle
}

// Open returns the series of a server. It makes no connection yet. A nil opts is
// the same as a pointer to the zero Options.
func Open(address string, opts *Options) (*series.Store, error) {
	c, err := New(address, opts)
	if err != nil {
		return nil, err
	}
	return series.New(c, nil), nil
}

// New returns the engine of a server's series.
func New(address string, opts *Options) (*Client, error) {
	base, err := url.Parse(address)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, fault.APIParameter.Errorf("%q is no address of a server: it is written as http://127.0.0.1:8600", shownAddress(address))
	case base.User != nil:
		return nil, fault.APIParameter.Errorf("the address of a server has no user: give the token by itself")
	case strings.Trim(base.Path, "/") != "" || base.RawQuery != "" || base.Fragment != "":
		return nil, fault.APIParameter.Errorf("the address of a server ends with its port: %s://%s", base.Scheme, base.Host)
	}
	c := &Client{base: base, shutdown: func() {}}
	if opts != nil {
		c.opts = *opts
	}
	c.opts.Patience = cmp.Or(c.opts.Patience, 10*time.Second)
	transport := c.opts.Transport
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
		own.MaxIdleConnsPerHost, own.DisableCompression = 64, true
		own.ReadBufferSize, own.WriteBufferSize = 64<<10, 64<<10
		transport, c.shutdown = own, own.CloseIdleConnections
	}
	c.http = &http.Client{
		Transport: transport,
		// A token is for one server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// shownAddress returns an address for a message: a password may stand in front of
// the host.
func shownAddress(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return "..." + address[i:]
	}
	return address
}

// A request is one to a server.
type request struct {
	method, path string
	params       url.Values
	mediaType    string // of the body
	body         []byte
	accept       string
	writes       bool   // it changes what is stored
	since        uint64 // of which the changes are asked for
}

// do sends a request and returns its answer, which is that of a success.
func (c *Client) do(ctx context.Context, q *request) (*http.Response, error) {
	if c.closed.Load() {
		return nil, fault.SeriesClosed.Errorf("the store is closed")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var sent atomic.Bool // it is set by the connection's own goroutine
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	r, err := c.request(httptrace.WithClientTrace(ctx, trace), q)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.failure(ctx, q, err, sent.Load())
	}
	if answer.StatusCode == http.StatusOK && mediaTypeOf(answer) == cmp.Or(q.accept, typeJSON) {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, c.refusal(ctx, answer, q)
}

func (c *Client) request(ctx context.Context, q *request) (*http.Request, error) {
	to := *c.base
	to.Path, to.RawQuery = q.path, q.params.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, to.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if q.mediaType != "" {
		r.Header.Set("Content-Type", q.mediaType)
	}
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if c.opts.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.opts.Token)
	}
	r.Header.Set("Accept-Language", cmp.Or(c.opts.Lang, "en"))
	return r, nil
}

// failure returns the error of a request without an answer.
func (c *Client) failure(ctx context.Context, q *request, err error, sent bool) error {
	var of *url.Error
	if errors.As(err, &of) { // it says the address, as we do
		err = of.Err
	}
	ended := ctx.Err()
	switch {
	case sent && q.writes && ended != nil:
		return fault.APIUncertain.Errorf("%s: %w", c.base.Host, ended)
	case sent && q.writes:
		return fault.APIUncertain.Errorf("%s: %w", c.base.Host, err)
	case ended != nil:
		return ended
	}
	return fault.APIUnreachable.Errorf("%s: %w", c.base.Host, err)
}

// refusal returns the error that a server answered.
func (c *Client) refusal(ctx context.Context, answer *http.Response, q *request) error {
	const most = 4 << 20
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	var d problem.Details
	mediaType := mediaTypeOf(answer)
	away := false // what stands in front of the server cannot reach it
	if err == nil && mediaType == problem.MediaType {
		err = json.Unmarshal(text, &d)
	} else if err == nil {
		err = fault.APIStrange.Errorf("%s answers %s with %q", c.base.Host, answer.Status, mediaType)
		away = answer.StatusCode >= http.StatusBadGateway && answer.StatusCode <= http.StatusGatewayTimeout
	}
	switch {
	case err == nil:
		return d.Err(q.since)
	case q.writes && (answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusOK):
		return fault.APIUncertain.Errorf("%s: %w", c.base.Host, cmp.Or(ctx.Err(), err))
	case away:
		return fault.APIUnreachable.Errorf("%s: %w", c.base.Host, err)
	}
	return c.cut(ctx, err)
}

// mediaTypeOf returns the media type of an answer, without parameters.
func mediaTypeOf(answer *http.Response) string {
	mediaType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(mediaType))
}

// json sends a request whose answer is a small JSON value.
func (c *Client) json(ctx context.Context, q *request, v any) error {
	answer, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	const most = 4 << 20
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	switch {
	case err == nil:
		return nil
	case q.writes:
		return fault.APIUncertain.Errorf("%s: %w", c.base.Host, cmp.Or(ctx.Err(), err))
	}
	return c.cut(ctx, err)
}

// cut returns the error of an answer that did not come to its end.
func (c *Client) cut(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if fault.KindOf(err) != "" {
		return err
	}
	return fault.APICut.Errorf("%s: %w", c.base.Host, err)
}

// Ping reports whether the server answers this client.
func (c *Client) Ping(ctx context.Context) error {
	for _, err := range c.Overview(ctx, series.Filter{Kind: series.Indicator, Name: "ping", Brief: true}) {
		return err
	}
	return nil
}

// Close releases the connections. Calls after it fail with [fault.Closed]; a second
// Close does nothing.
func (c *Client) Close() error {
	if !c.closed.Swap(true) {
		c.shutdown()
	}
	return nil
}

// wait waits before something is tried again, longer from time to time, or until
// ctx ends.
func wait(ctx context.Context, times int) error {
	pause := min(50*time.Millisecond<<min(times, 6), 2*time.Second)
	timer := time.NewTimer(pause/2 + rand.N(pause/2)) //nolint:gosec // it is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
