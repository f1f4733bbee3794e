package seriestest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A point is what InfluxDB keeps under one measurement, set of tags and time.
type point struct {
	measurement string
	tags        map[string]string
	ns          int64
	fields      map[string]any // float64, int64 or string
}

// A lineServer is as much of InfluxDB as the sketch needs: line protocol in,
// upsert by field, reads as lines.
type lineServer struct {
	mu     sync.Mutex                  // guards points
	points map[string]map[int64]*point // by series and time
}

func newLineServer(t testing.TB) *httptest.Server {
	s := &lineServer{points: map[string]map[int64]*point{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server
}

func (s *lineServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch r.URL.Path {
	case "/write":
		for rest := string(body); rest != ""; {
			var p *point
			p, rest = parseLine(rest)
			s.put(p) // one by one: InfluxDB's batches are not atomic
		}
		w.WriteHeader(http.StatusNoContent)
	case "/delete", "/read":
		q := r.URL.Query()
		from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
		to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
		like, _ := parseLine(string(body))
		for _, p := range s.find(like, from, to, r.URL.Path == "/delete") {
			fmt.Fprintf(w, "%s\n", p)
		}
	}
}

func (s *lineServer) put(p *point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := p.series()
	if s.points[id] == nil {
		s.points[id] = map[int64]*point{}
	}
	if old := s.points[id][p.ns]; old != nil {
		fields := maps.Clone(old.fields)
		maps.Copy(fields, p.fields) // by field, not by row
		p.fields = fields
	}
	s.points[id][p.ns] = p
}

// find returns, and may remove, the points with the measurement and at least
// the tags of like, from one time up to another, the second included.
func (s *lineServer) find(like *point, from, to int64, remove bool) []*point {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*point
	for id, byTime := range s.points {
		for ns, p := range byTime {
			if p.measurement != like.measurement || ns < from || ns > to || !p.hasTags(like.tags) {
				continue
			}
			found = append(found, p)
			if remove {
				delete(s.points[id], ns)
			}
		}
	}
	return found
}

func (p *point) hasTags(tags map[string]string) bool {
	for k, v := range tags {
		if p.tags[k] != v {
			return false
		}
	}
	return true
}

var tagEscaper = strings.NewReplacer(",", `\,`, "=", `\=`, " ", `\ `)
var tagUnescaper = strings.NewReplacer(`\,`, ",", `\=`, "=", `\ `, " ")
var textEscaper = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
var textUnescaper = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// series returns measurement and tags as they begin a line.
func (p *point) series() string {
	b := p.measurement
	for _, k := range slices.Sorted(maps.Keys(p.tags)) {
		b += "," + k + "=" + tagEscaper.Replace(p.tags[k])
	}
	return b
}

// String returns the line of p.
func (p *point) String() string {
	var fields []string
	for _, k := range slices.Sorted(maps.Keys(p.fields)) {
		switch v := p.fields[k].(type) {
		case float64:
			fields = append(fields, k+"="+strconv.FormatFloat(v, 'g', -1, 64))
		case int64:
			fields = append(fields, k+"="+strconv.FormatInt(v, 10)+"i")
		case string:
			fields = append(fields, k+`="`+textEscaper.Replace(v)+`"`)
		}
	}
	return p.series() + " " + strings.Join(fields, ",") + " " + strconv.FormatInt(p.ns, 10)
}

// parseLine reads the first line of s and returns the rest.
func parseLine(s string) (p *point, rest string) {
	p = &point{tags: map[string]string{}, fields: map[string]any{}}
	n := end(s, ", ")
	p.measurement, s = s[:n], s[n:]
	for s[0] == ',' {
		n := end(s[1:], ", ") + 1
		k, v, _ := strings.Cut(s[1:n], "=")
		p.tags[k], s = tagUnescaper.Replace(v), s[n:]
	}
	for s[0] != ' ' || len(p.fields) == 0 {
		k, v, _ := strings.Cut(s[1:], "=")
		if v[0] == '"' {
			n := endOfText(v)
			p.fields[k], s = textUnescaper.Replace(v[1:n]), v[n+1:]
			continue
		}
		n := end(v, ", ")
		if i, isInt := strings.CutSuffix(v[:n], "i"); isInt {
			p.fields[k], _ = strconv.ParseInt(i, 10, 64)
		} else {
			p.fields[k], _ = strconv.ParseFloat(i, 64)
		}
		s = v[n:]
	}
	line, rest, _ := strings.Cut(s[1:], "\n")
	p.ns, _ = strconv.ParseInt(line, 10, 64)
	return p, rest
}

// end returns where the first of seps stands without a backslash before it.
func end(s, seps string) int {
	for i := range len(s) {
		if strings.IndexByte(seps, s[i]) >= 0 && (i == 0 || s[i-1] != '\\') {
			return i
		}
	}
	return len(s)
}

// endOfText returns where the text that begins with s[0] has its other quote.
func endOfText(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == '"' {
			return i
		}
	}
	return len(s) - 1
}
