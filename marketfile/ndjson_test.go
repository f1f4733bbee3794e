package marketfile

import (
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

func TestALineThatIsNoObjectIsRefused(t *testing.T) {
	good := `{"time":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":2,"volume":7}` + "\n"
	kept, _, _ := strings.Cut(kept2, "\n")
	f := func(line string, want fault.Code, says string) {
		t.Helper()
		got, r, err := barsOf(t, good+line+"\n", barsIn(t))
		if err != nil || got != kept+"\n" || r.Reasons[want] != 1 || r.Refused != 1 {
			t.Errorf("%s: got %s%s %v, %v", line, got, counts(r), r.Reasons, err)
		}
		if text := read(t, r.Rejects[0]); !strings.HasPrefix(text, "reject_line,reject_reason,time,open,high,low,close,volume\n2,") || !strings.Contains(text, says) {
			t.Errorf("%s: got %s", line, text)
		}
	}
	f(`x`, fault.FileRow, "x")
	f(`{}x`, fault.FileRow, "")
	f(`{"time":"2026-01-05 09:31"`, fault.FileRow, "")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":2,"open":2}`, fault.FileRow, "stands twice")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":2}{}`, fault.FileRow, "unexpected tail")
	f(`[1]`, fault.FileRow, "")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5}`, fault.FileCell, "close is empty")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":null}`, fault.FileCell, "close is empty")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":true}`, fault.FileCell, "true")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":{"a":[1]}}`, fault.FileCell, "")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":"0x2"}`, fault.FileCell, "0x2")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":NaN}`, fault.FileRow, "NaN")
	f(`{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":"NaN"}`, fault.MarketNotFinite, "NaN")
	f(`{"open":1,"high":4,"low":0.5,"close":2}`, fault.MarketNoTime, "")
	f(strings.TrimSpace(strings.Replace(good, `:7`, `:-7`, 1)), fault.FileSuspect, "-7")
	f(strings.TrimSpace(strings.Replace(good, `:7`, `:8`, 1)), fault.FileTwice, "line 1")
}

func TestRefusedObjectsAreMendedAsRows(t *testing.T) {
	text := `{"time":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":"x","note":"a, \"b\"","volume":7}` + "\n"
	_, r, err := barsOf(t, text+text, barsIn(t))
	if err != nil || r.Refused != 2 {
		t.Fatalf("got %s, %v", counts(r), err)
	}
	mended := write(t, "mended.csv", strings.ReplaceAll(read(t, r.Rejects[0]), ",x,", ",2,"))
	got, r, err := barsOf(t, read(t, mended), barsIn(t))
	if want, _, _ := strings.Cut(kept2, "\n"); err != nil || got != want+"\n" || r.Unchanged != 1 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
}

// A column has a number too, but an object has names alone.
func TestNamesInObjectsAreNoNumbers(t *testing.T) {
	text := `{"time":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":2,"volume":7}` + "\n" +
		`{"time":"2026-01-05 09:31","open":2,"high":3,"low":1,"close":3,"volume":0,"#2":9,"#6":5}` + "\n"
	got, r, err := barsOf(t, text, barsIn(t))
	if err != nil || got != kept2 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	first := strings.Split(text, "\n")[0] + "\n"
	got, r, err = barsOf(t, strings.Repeat(first, 5000)+strings.TrimPrefix(text, first), barsIn(t))
	if err != nil || got != kept2 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
}

// What only later objects have would be lost.
func TestFieldsThatComeLaterAreNotPassedOver(t *testing.T) {
	row := `{"time":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":2}` + "\n"
	with := `{"time":"2026-01-05 09:31","open":2,"high":3,"low":1,"close":3,"Volume":7,"x":1}` + "\n"
	got, r, err := barsOf(t, row+with, barsIn(t))
	if err != nil || !strings.Contains(got, "volume=7") || r.New != 2 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	got, r, err = barsOf(t, strings.Repeat(row, 5000)+with, barsIn(t))
	if err != nil || counts(r) != "5001 read: 1 new, 4999 unchanged, 0 replaced, 1 refused" || r.Reasons[fault.FileRow] != 1 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	other := strings.ReplaceAll(with, `"Volume":7,`, "")
	_, r, err = barsOf(t, strings.Repeat(row, 5000)+other, barsIn(t))
	if err != nil || r.New != 2 || r.Refused != 0 {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

func TestObjectsThatAreNotUTF8AreRefused(t *testing.T) {
	row := `{"time":"2026-01-05T01:30:00Z","last_price":1,"name":"螺纹"}` + "\n"
	s := emptyStore(t)
	r, err := imports(t, s, series.Ticks, ticksIn(t), write(t, "a.ndjson", strings.Repeat(row, 3000)+strings.ReplaceAll(row, "螺纹", "\xff")))
	if err != nil || r.New != 3000 || r.Reasons[fault.FileRow] != 1 || strings.Contains(stored(t, s), "\uFFFD") {
		t.Errorf("got %s, %v", counts(r), err)
	}
}
