package marketfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

const (
	object1 = `{"datetime":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":2,"volume":7}`
	object2 = `{"datetime":"2026-01-05 09:31","open":2,"high":3,"low":1,"close":3,"volume":0}`
)

func TestAJSONArrayIsReadAsItsObjects(t *testing.T) {
	f := func(name, text string) {
		t.Helper()
		got, r, err := barsOf(t, text, barsIn(t))
		if err != nil || got != kept2 || counts(r) != "2 read: 2 new, 0 unchanged, 0 replaced, 0 refused" {
			t.Errorf("%s: got %s%s %v", name, got, counts(r), err)
		}
	}
	both := object1 + "," + object2
	f("one line", "["+both+"]")
	f("a mark", mark+"["+both+"]\n")
	f("blanks", " \n[ "+object1+"\t ,\r\n"+object2+"\n ] \r\n")
	f("broken lines", strings.NewReplacer(",", ",\n  ", "{", "{\n", "}", "\r\n}", "\":", "\" :\n").Replace("["+object1+",")+object2+"]")
	f("lists and objects within", strings.ReplaceAll("["+both+"]", `"open"`, `"more":[[1,{"a":"]}"}],"},{"],"x\\":{},"open"`))
	f("gzip", packed(t, "["+both+"]"))
	f("UTF-16", "\xff\xfe"+strings.Join(strings.Split("["+both+"]", ""), "\x00")+"\x00")
	f("a text with brackets and marks", strings.ReplaceAll("["+both+"]", `"open"`, `"note":"a \"],[{\\","open"`))
}

// Elements are counted, not lines.
func TestElementsOfAJSONArrayAreRefusedByTheirNumber(t *testing.T) {
	text := "[\n\n" + object1 + ",\n7,\n" + object2 + ",\n{\"datetime\":\n\"2026-01-05 09:32\",\n\"open\":\"x\",\"high\":1,\"low\":1,\"close\":1},\n{\"a\":\"\n\"},null,[1],{\"a\":1 \"b\":2},{}]"
	o := barsIn(t)
	all := told(o)
	got, r, err := barsOf(t, text, o)
	if err != nil || got != kept2 || r.Refused != 7 {
		t.Fatalf("got %s%s, %v", got, counts(r), err)
	}
	said := strings.Join(*all, "\n")
	for _, want := range []string{"2 7 ", "4 {\"datetime\": \"2026-01-05 09:32\"", "5 {\"a\":\"\r\"}", "6 null ", "7 [1] ", "8 {\"a\":1 \"b\":2} ", "9 {} "} {
		if !strings.Contains("\n"+said, "\n"+want) {
			t.Errorf("got %q, want %q in it", said, want)
		}
	}
}

func TestAJSONArrayThatIsNotWholeIsAnError(t *testing.T) {
	f := func(text string, rows int64, code fault.Code, says ...string) {
		t.Helper()
		path := write(t, "a.json", text)
		r, err := imports(t, emptyStore(t), series.Bars, barsIn(t), path)
		wantFault(t, err, code, append(says, path)...)
		if r.New != rows {
			t.Errorf("%.40q: got %s", text, counts(r))
		}
		o := barsIn(t)
		o.Whole = true
		s := emptyStore(t)
		if _, err := Import(t.Context(), s, series.Bars, []string{path}, o); err == nil || stored(t, s) != "" {
			t.Errorf("%.40q: got %v: %s", text, err, stored(t, s))
		}
	}
	const cut = "has no end"
	f("["+object1, 0, fault.FileDamaged, cut)
	f("["+object1+",", 1, fault.FileDamaged, cut)
	f("["+object1+","+object2+"\n", 1, fault.FileDamaged, cut)
	f("["+object1+",{\"a\":\"]", 1, fault.FileDamaged, cut)
	f("["+object1+",]", 1, fault.FileDamaged, "element 2", "is missing")
	f("["+object1+",,"+object2+"]", 1, fault.FileDamaged, "element 2", "is missing")
	f("["+object1+"]]", 1, fault.FileDamaged, "behind the JSON array")
	f("["+object1+"]\n"+object2, 1, fault.FileDamaged, "behind the JSON array")
	f("[]", 0, fault.FileEmpty)
	f(" [ \n ] ", 0, fault.FileEmpty)
	f("[[]]", 0, fault.FileForm)
}

// A million elements are not held, and those before the damage are kept.
func TestALongJSONArrayIsReadAsItComes(t *testing.T) {
	var b strings.Builder
	const n = 30_000
	for i := range n {
		fmt.Fprintf(&b, "%c\n{\"time\":%d,\"price\":1,\"qty\":\n1}", "[,"[min(i, 1)], 1475798400+i)
	}
	r, err := imports(t, emptyStore(t), series.Ticks, &Options{Symbol: rb}, write(t, "a.json", b.String()+"]"))
	if err != nil || r.New != n {
		t.Errorf("got %s, %v", counts(r), err)
	}
	path := write(t, "a.json", b.String())
	r, err = imports(t, emptyStore(t), series.Ticks, &Options{Symbol: rb}, path)
	wantFault(t, err, fault.FileDamaged, fmt.Sprintf("%s:%d:", path, n))
	if r.New != n-1 {
		t.Errorf("got %s", counts(r))
	}
}

// Lines are what the standard library takes for elements, however the text comes.
func FuzzJSONArray(f *testing.F) {
	for _, text := range []string{"[]", "[1,2]", "[{\"a\":\"],\\\"\"},[[]]]", "[ {\n}\n,\n\"\\\\\" ]\n", "[1,]", "[,1]", "[1]2", "[1", "[\"\n\"]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		begin := bytes.TrimLeft(text, " \t\r\n")
		if len(begin) == 0 || begin[0] != '[' {
			t.Skip("no array")
		}
		got, err := io.ReadAll(&arrayReader{from: bytes.NewReader(text)})
		slowly, again := io.ReadAll(&arrayReader{from: iotest.OneByteReader(bytes.NewReader(text))})
		if !bytes.Equal(got, slowly) || (err == nil) != (again == nil) {
			t.Fatalf("%q: got %q, %v, and slowly %q, %v", text, got, err, slowly, again)
		}
		var want []json.RawMessage
		if json.Unmarshal(text, &want) != nil {
			return // lines are refused one by one, or the whole is
		}
		lines := strings.SplitAfter(string(got), "\n")
		if len(want) == 0 && err == nil && len(bytes.TrimSpace(got)) == 0 {
			return
		}
		if err != nil || len(lines) != len(want)+1 {
			t.Fatalf("%q: got %q, %v, want %d elements", text, got, err, len(want))
		}
		for i, x := range want {
			var a, b bytes.Buffer
			if json.Compact(&a, x) != nil || json.Compact(&b, []byte(lines[i])) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Fatalf("%q: element %d is %q, want %q", text, i, lines[i], x)
			}
		}
	})
}
