// Package problem is how an error travels by HTTP: the problem details of
// RFC 9457 with the code, kind and place of package fault. Who receives one makes
// the error of it again, by which callers decide as they do by that of a store of
// their own.
package problem

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// MediaType is that of a problem.
const MediaType = "application/problem+json"

// Details are the problem details of RFC 9457, and what RedFire adds.
type Details struct {
	Type   string     `json:"type" doc:"A URN of the code, or about:blank." example:"urn:redfire:RF-API-011"`
	Title  string     `json:"title" doc:"What went wrong, in a few words, the same for each error of a code."`
	Status int        `json:"status" doc:"The status of HTTP." example:"404"`
	Detail string     `json:"detail,omitempty" doc:"What went wrong this time."`
	Code   fault.Code `json:"code,omitempty" doc:"The stable code; docs and \"redfire explain\" tell its cure." example:"RF-API-011"`
	Kind   fault.Kind `json:"kind,omitempty" doc:"How a program should decide: the kinds of the reference of errors." example:"not found"`
	Cure   string     `json:"cure,omitempty" doc:"What to do about it."`
	Place  *Place     `json:"place,omitempty" doc:"Where bad input stands."`

	// Errors are all failures, if there are several.
	Errors []Details `json:"errors,omitempty" doc:"All failures, if there are several; the other fields are those of the first."`

	// Last is the number of the last change, of the error that changes are
	// forgotten.
	Last *uint64 `json:"last,omitempty" doc:"The number of the last change, where changes are no longer known."`

	// Refused are how many rows were refused, and the first of them.
	Refused     int64     `json:"refused,omitempty" doc:"How many rows were refused."`
	RefusedRows []Refused `json:"refused_rows,omitempty" doc:"The first of the rows that were refused."`
}

// A Place is the [fault.Place] of a problem.
type Place struct {
	Line   int    `json:"line,omitempty" doc:"The line, from 1."`
	Column int    `json:"column,omitempty" doc:"The column in it, in characters from 1."`
	Field  string `json:"field,omitempty" doc:"The parameter, key or column."`
}

// A Refused is a row that was not kept.
type Refused struct {
	Line   int64      `json:"line" doc:"Its line, or its number in a body that has none, from 1."`
	Code   fault.Code `json:"code,omitempty" doc:"The code of the reason."`
	Detail string     `json:"detail" doc:"Why it was refused."`
	Text   string     `json:"text" doc:"The row as it came."`
}

// Of returns the details of an error in the language lang.
func Of(err error, lang string) *Details {
	d := one(err, lang)
	var list fault.List
	if errors.As(err, &list) && len(list) > 1 {
		d = one(list[0], lang)
		for _, e := range list {
			d.Errors = append(d.Errors, *one(e, lang))
		}
	}
	return d
}

func one(err error, lang string) *Details {
	err = plain(err)
	d := &Details{Type: "about:blank", Status: Status(err), Detail: fault.Message(err, lang), Code: fault.CodeOf(err), Kind: fault.KindOf(err)}
	if e, ok := d.Code.Entry(); ok {
		d.Type, d.Title, d.Cure = "urn:redfire:"+string(d.Code), e.Summary.In(lang), e.Cure.In(lang)
	} else {
		d.Title = http.StatusText(d.Status)
	}
	if strings.HasPrefix(string(d.Code), "RF-FIL-") {
		d.Detail, d.Cure = Parameters(d.Detail), Parameters(d.Cure)
	}
	if at, ok := fault.PlaceOf(err); ok {
		d.Detail = strings.TrimPrefix(d.Detail, at.String()+": ")
		if p := (Place{at.Line, at.Column, at.Field}); p != (Place{}) { // nothing but a file
			d.Place = &p
		}
	}
	var forgotten *series.Forgotten
	if errors.As(err, &forgotten) {
		d.Last = &forgotten.Last
	}
	return d
}

// flag is how messages about files name an option: as the command does.
var flag = regexp.MustCompile(`--([a-z]+(?:-[a-z]+)*)`)

// Parameters returns a text about files with the names of parameters instead of those
// of flags.
func Parameters(text string) string {
	return flag.ReplaceAllStringFunc(text, func(f string) string {
		return strings.ReplaceAll(strings.TrimPrefix(f, "--"), "-", "_")
	})
}

// plain returns err without what a store says it was doing: the request says it.
func plain(err error) error {
	for strings.HasPrefix(err.Error(), "series: ") || strings.HasPrefix(err.Error(), "marketfile: ") || strings.HasPrefix(err.Error(), "tokens: ") {
		cause := errors.Unwrap(err)
		if cause == nil || fault.KindOf(cause) == "" || isPlaced(err, cause) {
			break
		}
		err = cause
	}
	return err
}

// isPlaced reports whether err is cause with its place.
func isPlaced(err, cause error) bool {
	at, placed := fault.PlaceOf(err)
	of, before := fault.PlaceOf(cause)
	return placed && (!before || at != of)
}

// Hide takes paths that begin with one of the folders for those in it: where a
// server keeps its data is not for its clients.
func (d *Details) Hide(folders []string) {
	for _, folder := range folders {
		d.Detail = strings.ReplaceAll(d.Detail, folder, "")
	}
	for i := range d.Errors {
		d.Errors[i].Hide(folders)
	}
}

// statuses are those of codes that say more than that of their kind.
var statuses = map[fault.Code]int{
	fault.APIToken:    http.StatusUnauthorized,
	fault.APITooLarge: http.StatusRequestEntityTooLarge,
	fault.APIForm:     http.StatusUnsupportedMediaType,
	fault.DiskFull:    http.StatusInsufficientStorage,
}

// Status returns the status of HTTP that answers an error.
func Status(err error) int {
	code := fault.CodeOf(err)
	if at, ok := fault.PlaceOf(err); ok && at.Field == "Accept" && code == fault.APIForm {
		return http.StatusNotAcceptable
	}
	if status, ok := statuses[code]; ok {
		return status
	}
	return fault.HTTPStatus(err)
}

// Err returns the error that the details tell of: errors.Is holds for its code and
// its kind. since is the number of which the changes were asked for.
func (d *Details) Err(since uint64) error {
	if len(d.Errors) == 0 {
		return d.err(since)
	}
	var all fault.List
	for i := range d.Errors {
		all = append(all, d.Errors[i].err(since))
	}
	return all.Err()
}

func (d *Details) err(since uint64) error {
	var err error
	e, known := d.Code.Entry()
	switch {
	case d.Code == fault.SeriesChanges && d.Last != nil:
		return series.Forget(since, *d.Last)
	case known && e.Kind == d.Kind:
		err = d.Code.Errorf("%s", d.Detail)
	case d.Kind == "" && d.Status == http.StatusGatewayTimeout:
		err = context.DeadlineExceeded
	default:
		err = &other{d.Kind, d.Detail}
	}
	if d.Place != nil {
		err = fault.At(fault.Place{Line: d.Place.Line, Column: d.Place.Column, Field: d.Place.Field}, err)
	}
	return err
}

// An other is an error without a code that is known here.
type other struct {
	kind fault.Kind
	text string
}

func (o *other) Error() string { return o.text }

func (o *other) Unwrap() error {
	if o.kind == "" {
		return nil
	}
	return o.kind
}
