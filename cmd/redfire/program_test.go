package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
)

// newProgram returns a program that writes to the two buffers.
func newProgram(env ...string) (p *program, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	if env == nil {
		env = []string{}
	}
	return &program{out: out, err: errs, env: env}, out, errs
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAResultThatCannotBeWrittenIsAnError(t *testing.T) {
	f := func(args ...string) {
		t.Helper()
		p, _, errs := newProgram()
		p.out = full{}
		if code := p.run(t.Context(), args); code != 1 {
			t.Errorf("%v to a full disk: exit code %d, want 1", args, code)
		}
		if got := errs.String(); !strings.Contains(got, "no space left on device") || !strings.Contains(got, "RF-CLI-003") {
			t.Errorf("%v to a full disk: stderr %q does not say so", args, errs)
		}
	}
	f("version")
	f("version", "-o", "json")
	f("explain", "-o", "csv")
	f("explain", "-o", "ndjson")
	f("explain")
	f("completion", "bash")
	f("config", "schema")
	f("--help")
}

func TestLanguageComesFromTheEnvironmentInPOSIXOrder(t *testing.T) {
	f := func(want string, env ...string) {
		t.Helper()
		if got := languageOf(env); got != want {
			t.Errorf("languageOf(%q) = %q, want %q", env, got, want)
		}
	}
	f("en")
	f("zh", "LANG=zh_CN.UTF-8")
	f("zh", "LANG=ZH_TW")
	f("en", "LANG=de_DE.UTF-8")
	f("en", "LANG=zh_CN.UTF-8", "LC_ALL=C")
	f("zh", "LANG=zh_CN.UTF-8", "LC_ALL=")
	f("zh", "LANG=en_US", "LC_MESSAGES=zh_CN")
	f("en", "LC_ALL=zh_CN", "REDFIRE_LANG=en")
	f("zh", "LANG=en_US", "LANG=zh_CN")
}

func TestReportTellsEveryFailureAndEachCureOnce(t *testing.T) {
	p, _, errs := newProgram()
	p.lang, p.format = "en", formatTable
	p.report(fault.List{
		fault.At(fault.Place{File: "a.yaml", Line: 3, Column: 5}, fault.ConfigUnknownKey.Errorf("one")),
		fault.ConfigUnknownKey.Errorf("two"),
		fmt.Errorf("%w: three", fault.Unavailable),
	})
	e, _ := fault.ConfigUnknownKey.Entry()
	want := "error: a.yaml:3:5: one [RF-CFG-003]\nerror: two [RF-CFG-003]\nerror: unavailable: three\n" +
		"cure for RF-CFG-003: " + e.Cure.En + "\n3 errors\n"
	if errs.String() != want {
		t.Errorf("got\n%s\nwant\n%s", errs, want)
	}
}

func TestReportOfAnInterruptionSaysSo(t *testing.T) {
	f := func(lang, want string) {
		t.Helper()
		p, _, errs := newProgram()
		p.lang, p.format = lang, formatTable
		p.report(fmt.Errorf("series: read: %w", context.Canceled))
		if errs.String() != want {
			t.Errorf("%s: got %q, want %q", lang, errs, want)
		}
	}
	f("en", "interrupted\n")
	f("zh", "已中断\n")
}

func TestErrorsAreColouredOnlyWhereColoursAreWanted(t *testing.T) {
	p, _, errs := newProgram()
	p.lang, p.format, p.colour = "en", formatTable, true
	p.report(errors.New("x"))
	if want := "\x1b[1;31merror: \x1b[0mx\n"; errs.String() != want {
		t.Errorf("got %q, want %q", errs, want)
	}
	p.prepare(nil) // standard error is no terminal here
	if p.colour {
		t.Error("colours are on for a buffer")
	}
}

func TestTablesLineUpWithChineseText(t *testing.T) {
	p, out, _ := newProgram()
	p.run(t.Context(), nil)
	out.Reset()
	p.lang, p.format = "zh", formatTable
	err := p.print(result{
		columns: []column{{"key", colKey}, {"hidden", message{}}, {"value", colValue}},
		rows:    [][]any{{"螺纹钢", 1, "x"}, {"rb2601", 2, "y"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "键      值\n螺纹钢  x\nrb2601  y\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestEachFormHoldsAtLeastWhatTheTableDoes(t *testing.T) {
	f := func(format, want string) {
		t.Helper()
		p, out, _ := newProgram()
		p.run(t.Context(), []string{"version"})
		out.Reset()
		p.format = format
		err := p.print(result{
			columns: []column{{"key", colKey}, {"hidden", message{}}, {"parts", colValue}},
			rows:    [][]any{{"a,b", nil, []int{1, 2}}, {"<c>", true, fault.Place{File: "f", Line: 2}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.stdout.Flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, out, want)
		}
	}
	f(formatCSV, "key,hidden,parts\n\"a,b\",,\"[1,2]\"\n<c>,true,f:2\n")
	f(formatNDJSON, `{"key":"a,b","hidden":null,"parts":[1,2]}`+"\n"+`{"key":"<c>","hidden":true,"parts":{"file":"f","line":2}}`+"\n")
	f(formatJSON, `[
  {
    "key": "a,b",
    "hidden": null,
    "parts": [
      1,
      2
    ]
  },
  {
    "key": "<c>",
    "hidden": true,
    "parts": {
      "file": "f",
      "line": 2
    }
  }
]
`)
}

func TestCodesAreUnderstoodHoweverTheyAreWritten(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := fullCode(in); got != want {
			t.Errorf("fullCode(%q) = %q, want %q", in, got, want)
		}
	}
	f("RF-CFG-003", "RF-CFG-003")
	f("rf-cfg-003", "RF-CFG-003")
	f("cfg-3", "RF-CFG-003")
	f("CFG003", "RF-CFG-003")
	f("rfcfg3", "RF-CFG-003")
	f("nonsense", "NONSENSE")
}
