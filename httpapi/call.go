package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/problem"
)

// A call is the answer to a request: it knows how far it is.
type call struct {
	http.ResponseWriter
	status   int
	bytes    int64
	folders  []string      // whose names are not told
	patience time.Duration // 0 for no limit
	set      time.Time     // when the deadline of writing was set
}

// Unwrap makes a call known to [http.ResponseController].
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader notes the status.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write writes a part of the body. A client that does not read for too long is
// left.
func (c *call) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if now := time.Now(); c.patience > 0 && now.Sub(c.set) > c.patience/8 {
		c.set = now
		if err := http.NewResponseController(c.ResponseWriter).SetWriteDeadline(now.Add(c.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// outcome returns the status as metrics have it.
func (c *call) outcome(broken bool) string {
	if broken {
		return "broken"
	}
	if c.status == 0 { // nothing was written: an empty list
		return strconv.Itoa(http.StatusOK)
	}
	return strconv.Itoa(c.status)
}

// A patientBody is the body of a request whose client may not leave the server
// waiting for too long.
type patientBody struct {
	io.ReadCloser
	control  *http.ResponseController
	patience time.Duration
	set      time.Time
}

func (b *patientBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.set) > b.patience/8 {
		b.set = now
		if err := b.control.SetReadDeadline(now.Add(b.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		// The connection is read on behind the body, to see that the client goes; a
		// deadline that passes there would end the request.
		if err := b.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return n, err
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fault.APISlow.Errorf("the body did not come within %s", b.patience)
	}
	return n, err
}

// fail answers a request with a problem.
func (c *call) fail(r *http.Request, err error) {
	c.problem(problem.Of(timed(r.Context(), err), languageOf(r.Header.Get("Accept-Language"))))
}

func (c *call) problem(d *problem.Details) {
	d.Hide(c.folders)
	h := c.Header()
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	h.Del(rowsHeader)
	h.Set("Content-Type", problem.MediaType)
	switch d.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="redfire"`)
	}
	c.WriteHeader(d.Status)
	// A client that is gone is not told; others have what they were told.
	_ = json.NewEncoder(c).Encode(d)
}

// timed says of a request that ran out of its time that it did.
func timed(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.DeadlineExceeded) && fault.KindOf(err) == "" {
		return fault.APISlow.Errorf("it took longer than a request may")
	}
	return err
}

// languageOf returns the language that Accept-Language wants most: Chinese or
// English.
func languageOf(accept string) string {
	lang, most := "en", 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, weight, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(weight), "q="); ok {
			q, _ = strconv.ParseFloat(text, 64) // what is no number is not wanted
		}
		known, _, _ := strings.Cut(tag, "-")
		if (known == "zh" || known == "en") && q > most {
			lang, most = known, q
		}
	}
	return lang
}

// asProblem makes the library's own errors, of parameters that are missing or wrong,
// problems as all others are.
func asProblem(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	lang := languageOf(ctx.Header("Accept-Language"))
	var all fault.List
	for _, detail := range e.Errors {
		name := strings.TrimPrefix(strings.TrimPrefix(detail.Location, "query."), "header.")
		all = append(all, fault.At(fault.Place{Field: name}, wrongParameter(detail.Message)))
	}
	if len(all) == 0 {
		all = append(all, fault.APIParameter.Errorf("%s", e.Detail))
	}
	d := problem.Of(all.Err(), lang)
	d.Status = e.Status
	return d, nil
}

// wrongParameter returns the error of a parameter of which the library says what is
// wrong.
func wrongParameter(text string) error {
	switch text {
	case "unknown query parameter":
		return fault.APIParameter.Errorf("there is no such parameter")
	case "required query parameter is missing":
		return fault.APIParameter.Errorf("it is missing")
	}
	if limit, ok := strings.CutPrefix(text, "expected number >= "); ok {
		return fault.APIParameter.Errorf("it is at least %s", limit)
	}
	if words, ok := strings.CutPrefix(text, "expected value to be one of "); ok {
		return fault.APIParameter.Errorf("it is one of %s", words)
	}
	return fault.APIParameter.Errorf("%s", text)
}
