package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// maxRefused is how many refused rows are listed.
const maxRefused = 1000

// ImportParams say what a body does not say itself.
type ImportParams struct {
	Symbol   string   `query:"symbol" doc:"The symbol of all rows, where they do not say it." example:"rb2601.SHFE"`
	Exchange string   `query:"exchange" doc:"The exchange, where symbols are without."`
	TZ       string   `query:"tz" doc:"The time zone of times without an offset." example:"Asia/Shanghai"`
	Calendar string   `query:"calendar" doc:"The trading calendar: a name, auto for that of the symbol, none for the clock."`
	Order    string   `query:"date_order" enum:"mdy,dmy" doc:"The order of dates whose year is not first."`
	Unit     string   `query:"time_unit" enum:"s,ms,us,ns" doc:"The unit of times that are numbers."`
	Replace  bool     `query:"replace" doc:"Ticks that differ take the place of those stored, and the later of two bars of the body that of the other."`
	Suspect  bool     `query:"accept_suspect" doc:"Keep rows that contradict themselves, such as a high below the low."`
	Columns  []string `query:"columns" doc:"The names of the columns of a CSV without a header." example:"time,open,high,low,close,volume"`
	Map      []string `query:"map,explode" doc:"FIELD=COLUMN: which column has a field, where its name does not tell; repeated for several." example:"open=OpeningPx"`
	Keep     []string `query:"keep,explode" doc:"NAME or NAME:TYPE: a column to keep beside the usual ones, as text, int or float; repeated for several." example:"settle:float"`
	Partial  bool     `query:"partial" doc:"Keep the rows that are good, and list the others; without it a body is kept whole or not at all."`
}

type (
	writeBars struct {
		Interval string `query:"interval" doc:"The interval of all bars, where they do not say it." example:"1m"`
		BarTime  string `query:"bar_time" enum:"start,end" doc:"Whether bars are stamped at their start or at their end."`
		ImportParams
	}
	writeTicks struct {
		Volume string `query:"tick_volume" enum:"traded,cumulative" doc:"How the volume of ticks counts."`
		ImportParams
	}
)

func (s *Server) writeBars(_ context.Context, in *writeBars) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) (err error) {
		o := marketfile.Options{BarTime: marketfile.BarTime(in.BarTime)}
		if in.Interval != "" {
			if o.Interval, err = market.ParseInterval(in.Interval); err != nil {
				return fault.At(fault.Place{Field: "interval"}, err)
			}
		}
		return s.write(w, r, series.Bars, &in.ImportParams, &o)
	}), nil
}

func (s *Server) writeTicks(_ context.Context, in *writeTicks) (*huma.StreamResponse, error) {
	return s.streamed(func(w *call, r *http.Request) error {
		return s.write(w, r, series.Ticks, &in.ImportParams, &marketfile.Options{TickVolume: market.TickVolume(in.Volume)})
	}), nil
}

// options adds what the parameters say.
func (p *ImportParams) options(o *marketfile.Options) (err error) {
	o.DateOrder, o.TimeUnit, o.Calendar = marketfile.DateOrder(p.Order), p.Unit, p.Calendar
	o.Replace, o.AcceptSuspect, o.Columns = p.Replace, p.Suspect, p.Columns
	if err := p.mapping(o); err != nil {
		return err
	}
	if p.Symbol != "" {
		if o.Symbol, err = market.ParseSymbol(p.Symbol); err != nil {
			return fault.At(fault.Place{Field: "symbol"}, err)
		}
	}
	if p.Exchange != "" {
		if o.Symbol.Exchange != "" && string(o.Symbol.Exchange) != p.Exchange {
			return fault.At(fault.Place{Field: "exchange"}, fault.APIParameter.Errorf("it contradicts the symbol %s", p.Symbol))
		}
		o.Symbol.Exchange = market.Exchange(p.Exchange)
	}
	if p.TZ != "" {
		if o.Zone, err = market.LoadZone(p.TZ); err != nil {
			return fault.At(fault.Place{Field: "tz"}, err)
		}
	}
	return nil
}

// mapping adds what the parameters say of columns.
func (p *ImportParams) mapping(o *marketfile.Options) error {
	o.Map = map[string]string{}
	for _, text := range p.Map {
		field, name, ok := strings.Cut(text, "=")
		if !ok || field == "" || name == "" {
			return fault.At(fault.Place{Field: "map"}, fault.APIParameter.Errorf("%q is not written as in open=OpeningPx", text))
		}
		o.Map[field] = name
	}
	for _, text := range p.Keep {
		kept, err := marketfile.ParseKept(text)
		if err != nil {
			return fault.At(fault.Place{Field: "keep"}, err)
		}
		o.Keep = append(o.Keep, kept)
	}
	return nil
}

// write keeps the rows of a body.
func (s *Server) write(w *call, r *http.Request, kind series.Kind, p *ImportParams, o *marketfile.Options) error {
	if err := p.options(o); err != nil {
		return err
	}
	var err error
	if o.Calendars, err = s.data.Calendars(); err != nil {
		return err
	}
	file, err := s.spool(r)
	if err != nil {
		return err
	}
	defer s.forget(file)
	// The body is on disk: a client that is slow to send it has kept nobody waiting.
	about, err := os.Stat(file)
	if err != nil {
		return diskFault(err)
	}
	release, err := s.hold(r.Context(), about.Size())
	if err != nil {
		return err
	}
	defer release()
	lang := languageOf(r.Header.Get("Accept-Language"))
	var refused []problem.Refused
	o.Lang, o.Name, o.Whole, o.CheckOwn, o.OnlyMissing = lang, "body", !p.Partial, true, true
	o.Refused = func(f marketfile.Refused) {
		if len(refused) < maxRefused {
			refused = append(refused, problem.Refused{Line: f.Line, Code: fault.CodeOf(f.Why), Detail: problem.Parameters(fault.Message(f.Why, lang)), Text: f.Text})
		}
	}
	report, err := marketfile.Import(r.Context(), s.data.Series, kind, []string{file}, o)
	if err != nil && report != nil && report.Refused > 0 && errors.Is(err, fault.Invalid) {
		d := problem.Of(err, lang)
		d.Status, d.Refused, d.RefusedRows = http.StatusUnprocessableEntity, report.Refused, refused
		w.problem(d)
		return nil
	}
	if fault.CodeOf(err) == fault.FileDamaged { // it is the client's, and not ours
		return fault.APIBody.Errorf("the body is damaged: %w", err)
	}
	if err != nil {
		return err
	}
	return w.json(imported(report, refused, lang))
}

func imported(r *marketfile.Report, refused []problem.Refused, lang string) answers.Imported {
	a := answers.Imported{
		Read: r.Read, Written: answers.Written{New: r.New, Unchanged: r.Unchanged, Replaced: r.Replaced},
		Refused: r.Refused, RefusedRows: refused, Reasons: r.Reasons, Series: r.Series,
	}
	for _, k := range r.Keys {
		a.Keys = append(a.Keys, answers.OfKey(k))
	}
	for _, n := range r.Notes {
		a.Notes = append(a.Notes, problem.Parameters(fault.Message(n.Text, lang)))
	}
	return a
}

// bodyTypes are the media types of bodies, and tell whether one begins so.
var bodyTypes = map[string]func(head []byte) bool{
	typeNDJSON: isJSON, typeJSON: isJSON, "application/jsonl": isJSON, typeCSV: isCSV,
	typeArrow: isArrow, "application/vnd.apache.arrow.file": isArrow, typeParquet: isParquet,
}

func isArrow(head []byte) bool {
	return bytes.HasPrefix(head, []byte("ARROW1")) || bytes.HasPrefix(head, []byte("\xff\xff\xff\xff"))
}

func isParquet(head []byte) bool { return bytes.HasPrefix(head, []byte("PAR1")) }

func isJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n")
	return len(head) == 0 || head[0] == '{' || head[0] == '['
}

// isCSV reports whether a body may be separated values: whatever the encoding, it is
// not packed, which would be unpacked without a limit.
func isCSV(head []byte) bool {
	for _, magic := range []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "PK\x03\x04", "{"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return false
		}
	}
	return !isArrow(head) && !isParquet(head)
}

// bodiesAtOnce is how many bodies of the greatest length are held at once. Of
// shorter ones there are more; the next waits.
const bodiesAtOnce = 2

// hold waits until so many bytes of a body may be held in memory, and returns what
// gives their place back.
func (s *Server) hold(ctx context.Context, bytes int64) (release func(), err error) {
	if bytes < 0 || bytes > int64(s.limits.MaxBody) { // a client need not tell the length
		bytes = int64(s.limits.MaxBody)
	}
	if err := s.bodies.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { s.bodies.Release(bytes) }, nil
}

// spool writes a body, unpacked, to a file of its own, and returns its name.
func (s *Server) spool(r *http.Request) (name string, err error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || bodyTypes[mediaType] == nil {
		return "", fault.APIForm.Errorf("Content-Type is %q, and rows are read as %s, %s, %s or %s", r.Header.Get("Content-Type"), typeNDJSON, typeCSV, typeArrow, typeParquet)
	}
	most := int64(s.limits.MaxBody)
	body := io.Reader(http.MaxBytesReader(nil, r.Body, most))
	switch packing := strings.ToLower(r.Header.Get("Content-Encoding")); packing {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return "", s.tooLarge(bodyFault(err))
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return "", s.tooLarge(bodyFault(err))
		}
		defer z.Close()
		body = z
	default:
		return "", fault.APIForm.Errorf("Content-Encoding is %q, and bodies are unpacked from gzip and zstd", packing)
	}
	text := bufio.NewReaderSize(io.LimitReader(body, most+1), 64<<10)
	head, err := text.Peek(1 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", s.tooLarge(bodyFault(err))
	}
	if !bodyTypes[mediaType](head) {
		return "", fault.APIBody.Errorf("the body does not begin as %s does; what packs it is named by Content-Encoding", mediaType)
	}
	return s.keep(text)
}

// forget removes the file of a body.
func (s *Server) forget(name string) {
	if err := os.Remove(name); err != nil {
		s.log.Error("a body could not be removed", "error", fault.WithoutPath(err))
	}
}

// keep writes a body to a file.
func (s *Server) keep(body io.Reader) (name string, err error) {
	f, err := os.CreateTemp(s.temp, bodyNames)
	if err != nil {
		return "", fault.DiskFailed.Errorf("%w", fault.WithoutPath(err))
	}
	to := &unwritable{w: f}
	n, err := io.Copy(to, body)
	switch {
	case to.err != nil:
		err = diskFault(to.err)
	case err != nil:
		err = s.tooLarge(bodyFault(err))
	case n > int64(s.limits.MaxBody):
		err = s.tooLarge(&http.MaxBytesError{Limit: int64(s.limits.MaxBody)})
	case n == 0:
		err = fault.APIBody.Errorf("the body is empty")
	}
	if closed := f.Close(); err == nil && closed != nil {
		err = diskFault(closed)
	}
	if err == nil {
		return f.Name(), nil
	}
	if left := os.Remove(f.Name()); left != nil {
		s.log.Error("a body could not be removed", "error", fault.WithoutPath(left))
	}
	return "", err
}

// An unwritable remembers that writing failed, and not reading.
type unwritable struct {
	w   io.Writer
	err error
}

func (u *unwritable) Write(b []byte) (int, error) {
	n, err := u.w.Write(b)
	u.err = err
	return n, err
}

// tooLarge says of a body over the limit what the limit is.
func (s *Server) tooLarge(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return fault.APITooLarge.Errorf("the body is longer than %d bytes, unpacked", over.Limit)
	}
	return err
}

// diskFault returns the error of writing a body aside.
func diskFault(err error) error {
	if disk.IsFull(err) {
		return fault.DiskFull.Errorf("%w", fault.WithoutPath(err))
	}
	return fault.DiskFailed.Errorf("%w", fault.WithoutPath(err))
}
