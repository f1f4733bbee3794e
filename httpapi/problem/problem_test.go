package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/series"
)

// travelled returns an error as it arrives at a client.
func travelled(t *testing.T, err error, lang string) (*problem.Details, error) {
	t.Helper()
	text, failed := json.Marshal(problem.Of(err, lang))
	if failed != nil {
		t.Fatal(failed)
	}
	d := &problem.Details{}
	if failed := json.Unmarshal(text, d); failed != nil {
		t.Fatal(failed)
	}
	return d, d.Err(0)
}

func TestEveryCodeArrivesAsItself(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for _, e := range fault.Codes() {
			err := fmt.Errorf("series: read: %w", e.Code.Errorf("it went wrong"))
			d, got := travelled(t, err, lang)
			if !errors.Is(got, e.Code) || !errors.Is(got, e.Kind) || fault.CodeOf(got) != e.Code || fault.KindOf(got) != e.Kind {
				t.Errorf("%s (%s) arrives as %v of %s, %s", e.Code, lang, got, fault.CodeOf(got), fault.KindOf(got))
			}
			cure := e.Cure.In(lang)
			if strings.HasPrefix(string(e.Code), "RF-FIL-") { // what is a flag there is a parameter here
				cure = regexp.MustCompile(`--[a-z-]+`).ReplaceAllStringFunc(cure, func(flag string) string {
					return strings.ReplaceAll(flag[2:], "-", "_")
				})
			}
			if d.Type != "urn:redfire:"+string(e.Code) || d.Title != e.Summary.In(lang) || d.Cure != cure || d.Status != problem.Status(err) {
				t.Errorf("%s (%s) is told as %+v", e.Code, lang, d)
			}
			if d.Status < 400 || d.Status > 599 {
				t.Errorf("%s has the status %d", e.Code, d.Status)
			}
		}
	}
}

func TestKindsWithoutACodeArrive(t *testing.T) {
	for _, r := range fault.Rules() {
		d, got := travelled(t, fmt.Errorf("%w: as it is", r.Kind), "en")
		if !errors.Is(got, r.Kind) || d.Type != "about:blank" || d.Title != http.StatusText(d.Status) || !strings.Contains(got.Error(), "as it is") {
			t.Errorf("%s arrives as %v: %+v", r.Kind, got, d)
		}
	}
	d, got := travelled(t, errors.New("a defect"), "en")
	if d.Status != http.StatusInternalServerError || fault.KindOf(got) != "" || got.Error() != "a defect" {
		t.Errorf("an error of no kind arrives as %v: %+v", got, d)
	}
	d, got = travelled(t, context.DeadlineExceeded, "en")
	if d.Status == http.StatusGatewayTimeout && !errors.Is(got, context.DeadlineExceeded) {
		t.Errorf("a deadline arrives as %v: %+v", got, d)
	}
}

func TestStatusesSayMoreThanTheKindWhereTheyCan(t *testing.T) {
	f := func(err error, want int) {
		t.Helper()
		if got := problem.Status(err); got != want {
			t.Errorf("%v: got %d, want %d", err, got, want)
		}
	}
	f(fault.APIToken.Errorf("x"), http.StatusUnauthorized)
	f(fault.APIRole.Errorf("x"), http.StatusForbidden)
	f(fault.APITooLarge.Errorf("x"), http.StatusRequestEntityTooLarge)
	f(fault.APIForm.Errorf("x"), http.StatusUnsupportedMediaType)
	f(fault.At(fault.Place{Field: "Accept"}, fault.APIForm.Errorf("x")), http.StatusNotAcceptable)
	f(fault.At(fault.Place{Field: "Accept"}, fault.APIParameter.Errorf("x")), http.StatusBadRequest)
	f(fault.DiskFull.Errorf("x"), http.StatusInsufficientStorage)
	f(fault.APIBusy.Errorf("x"), http.StatusTooManyRequests)
	f(fault.APINoPath.Errorf("x"), http.StatusNotFound)
}

func TestThePlaceTravelsByItself(t *testing.T) {
	at := fault.Place{Line: 3, Column: 7, Field: "close"}
	d, got := travelled(t, fault.At(at, fault.APIBody.Errorf("no number")), "en")
	if back, ok := fault.PlaceOf(got); !ok || back != at || d.Detail != "no number" {
		t.Errorf("got %v, %q", back, d.Detail)
	}
	if d, _ := travelled(t, fault.At(fault.Place{File: "body"}, fault.APIBody.Errorf("x")), "en"); d.Place != nil {
		t.Errorf("of a file alone the place is %+v", d.Place)
	}
	// A field may be called as what a store says it was doing.
	d, _ = travelled(t, fmt.Errorf("series: read: %w", fault.At(fault.Place{Field: "series"}, fault.APIBody.Errorf("x"))), "en")
	if d.Place == nil || d.Place.Field != "series" || d.Detail != "x" {
		t.Errorf("got %+v", d)
	}
}

func TestWhatAStoreWasDoingIsNotSaid(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if d := problem.Of(err, "en"); d.Detail != want {
			t.Errorf("got %q, want %q", d.Detail, want)
		}
	}
	inner := fault.APINoSeries.Errorf("there is none")
	f(inner, "there is none")
	f(fmt.Errorf("series: read: %w", inner), "there is none")
	f(fmt.Errorf("marketfile: import: %w", fmt.Errorf("series: write: %w", inner)), "there is none")
	f(fmt.Errorf("else: %w", inner), "else: there is none")
	f(fmt.Errorf("series: read: %w", errors.New("a defect")), "series: read: a defect")
}

func TestSeveralErrorsArriveAsAList(t *testing.T) {
	list := fault.List{
		fault.At(fault.Place{Field: "a"}, fault.APIParameter.Errorf("first")),
		fault.MarketSymbol.Errorf("second"),
	}
	d, got := travelled(t, list, "en")
	var back fault.List
	if !errors.As(got, &back) || len(back) != 2 || !errors.Is(back[0], fault.APIParameter) || !errors.Is(back[1], fault.MarketSymbol) {
		t.Errorf("got %v", got)
	}
	if d.Code != fault.APIParameter || d.Detail != "first" || len(d.Errors) != 2 || d.Place.Field != "a" {
		t.Errorf("told as %+v", d)
	}
	if d, _ := travelled(t, list[:1], "en"); len(d.Errors) != 0 || d.Detail != "first" {
		t.Errorf("a list of one is told as %+v", d)
	}
}

func TestForgottenChangesArriveWithTheLast(t *testing.T) {
	d, _ := travelled(t, series.Forget(5, 17), "en")
	if d.Last == nil || *d.Last != 17 {
		t.Fatalf("told as %+v", d)
	}
	var forgotten *series.Forgotten
	if err := d.Err(5); !errors.As(err, &forgotten) || forgotten.Last != 17 || err.Error() != series.Forget(5, 17).Error() {
		t.Errorf("arrives as %v", err)
	}
	none := problem.Details{Code: fault.SeriesChanges, Kind: fault.Conflict, Detail: "x"}
	if err := none.Err(5); !errors.Is(err, fault.SeriesChanges) {
		t.Errorf("without the last it arrives as %v", err)
	}
}

func TestProblemsOfOtherVersionsAreOfTheirKind(t *testing.T) {
	f := func(d problem.Details, kind fault.Kind) {
		t.Helper()
		if err := d.Err(0); fault.KindOf(err) != kind || err.Error() != d.Detail {
			t.Errorf("%+v arrives as %v of %q", d, err, fault.KindOf(err))
		}
	}
	f(problem.Details{Code: "RF-NEW-999", Kind: fault.Conflict, Detail: "of tomorrow"}, fault.Conflict)
	f(problem.Details{Code: fault.APIToken, Kind: fault.Conflict, Detail: "of another kind"}, fault.Conflict)
	f(problem.Details{Detail: "of no kind", Status: 500}, "")
}

func TestFoldersAreHidden(t *testing.T) {
	d := problem.Details{Detail: "/srv/data/series/segment-1: damaged; /srv/data/x", Errors: []problem.Details{{Detail: "/srv/data/log: gone"}}}
	d.Hide([]string{"/srv/data/"})
	if d.Detail != "series/segment-1: damaged; x" || d.Errors[0].Detail != "log: gone" {
		t.Errorf("got %+v", d)
	}
}
