package marketfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// glimpsed writes what a preview tells, a line for each thing.
func glimpsed(g *Glimpse) string {
	var b strings.Builder
	for _, c := range g.Columns {
		fmt.Fprintf(&b, "%s=%s ", c.Column, c.Field)
	}
	fmt.Fprintf(&b, "\n%s %v\n", g.Zone, g.End)
	for _, f := range g.Frames {
		slices.SortFunc(f.Cols, func(a, b series.Column) int { return strings.Compare(a.Name, b.Name) })
		for i := range f.Len() {
			fmt.Fprintf(&b, "%s %s%s\n", f.Key, f.Time[i], rowOf(&f, i))
		}
	}
	for _, r := range g.Refused {
		fmt.Fprintf(&b, "%d %s %s\n", r.Line, fault.CodeOf(r.Why), r.Text)
	}
	return b.String()
}

func TestAPreviewTellsWhatRowsWouldBecome(t *testing.T) {
	path := write(t, "a.csv", "a title\nsymbol,日期,时间,开盘价,最高价,最低价,收盘价,成交量,note,other\n"+
		"rb2601,2026-01-05,09:31,1,4,0.5,2,7,x,y\nbad\nrb2605,2026-01-05,09:31,1,4,0.5,2,7,,y\nrb2601,2026-01-05,09:32,1,4,0.5,2,-7,x,y\nrb2601,2026-01-05,09:33,1,4,0.5,2,7,x,y\n")
	o := barsIn(t)
	o.Symbol.Code, o.BarTime, o.Keep = "", End, []Kept{{Column: "note"}}
	f := func(most int, want string) {
		t.Helper()
		g, err := Preview(t.Context(), series.Bars, path, most, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := glimpsed(g); got != "symbol=symbol 日期=date 时间=time 开盘价=open 最高价=high 最低价=low 收盘价=close 成交量=volume note=note other= \nAsia/Shanghai true\n"+want {
			t.Errorf("%d rows: got %s", most, got)
		}
		if len(g.Notes) != 1 || g.File != path {
			t.Errorf("got %v of %s", g.Notes, g.File)
		}
	}
	row := func(code, minute string, more string) string {
		return "bars " + code + ".SHFE 1m 2026-01-05T01:" + minute + ":00Z close=2 high=4 low=0.5" + more + " open=1 volume=7\n"
	}
	f(0, "")
	f(-1, "")
	f(1, row("rb2601", "30", ` note="x"`)+"4 RF-FIL-011 bad\n")
	f(2, row("rb2601", "30", ` note="x"`)+row("rb2605", "30", "")+"4 RF-FIL-011 bad\n6 RF-FIL-013 rb2601,2026-01-05,09:32,1,4,0.5,2,-7,x,y\n")
	f(1000, row("rb2601", "30", ` note="x"`)+row("rb2605", "30", "")+row("rb2601", "32", ` note="x"`)+"4 RF-FIL-011 bad\n6 RF-FIL-013 rb2601,2026-01-05,09:32,1,4,0.5,2,-7,x,y\n")
	if all, _ := os.ReadDir(filepath.Dir(path)); len(all) != 1 {
		t.Errorf("got %v", all)
	}
}

func TestAPreviewOfTicks(t *testing.T) {
	path := write(t, "a.csv", "time,seq,price,bid,exchange,symbol,localtime\n2026-01-05T01:30:00Z,3,1,0.5,SHFE,rb2601,\n")
	g, err := Preview(t.Context(), series.Ticks, path, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "time=time seq=seq price=last_price bid=bid_price_1 exchange=exchange symbol=symbol localtime=localtime \n false\nticks rb2601.SHFE 2026-01-05T01:30:00Z#3 bid_price_1=0.5 depth=1 last_price=1\n"
	if got := glimpsed(g); got != want {
		t.Errorf("got %s", got)
	}
	g, err = Preview(t.Context(), series.Ticks, write(t, "a.csv", "time,price,x\n"), 5, &Options{Symbol: rb})
	if err != nil || len(g.Frames)+len(g.Refused) != 0 {
		t.Errorf("got %v, %v", g, err)
	}
}

func TestAPreviewFailsAsAnImportDoes(t *testing.T) {
	f := func(kind series.Kind, text string, o *Options) {
		t.Helper()
		path := write(t, "a.csv", text)
		_, err := Preview(t.Context(), kind, path, 5, o)
		_, want := imports(t, emptyStore(t), kind, o, path)
		strip := func(err error) string { return strings.Replace(fmt.Sprint(err), "preview: ", "import: ", 1) }
		if err == nil || strip(err) != strip(want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	f(series.Bars, "", barsIn(t))
	f(series.Bars, head+rows2, &Options{})
	f(series.Bars, "a,b\n1,2\n", barsIn(t))
	f(series.Bars, head, &Options{Preset: "x"})
	f(series.Bars, "{", barsIn(t))
	f(series.Indicator, head, barsIn(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Preview(ctx, series.Bars, write(t, "a.csv", head), 5, barsIn(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
