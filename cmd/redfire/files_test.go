package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

func TestCandlesShowBodiesAndWicksAtTheirPrices(t *testing.T) {
	hour := market.Time(time.Hour)
	bars := []market.Bar{
		{Time: hour, Open: 100, High: 116, Low: 100, Close: 116},     // rose over all rows
		{Time: 2 * hour, Open: 116, High: 116, Low: 100, Close: 108}, // fell by half, and has a wick below
		{Time: 3 * hour, Open: 105, High: 116, Low: 100, Close: 105}, // ends where it began
		{Time: 4 * hour, Open: 105, High: 105, Low: 105, Close: 105}, // one trade
	}
	var b strings.Builder
	drawCandles(&b, bars, palette{})
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) != candleRows+1 {
		t.Fatalf("got %d lines, want %d and the hours:\n%s", len(lines), candleRows, b.String())
	}
	f := func(row int, want string) {
		t.Helper()
		if got := strings.TrimRight(lines[row], " "); got != want {
			t.Errorf("line %d: got %q, want %q", row, got, want)
		}
	}
	f(0, "    115.50 ██ ▒▒ │")
	f(7, "    108.50 ██ ▒▒ │")
	f(8, "    107.50 ██ │  │")
	f(10, "    105.50 ██ │  ██ ██")
	f(15, "    100.50 ██ │  │")
	f(16, "           01:00")

	b.Reset()
	drawCandles(&b, bars[3:], palette{}) // without any height
	if got := strings.Count(b.String(), "██"); got == 0 || got > 2 {
		t.Errorf("one trade is drawn %d times:\n%s", got, b.String())
	}
}

func TestWhatRisesIsRedInChinaAndGreenElsewhere(t *testing.T) {
	f := func(env []string, lang string, want palette) {
		t.Helper()
		p, _, _ := newProgram(env...)
		p.lang = lang
		if got := p.palette(); got != want {
			t.Errorf("%q, %s: got %q, want %q", env, lang, got, want)
		}
	}
	f([]string{}, "en", palette{"\x1b[32m", "\x1b[31m", "\x1b[0m"})
	f([]string{}, "zh", palette{"\x1b[31m", "\x1b[32m", "\x1b[0m"})
	f([]string{"NO_COLOR=1"}, "zh", palette{})
	rose := market.Bar{Open: 1, High: 2, Low: 1, Close: 2}
	if got := candle(rose, 1, 2, palette{"<up>", "<down>", "<off>"}); got != "<up>██<off> " {
		t.Errorf("got %q", got)
	}
	if got := candle(rose, 5, 6, palette{"<up>", "<down>", "<off>"}); got != "   " {
		t.Errorf("beside the bar: got %q, want blanks without a colour", got)
	}
}

func TestProgressIsOneLineThatIsCleared(t *testing.T) {
	p, _, errs := newProgram()
	p.stdout = nil
	b := &progress{p: p, shown: true, begin: time.Now().Add(-10 * time.Second)}
	b.show(marketfile.Progress{File: "x/螺纹.csv", Rows: 1000, Bytes: 25, Size: 100})
	if got := errs.String(); !strings.HasPrefix(got, "\r螺纹.csv: 1000 rows, ") || !strings.Contains(got, "25%, 30s left") {
		t.Errorf("got %q, want rate and remaining time", got)
	}
	errs.Reset()
	b.show(marketfile.Progress{File: "y", Rows: 1})
	if got := errs.String(); strings.Contains(got, "left") || !strings.HasSuffix(got, "   ") {
		t.Errorf("got %q, want no remaining time where the size is not known, and nothing of the line before", got)
	}
	errs.Reset()
	b.exported(7)
	b.end()
	if got := errs.String(); !strings.Contains(got, "7 rows") || !strings.HasSuffix(got, "\r") {
		t.Errorf("got %q, want a line that is cleared", got)
	}
	errs.Reset()
	b.end()
	unseen := p.newProgress()
	unseen.show(marketfile.Progress{Rows: 5})
	unseen.exported(5)
	unseen.end()
	if errs.Len() > 0 {
		t.Errorf("got %q where nobody looks, want nothing", errs)
	}
}

func TestScratchesOfProcessesThatEndedAreRemoved(t *testing.T) {
	data := t.TempDir()
	left, held, other := filepath.Join(data, "sort-1"), filepath.Join(data, "sort-2"), filepath.Join(data, "series")
	for _, folder := range []string{left, held, other} {
		if err := os.MkdirAll(filepath.Join(folder, "log"), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	unlock, err := disk.Lock(held)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newScratch(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
	for _, folder := range []string{held, other, s.Folder} {
		if _, err := os.Stat(folder); err != nil {
			t.Error(err)
		}
	}
	if free, err := s.Free(); err != nil || free <= 0 {
		t.Errorf("got %d bytes free, %v", free, err)
	}
	if err := errors.Join(unlock(), s.Store.Close(), s.Remove()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.Folder, err)
	}
	if _, err := newScratch(filepath.Join(data, "nowhere", "series")); !errors.Is(err, fault.Unavailable) {
		t.Errorf("in a folder that is not there: got %v", err)
	}
}

func TestFlagsOfAnImportBecomeOptions(t *testing.T) {
	im := &importing{
		kind: series.Bars, symbol: "rb2601.SHFE", exchange: "SHFE", interval: "60m", tz: "Asia/Shanghai",
		columns: "a,b", maps: []string{"open=O=1"}, keeps: []string{"venue", "id:int", "a:b:float"}, barTime: "end",
	}
	o, err := im.options()
	if err != nil {
		t.Fatal(err)
	}
	if o.Symbol.Code != "rb2601" || o.Interval != market.Hour || o.Zone.String() != "Asia/Shanghai" || len(o.Columns) != 2 || o.BarTime != marketfile.End {
		t.Errorf("got %+v", o)
	}
	if o.Map["open"] != "O=1" {
		t.Errorf("got %q, want the name with its sign", o.Map)
	}
	if got := o.Keep; len(got) != 3 || got[0] != (marketfile.Kept{Column: "venue"}) || got[1] != (marketfile.Kept{Column: "id", Type: series.Int64}) || got[2] != (marketfile.Kept{Column: "a:b", Type: series.Float64}) {
		t.Errorf("got %+v", got)
	}
	f := func(spoil func(*importing), says string) {
		t.Helper()
		im := importing{kind: series.Bars}
		spoil(&im)
		if _, err := im.options(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want fault.Invalid that says %q", err, says)
		}
	}
	f(func(im *importing) { im.symbol = "rb2601" }, "--symbol")
	f(func(im *importing) { im.symbol, im.exchange = "a.DCE", "SHFE" }, "contradict")
	f(func(im *importing) { im.interval = "1mo" }, "--interval")
	f(func(im *importing) { im.tz = "Local" }, "--tz")
	f(func(im *importing) { im.maps = []string{"open"} }, "--map")
	f(func(im *importing) { im.maps = []string{"=x"} }, "--map")
	f(func(im *importing) { im.keeps = []string{"venue:money"} }, "--keep")
}

func TestOnlyWhatIsNeededIsAskedFor(t *testing.T) {
	p, _, _ := newProgram()
	home := t.TempDir()
	name := filepath.Join(home, "x.csv")
	if err := os.WriteFile(name, []byte("time,open,high,low,close\n2026-01-05 09:00,1,1,1,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := marketfile.Preview(t.Context(), series.Bars, name, 1, nil)
	if got := strings.Join(needsOf(err), " "); got != "symbol interval tz bar-time" {
		t.Errorf("got %q of %v", got, err)
	}
	if got := needsOf(together(err, fault.DiskFull)); got != nil {
		t.Errorf("beside another error: got %q, want nothing to ask for", got)
	}
	if p.isAsked() {
		t.Error("without a terminal somebody is asked")
	}
	// Answers go where the flags are; the same question is not asked twice.
	p.stdout, p.in = bufio.NewWriter(io.Discard), strings.NewReader("Asia/Shanghai\n")
	p.err = new(bytes.Buffer)
	im := &importing{kind: series.Bars, asked: map[string]bool{}}
	if err := p.askFor(t.Context(), im, []string{"tz"}); err != nil || im.tz != "Asia/Shanghai" {
		t.Errorf("got %q, %v", im.tz, err)
	}
	if err := p.askFor(t.Context(), im, []string{"tz"}); !errors.Is(err, fault.CommandUsage) {
		t.Errorf("asked again: got %v, want an error", err)
	}
	// A slip is told, and the question asked again; no answer ends it.
	all := []string{"symbol", "exchange", "interval", "tz", "bar-time"}
	p.in = iotest.OneByteReader(strings.NewReader("rb2605\nrb2605.SHFE\nshfe\nSHFE\n1min\n1m\nCST\nUTC\nbegin\nend\n"))
	im = &importing{kind: series.Bars, asked: map[string]bool{}}
	if err := p.askFor(t.Context(), im, all); err != nil || im.symbol != "rb2605.SHFE" || im.exchange != "SHFE" || im.interval != "1m" || im.tz != "UTC" || im.barTime != "end" {
		t.Errorf("got %+v, %v", im, err)
	}
	for _, wrong := range []string{"", "x\nx\nx\ntraded\n"} {
		p.in = iotest.OneByteReader(strings.NewReader(wrong))
		if err := p.askFor(t.Context(), im, []string{"tick-volume"}); !errors.Is(err, fault.FileOption) || im.asked["tick-volume"] {
			t.Errorf("%q: got %v", wrong, err)
		}
	}
	im = &importing{kind: series.Bars, asked: map[string]bool{}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	p.in = blocked{}
	if err := p.askFor(ended, im, []string{"symbol"}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
}

// blocked is a terminal at which nobody answers.
type blocked struct{}

func (blocked) Read([]byte) (int, error) { select {} }
