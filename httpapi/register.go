package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/httpapi/wire"
)

// An operation is a request that is answered.
type operation struct {
	method, path, id string
	tag              string
	summary, about   string
	answer           map[string]*huma.MediaType // by media type
	body             map[string]*huma.MediaType
}

// register makes the server answer its requests.
func (s *Server) register() {
	rows := s.rowTypes()
	imported := s.jsonOf(reflect.TypeFor[answers.Imported]())
	written := s.jsonOf(reflect.TypeFor[answers.Written]())
	bodies := map[string]*huma.MediaType{typeNDJSON: text(), typeCSV: text(), typeJSON: anything(), typeArrow: binary(), typeParquet: binary()}
	frames := map[string]*huma.MediaType{wire.MediaType: binary()}
	question := map[string]*huma.MediaType{typeJSON: anything()}

	add(s, operation{http.MethodGet, "/v1/bars", "read-bars", "bars", "Read bars", "Bars of one interval, series by series, each oldest first.", rows, nil}, s.readBars)
	add(s, operation{http.MethodPost, "/v1/bars", "write-bars", "bars", "Write bars", "Bars replace those that are stored for the same symbol, interval and time. All rows of the body are durable when the answer comes, or none is kept; they are 1,048,576 and 64 MB of values at most, unless partial is said.", imported, bodies}, s.writeBars)
	add(s, operation{http.MethodDelete, "/v1/bars", "delete-bars", "bars", "Delete bars", "", written, nil}, s.deleteBars)
	add(s, operation{http.MethodGet, "/v1/bars/gaps", "bars-gaps", "bars", "List what is wrong with bars", "Bars that are missing by a trading calendar, those that it does not expect, and those that contradict themselves.", s.listOf(reflect.TypeFor[answers.Defect]()), nil}, s.gaps)
	add(s, operation{http.MethodGet, "/v1/bars/coverage", "bars-coverage", "bars", "Count the expected bars day by day", "", s.listOf(reflect.TypeFor[answers.Day]()), nil}, s.coverage)
	add(s, operation{http.MethodGet, "/v1/bars/profile", "bars-profile", "bars", "Tell what was traded at which price", "", s.listOf(reflect.TypeFor[answers.Level]()), nil}, s.profile)
	add(s, operation{http.MethodGet, "/v1/bars/resample", "resample-bars", "bars", "Make coarser bars", "Nothing is stored. Without a calendar windows are those of the clock.", rows, nil}, s.resampleBars)
	add(s, operation{http.MethodGet, "/v1/ticks", "read-ticks", "ticks", "Read ticks", "Ticks, series by series, each in the order of their arrival.", rows, nil}, s.readTicks)
	add(s, operation{http.MethodPost, "/v1/ticks", "write-ticks", "ticks", "Write ticks", "Ticks are numbered within their microsecond in the order of the body. One that differs from that stored in its place is refused, unless replace is said. All rows of the body are durable when the answer comes, or none is kept; they are 1,048,576 and 64 MB of values at most, unless partial is said.", imported, bodies}, s.writeTicks)
	add(s, operation{http.MethodDelete, "/v1/ticks", "delete-ticks", "ticks", "Delete ticks", "", written, nil}, s.deleteTicks)
	add(s, operation{http.MethodGet, "/v1/ticks/bars", "bars-of-ticks", "ticks", "Make bars of ticks", "Nothing is stored. Without a calendar windows are those of the clock.", rows, nil}, s.resampleTicks)
	add(s, operation{http.MethodGet, "/v1/indicators", "read-indicators", "indicators", "Read indicators", "", rows, nil}, s.readIndicators)
	add(s, operation{http.MethodDelete, "/v1/indicators", "delete-indicators", "indicators", "Delete rows of an indicator", "", written, nil}, s.deleteIndicators)
	add(s, operation{http.MethodGet, "/v1/symbols", "list-series", "series", "List what is stored", "Each series with its number of rows, first and last time, attributes and extra columns.", s.listOf(reflect.TypeFor[answers.Series]()), nil}, s.symbols)
	add(s, operation{http.MethodGet, "/v1/changes", "list-changes", "series", "List what was written and deleted", "Changes behind a number, in their order. One that is too old or too new is a conflict that tells the last one.", s.listOf(reflect.TypeFor[answers.Change]()), nil}, s.changes)
	add(s, operation{http.MethodGet, streamPath, "stream", "series", "Follow what is written and deleted", "Server-Sent Events, each with the rows that are stored now in a range of a series: who replaces its own rows there by them is right. A client that comes again with Last-Event-ID is told what it missed; one that reads slowly is told several changes as one. The event reset tells that they are no longer known.", map[string]*huma.MediaType{"text/event-stream": text()}, nil}, s.follow)
	add(s, operation{http.MethodGet, "/v1/verify", "verify", "series", "Check everything that is stored", "Reads every byte, and lists what is damaged.", s.listOf(reflect.TypeFor[answers.Damage]()), nil}, s.verify)
	add(s, operation{http.MethodPost, framesPath + "/read", "read-frames", "frames", "Read frames", "For the Go client.", frames, question}, s.readFrames)
	add(s, operation{http.MethodPost, framesPath + "/fold", "fold-frames", "frames", "Resample frames", "For the Go client.", frames, question}, s.foldFrames)
	add(s, operation{http.MethodPost, framesPath, "write-frames", "frames", "Write frames", "For the Go client.", written, frames}, s.writeFrames)
	add(s, operation{http.MethodPut, framesPath, "replace-frames", "frames", "Replace a range by a frame", "For the Go client.", written, frames}, s.replaceFrames)
	add(s, operation{http.MethodGet, "/v1/sql/pools", "list-pools", "sql", "List the pools of SQL", "How each is at present, as far as it knows by itself: no database is asked.", s.listOf(reflect.TypeFor[answers.SQLPool]()), nil}, s.pools)
	add(s, operation{http.MethodGet, "/v1/sql/pools/{name}", "read-pool", "sql", "Tell of one pool of SQL", "", s.jsonOf(reflect.TypeFor[answers.SQLPool]()), nil}, s.pool)
	add(s, operation{http.MethodGet, "/v1/sql/pools/{name}/statements", "list-statements", "sql", "List the statements of a pool that take longest", "Statements that differ by their values alone are one. The first took longest in all, since the server began.", s.listOf(reflect.TypeFor[answers.SQLStatement]()), nil}, s.poolStatements)
	add(s, operation{http.MethodGet, "/livez", "live", "health", "Tell that the process answers", "It looks at nothing outside of the process.", s.jsonOf(reflect.TypeFor[alive]()), nil}, s.live)
	add(s, operation{http.MethodGet, "/readyz", "ready", "health", "Tell whether requests are answered", "503 if a critical source is down, or the server is about to stop.", s.jsonOf(reflect.TypeFor[answers.Ready]()), nil}, s.ready)
	s.mux.Handle("GET /metrics", s.data.Metrics())
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("/", s.nothing)
}

// alive is the answer of /livez.
type alive struct {
	Status string `json:"status" enum:"ok" doc:"ok."`
}

func text() *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
}

func binary() *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
}

func anything() *huma.MediaType { return &huma.MediaType{Schema: &huma.Schema{}} }

func (s *Server) schema(t reflect.Type) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

func (s *Server) jsonOf(t reflect.Type) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{typeJSON: {Schema: s.schema(t)}}
}

func (s *Server) listOf(t reflect.Type) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{typeJSON: {Schema: &huma.Schema{Type: huma.TypeArray, Items: s.schema(t)}}, typeNDJSON: text()}
}

// rowTypes returns the forms of rows. Their columns differ from series to series.
func (s *Server) rowTypes() map[string]*huma.MediaType {
	row := &huma.Schema{Type: huma.TypeObject, Required: []string{"symbol", "time"}, Properties: map[string]*huma.Schema{
		"symbol": {Type: huma.TypeString}, "time": {Type: huma.TypeString, Format: "date-time"},
	}}
	return map[string]*huma.MediaType{
		typeJSON: {Schema: &huma.Schema{Type: huma.TypeArray, Items: row}}, typeNDJSON: text(), typeCSV: text(), typeArrow: binary(),
	}
}

// add makes the server answer an operation.
func add[I any](s *Server, o operation, do func(context.Context, *I) (*huma.StreamResponse, error)) {
	failed := &huma.Response{
		Description: "The problem, by RFC 9457.",
		Content:     map[string]*huma.MediaType{problem.MediaType: {Schema: s.schema(reflect.TypeFor[problem.Details]())}},
	}
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Tags: []string{o.tag}, Summary: o.summary, Description: o.about,
		Responses: map[string]*huma.Response{
			"200":     {Description: "OK", Content: o.answer},
			"default": failed,
		},
		SkipValidateBody: true,
	}
	if o.id == "ready" {
		op.Responses["503"] = &huma.Response{Description: "Not ready", Content: o.answer}
	}
	huma.Register(s.api, op, do)
	if o.body == nil {
		return
	}
	// Told before, the library would read the body by itself, into memory.
	body := &huma.RequestBody{Required: true, Content: o.body}
	switch at := s.api.OpenAPI().Paths[o.path]; o.method {
	case http.MethodPost:
		at.Post.RequestBody = body
	case http.MethodPut:
		at.Put.RequestBody = body
	}
}

// index tells who looks at the server with a browser what there is.
func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "RedFire " + s.opts.Version + "\n\n"
	for _, line := range []string{
		"/v1/symbols     what is stored", "/v1/bars?symbol=SYMBOL&interval=1m&format=csv     bars", "/v1/ticks?symbol=SYMBOL&format=csv     ticks",
		"/v1/sql/pools   the pools of SQL", "/v1/stream      what is written, live", "/readyz         whether everything works", "/openapi.json   every request",
	} {
		text += line + "\n"
	}
	_, _ = w.Write([]byte(text)) // who is gone needs no index
}

// nothing answers requests for what does not exist.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	c := w.(*call) //nolint:forcetypeassert // ServeHTTP made it
	var others []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" && pattern != "" {
			others = append(others, method)
		}
	}
	if len(others) > 0 && !slices.Contains(others, r.Method) {
		if others[0] == http.MethodGet {
			others = slices.Insert(others, 1, http.MethodHead)
		}
		allowed := strings.Join(others, ", ")
		c.Header().Set("Allow", allowed)
		d := problem.Of(fault.APINoPath.Errorf("%s takes %s, not %s", r.URL.Path, allowed, r.Method), languageOf(r.Header.Get("Accept-Language")))
		d.Status = http.StatusMethodNotAllowed
		c.problem(d)
		return
	}
	c.fail(r, fault.APINoPath.Errorf("there is nothing at %s", r.URL.Path))
}
