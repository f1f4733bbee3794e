package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/redfire-quant/redfire/fault"
)

// report writes err to standard error: for people a line each and the cures
// below, or as JSON where results are JSON.
func (p *program) report(err error) {
	failures := split(err)
	if p.format == formatJSON || p.format == formatNDJSON {
		p.reportJSON(failures)
		return
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(p.err, p.say(interrupted))
		return
	}
	for _, err := range failures {
		line := fault.Message(err, p.lang)
		if code := fault.CodeOf(err); code != "" {
			line += fmt.Sprintf(" [%s]", string(code))
		}
		fmt.Fprintln(p.err, p.red(p.say(errorLabel))+line)
	}
	told := map[fault.Code]bool{}
	for _, err := range failures {
		e, ok := fault.CodeOf(err).Entry()
		if ok && !told[e.Code] {
			fmt.Fprintln(p.err, p.say(cureLine, string(e.Code), e.Cure.In(p.lang)))
		}
		told[e.Code] = true
	}
	if len(failures) > 1 {
		fmt.Fprintln(p.err, p.say(errorCount, len(failures)))
	}
}

// warn tells what is not as it should be, though it is no error.
func (p *program) warn(m message, args ...any) {
	text := p.say(m, args...)
	if p.format == formatTable || p.format == formatCSV {
		fmt.Fprintln(p.err, p.say(warningLabel)+text)
		return
	}
	if err := encoder(p.err).Encode(map[string]string{"warning": text}); err != nil {
		fmt.Fprintln(p.err, err)
	}
}

// note tells people what stands behind the result above.
func (p *program) note(m message, args ...any) {
	p.question(p.say(m, args...) + "\n")
}

// question writes to standard error, below what the result has so far. An error of
// writing that is kept until the end of the run.
func (p *program) question(text string) {
	_ = p.stdout.Flush()
	fmt.Fprint(p.err, text)
}

func (p *program) red(s string) string {
	if !p.colour {
		return s
	}
	return "\x1b[1;31m" + s + "\x1b[0m"
}

// split returns the failures of which err consists.
func split(err error) []error {
	var list fault.List
	if errors.As(err, &list) {
		return list
	}
	return []error{err}
}

// A failure is the JSON form of an error.
type failure struct {
	Code    fault.Code   `json:"code,omitempty"`
	Kind    fault.Kind   `json:"kind,omitempty"`
	Message string       `json:"message"`
	Summary string       `json:"summary,omitempty"`
	Cure    string       `json:"cure,omitempty"`
	Place   *fault.Place `json:"place,omitempty"`
}

func (p *program) reportJSON(failures []error) {
	var report struct {
		Errors []failure `json:"errors"`
	}
	for _, err := range failures {
		f := failure{Kind: fault.KindOf(err), Message: fault.Message(err, p.lang)}
		if e, ok := fault.CodeOf(err).Entry(); ok {
			f.Code, f.Summary, f.Cure = e.Code, e.Summary.In(p.lang), e.Cure.In(p.lang)
		}
		if place, ok := fault.PlaceOf(err); ok {
			f.Place = &place
		}
		report.Errors = append(report.Errors, f)
	}
	if err := encoder(p.err).Encode(report); err != nil {
		fmt.Fprintln(p.err, err)
	}
}
