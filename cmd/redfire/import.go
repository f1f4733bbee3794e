package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// An importing is what the flags of an import say.
type importing struct {
	kind                               series.Kind
	symbol, exchange, interval, tz     string
	path, preset, columns              string
	maps, keeps                        []string
	barTime, dateOrder, unit, encoding string
	tickVolume, rejects, calendar      string
	since, until                       string
	acceptSuspect, replace, dryRun     bool
	rows                               int
	asked                              map[string]bool // options that somebody was asked for
}

func (p *program) importCommand(k series.Kind) *cobra.Command {
	im := &importing{kind: k, asked: map[string]bool{}}
	c := &cobra.Command{
		Use:     "import FILE...",
		Short:   p.say(ticksImportShort),
		Long:    p.say(importLong),
		Example: "  redfire ticks import 20260105.csv.gz --symbol rb2601.SHFE --tz Asia/Shanghai\n  redfire ticks import ./ticks --path '{symbol}/*' --keep venue",
		Args:    between(1, 1<<20),
		RunE:    func(c *cobra.Command, args []string) error { return p.importFiles(c.Context(), im, args) },
	}
	f := c.Flags()
	if k == series.Bars {
		c.Short = p.say(barsImportShort)
		c.Example = "  redfire bars import rb.csv --symbol rb2601.SHFE --interval 1m --tz Asia/Shanghai --bar-time start\n  redfire bars import ./data --path '{symbol}/{interval}.csv'\n  redfire bars import bars.csv --map open=OpeningPx --dry-run"
		f.VarP(&given{&im.interval, "INTERVAL"}, "interval", "i", p.say(flagImportInterval))
		f.Var(&choice{&im.barTime, []string{"start", "end"}}, "bar-time", p.say(flagBarTime))
		p.completeChoice(c, "bar-time", []string{"start", "end"})
		p.calendarFlag(c, &im.calendar, flagImportCalendar)
	} else {
		f.Var(&choice{&im.tickVolume, []string{"traded", "cumulative"}}, "tick-volume", p.say(flagImportVolume))
		p.completeChoice(c, "tick-volume", []string{"traded", "cumulative"})
	}
	f.Var(&given{&im.symbol, "SYMBOL"}, "symbol", p.say(flagImportSymbol))
	f.Var(&given{&im.exchange, "EXCHANGE"}, "exchange", p.say(flagImportExchange))
	f.Var(&given{&im.path, "PATTERN"}, "path", p.say(flagPath))
	p.zoneFlag(c, &im.tz, flagImportZone)
	f.Var(&given{&im.since, "TIME"}, "since", p.say(flagSince))
	f.Var(&given{&im.until, "TIME"}, "until", p.say(flagUntil))
	p.completeNothing(c, "since")
	p.completeNothing(c, "until")
	f.Var(&choice{&im.dateOrder, []string{"mdy", "dmy"}}, "date-order", p.say(flagDateOrder))
	f.Var(&choice{&im.unit, []string{"s", "ms", "us", "ns"}}, "time-unit", p.say(flagTimeUnit))
	f.Var(&choice{&im.encoding, []string{"utf-8", "gbk", "utf-16"}}, "encoding", p.say(flagEncoding))
	f.Var(&choice{&im.preset, marketfile.Presets(k)}, "preset", p.say(flagPreset))
	f.Var(&given{&im.columns, "NAMES"}, "columns", p.say(flagColumns))
	f.Var(&repeated{&im.maps, "FIELD=COLUMN"}, "map", p.say(flagMap))
	f.Var(&repeated{&im.keeps, "NAME[:TYPE]"}, "keep", p.say(flagKeep))
	f.BoolVar(&im.acceptSuspect, "accept-suspect", false, p.say(flagAcceptSuspect))
	f.BoolVar(&im.replace, "replace", false, p.say(flagReplace))
	f.Var(&given{&im.rejects, "DIR"}, "rejects", p.say(flagRejects))
	f.BoolVar(&im.dryRun, "dry-run", false, p.say(flagImportDryRun))
	f.IntVar(&im.rows, "rows", 10, p.say(flagRows))
	return c
}

// options returns what the flags say as an import takes it.
func (im *importing) options() (*marketfile.Options, error) {
	o := &marketfile.Options{
		Path: im.path, Preset: im.preset, BarTime: marketfile.BarTime(im.barTime), DateOrder: marketfile.DateOrder(im.dateOrder),
		TimeUnit: im.unit, Encoding: im.encoding, TickVolume: market.TickVolume(im.tickVolume),
		AcceptSuspect: im.acceptSuspect, Replace: im.replace, Rejects: im.rejects, Calendar: im.calendar,
	}
	if err := im.setKey(o); err != nil {
		return nil, err
	}
	if im.tz != "" {
		var err error
		if o.Zone, err = loadZone("--tz", im.tz); err != nil {
			return nil, err
		}
	}
	var err error
	if o.Range, err = (&span{since: im.since, until: im.until}).bounds(o.Zone); err != nil {
		return nil, err
	}
	if im.columns != "" {
		o.Columns = strings.Split(im.columns, ",")
	}
	o.Map = map[string]string{}
	for _, m := range im.maps {
		field, name, ok := strings.Cut(m, "=")
		if !ok || field == "" || name == "" {
			return nil, fault.CommandUsage.Errorf("--map %q is not written as in open=OpeningPx", m)
		}
		o.Map[field] = name
	}
	for _, k := range im.keeps {
		kept, err := marketfile.ParseKept(k)
		if err != nil {
			return nil, fault.At(fault.Place{Field: "--keep"}, err)
		}
		o.Keep = append(o.Keep, kept)
	}
	return o, nil
}

func (im *importing) setKey(o *marketfile.Options) (err error) {
	if im.symbol != "" {
		if o.Symbol, err = market.ParseSymbol(im.symbol); err != nil {
			return fault.At(fault.Place{Field: "--symbol"}, err)
		}
	}
	if im.exchange != "" {
		if o.Symbol.Exchange != "" && string(o.Symbol.Exchange) != im.exchange {
			return fault.CommandUsage.Errorf("--symbol %s and --exchange %s contradict each other", im.symbol, im.exchange)
		}
		o.Symbol.Exchange = market.Exchange(im.exchange)
	}
	if im.interval != "" {
		if o.Interval, err = market.ParseInterval(im.interval); err != nil {
			return fault.At(fault.Place{Field: "--interval"}, err)
		}
	}
	return nil
}

// importFiles imports files, and asks for what they do not say if there is
// somebody to ask.
func (p *program) importFiles(ctx context.Context, im *importing, args []string) error {
	files, err := marketfile.Files(args)
	if err != nil {
		return err
	}
	for {
		o, err := im.options()
		if err != nil {
			return err
		}
		if o.Calendars, err = p.calendars(); err != nil {
			return err
		}
		if im.dryRun {
			err = p.preview(ctx, im, files, o)
		} else {
			err = p.importInto(ctx, im, files, o)
		}
		needs := needsOf(err)
		if len(needs) == 0 || !p.isAsked() {
			return err
		}
		if err := p.askFor(ctx, im, needs); err != nil {
			return err
		}
	}
}

// needsOf returns the options that have to be given, nil if err is of another
// kind.
func needsOf(err error) (options []string) {
	if err == nil {
		return nil
	}
	for _, e := range split(err) {
		var need *marketfile.Need
		if !errors.As(e, &need) {
			return nil
		}
		if !slices.Contains(options, need.Option) {
			options = append(options, need.Option)
		}
	}
	return options
}

// isAsked reports whether there is somebody to ask.
func (p *program) isAsked() bool {
	return isTerminal(p.in) && p.isSeen()
}

// isSeen reports whether somebody looks at what goes to standard error.
func (p *program) isSeen() bool { return isTerminal(p.err) }

// tries is how often a question is asked that is answered wrongly.
const tries = 3

// askFor asks for options until their values are right.
func (p *program) askFor(ctx context.Context, im *importing, needs []string) error {
	questions := map[string]struct {
		text  message
		value *string
	}{
		"symbol": {askSymbol, &im.symbol}, "exchange": {askExchange, &im.exchange}, "interval": {askInterval, &im.interval},
		"tz": {askZone, &im.tz}, "bar-time": {askBarTime, &im.barTime}, "date-order": {askDateOrder, &im.dateOrder},
		"tick-volume": {askVolume, &im.tickVolume}, "calendar": {askCalendar, &im.calendar},
	}
	for _, option := range needs {
		q := questions[option]
		if im.asked[option] {
			return fault.CommandUsage.Errorf("--%s %q does not help", option, *q.value)
		}
		for try := 1; ; try++ {
			answer, err := p.ask(ctx, p.say(q.text)+" ")
			if err != nil {
				return err
			}
			*q.value = strings.TrimSpace(answer)
			if err = checkAnswer(option, *q.value); err == nil {
				break
			}
			if *q.value == "" || try == tries {
				return err
			}
			p.report(err)
		}
		im.asked[option] = true
	}
	return nil
}

// answers are the words of which an option is one.
var answers = map[string][]string{"bar-time": {"start", "end"}, "date-order": {"mdy", "dmy"}, "tick-volume": {"traded", "cumulative"}}

// checkAnswer returns an error for what an option cannot be.
func checkAnswer(option, s string) (err error) {
	switch option {
	case "symbol":
		_, err = market.ParseSymbol(s)
	case "exchange":
		err = market.Symbol{Code: "x", Exchange: market.Exchange(s)}.Validate()
	case "interval":
		_, err = market.ParseInterval(s)
	case "tz":
		_, err = market.LoadZone(s)
	case "calendar":
		return nil // asked again, if there is none of that name
	default:
		if words := answers[option]; !slices.Contains(words, s) {
			return fault.FileOption.Errorf("--%s is one of %s, not %q", option, strings.Join(words, ", "), s)
		}
	}
	if err != nil {
		return fault.At(fault.Place{Field: "--" + option}, err)
	}
	return nil
}

// importMemory is how much memory an import should hold. Go collects garbage more
// often near it, which matters where rows of thousands of symbols lie mixed.
const importMemory = 400 << 20

func (p *program) importInto(ctx context.Context, im *importing, files []string, o *marketfile.Options) (err error) {
	store, err := p.openSeries(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = together(err, store.Close()) }()
	if p.variable("GOMEMLIMIT") == "" {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(importMemory))
	}
	o.Lang = p.lang
	o.Scratch = func() (*marketfile.Scratch, error) { return newScratch(store.scratchPlace()) }
	bar := p.newProgress()
	o.Progress = bar.show
	begin := time.Now()
	r, err := marketfile.Import(ctx, store.Store, im.kind, files, o)
	bar.end()
	if len(needsOf(err)) > 0 {
		return err
	}
	for _, n := range r.Notes {
		p.note(fileNote, n.File, fault.Message(n.Text, p.lang))
	}
	for _, name := range r.Rejects {
		p.note(rejectsNote, name)
	}
	if errors.Is(err, context.Canceled) {
		p.note(importGoesOn)
	}
	if r.Outside > 0 {
		p.note(outsideOf, r.Outside)
	}
	p.refused = err == nil && r.Refused > 0
	if err != nil && r.Read == 0 {
		return err // nothing was done
	}
	return together(err, p.printImport(r, time.Since(begin)))
}

var importColumns = []column{
	{"files", colFiles}, {"series", colSeries}, {"read", colRead}, {"new", colNew}, {"unchanged", colUnchanged}, {"replaced", colReplaced},
	{"refused", colRefused}, {"outside", message{}}, {"reasons", message{}}, {"rejects", message{}}, {"seconds", message{}},
}

// printImport says what was done.
func (p *program) printImport(r *marketfile.Report, took time.Duration) error {
	seconds := took.Seconds()
	reasons := fields{}
	var codes []string
	for code := range r.Reasons {
		codes = append(codes, string(code))
	}
	slices.Sort(codes)
	for _, code := range codes {
		reasons = append(reasons, field{cmp.Or(code, "other"), r.Reasons[fault.Code(code)]})
	}
	var prose strings.Builder
	for _, reason := range reasons {
		if e, ok := fault.Code(reason.key).Entry(); ok {
			fmt.Fprintln(&prose, p.say(refusedBecause, reason.value, e.Summary.In(p.lang), reason.key))
		}
	}
	prose.WriteString(p.say(imported, r.Read, r.New, r.Unchanged, r.Replaced, r.Refused, r.Files, r.Series, seconds, perSecond(r.Read, took)))
	return p.print(result{
		columns: importColumns, single: true, prose: prose.String(),
		rows: [][]any{{r.Files, r.Series, r.Read, r.New, r.Unchanged, r.Replaced, r.Refused, r.Outside, reasons, append([]string{}, r.Rejects...), seconds}},
	})
}

// perSecond returns rows a second.
func perSecond(rows int64, took time.Duration) int64 {
	return int64(float64(rows) / max(took.Seconds(), 1e-3))
}
