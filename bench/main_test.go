package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/realdata"
)

func TestWrongFlagsAreToldClearly(t *testing.T) {
	f := func(says string, args ...string) {
		t.Helper()
		var out, errs strings.Builder
		if code := run(t.Context(), args, &out, &errs); code != exitUsage {
			t.Errorf("%q: got exit code %d, want %d", args, code, exitUsage)
		}
		if out.Len() > 0 {
			t.Errorf("%q: standard output has %q", args, out.String())
		}
		if !strings.Contains(errs.String(), says) || !strings.Contains(errs.String(), "usage: bench") {
			t.Errorf("%q: standard error has %q, want %q and the usage", args, errs.String(), says)
		}
	}
	f("got []")
	f(`got ["sereis"]`, "sereis")
	f(`got ["series" "cache"]`, "series", "cache")
	f(`got ["series" "-quick"]`, "series", "-quick")
	f("-fast", "-fast", "series")
	f("invalid boolean value", "-quick=perhaps", "series")
	f("needs an argument", "-dir")
	f("invalid value", "-gb", "much", "files")
}

func TestHelpIsNoError(t *testing.T) {
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"-h"}, &out, &errs); code != exitOK || !strings.Contains(errs.String(), "usage: bench") {
		t.Errorf("got exit code %d and %q", code, errs.String())
	}
}

func TestARunThatCannotBeginFails(t *testing.T) {
	t.Setenv("REDFIRE_TEST_DATA", t.TempDir()+"/nowhere")
	for subject := range subjects {
		if subject == "sql" {
			continue // it needs no data
		}
		var out, errs strings.Builder
		if code := run(t.Context(), []string{subject}, &out, &errs); code != exitFailed {
			t.Errorf("%s: got exit code %d, want %d", subject, code, exitFailed)
		}
		if !strings.Contains(errs.String(), "set REDFIRE_TEST_DATA") || out.Len() > 0 {
			t.Errorf("%s: standard error has %q, standard output %q", subject, errs.String(), out.String())
		}
	}
}

func TestARunWithoutAFolderFails(t *testing.T) {
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"-dir", t.TempDir() + "/nowhere", "sql"}, &out, &errs); code != exitFailed || out.Len() > 0 {
		t.Errorf("got exit code %d and %q", code, out.String())
	}
	if !strings.Contains(errs.String(), "nowhere") {
		t.Errorf("standard error has %q", errs.String())
	}
}

func TestAnInterruptedRunLeavesNothing(t *testing.T) {
	realdata.Open(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for subject := range subjects {
		var out, errs strings.Builder
		code := run(ctx, []string{"-quick", "-dir", dir, subject}, &out, &errs)
		if code != exitInterrupted || !strings.Contains(errs.String(), "bench: interrupted") {
			t.Errorf("%s: got exit code %d and %q", subject, code, errs.String())
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left in the folder: %v, error %v", subject, left, err)
		}
		if out.Len() > 0 {
			t.Errorf("%s: an interrupted run wrote %q", subject, out.String())
		}
	}
}

func TestAServerThatCannotServeFails(t *testing.T) {
	var out, errs strings.Builder
	code := run(t.Context(), []string{serveHTTP, t.TempDir() + "/no/such\x00folder", "nothing"}, &out, &errs)
	if code != exitFailed || out.Len() > 0 || errs.Len() == 0 {
		t.Errorf("a folder that cannot be: got exit code %d, %q and %q", code, out.String(), errs.String())
	}
}

func TestAPipeThatCannotBeImportedFails(t *testing.T) {
	var out, errs strings.Builder
	code := run(t.Context(), []string{importPipe, t.TempDir() + "/no/such\x00folder"}, &out, &errs)
	if code != exitFailed || out.Len() > 0 || errs.Len() == 0 {
		t.Errorf("a folder that cannot be: got exit code %d, %q and %q", code, out.String(), errs.String())
	}
}
