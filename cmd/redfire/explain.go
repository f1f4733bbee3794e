package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
)

func (p *program) explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "explain [CODE]",
		Short:   p.say(explainShort),
		Long:    p.say(explainLong),
		Example: "  redfire explain RF-CFG-003",
		Args:    between(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.explainAll()
			}
			return p.explain(args[0])
		},
	}
	for _, e := range fault.Codes() {
		c.ValidArgs = append(c.ValidArgs, cobra.CompletionWithDesc(string(e.Code), e.Summary.In(p.lang)))
	}
	return c
}

var codeColumns = []column{
	{"code", colCode}, {"kind", colKind}, {"summary", colSummary},
	{"cure", message{}}, {"http_status", message{}}, {"exit_code", message{}},
}

func (p *program) codeRow(e fault.Entry) []any {
	return []any{string(e.Code), string(e.Kind), e.Summary.In(p.lang), e.Cure.In(p.lang), fault.HTTPStatus(e.Kind), fault.ExitCode(e.Kind)}
}

func (p *program) explainAll() error {
	r := result{columns: codeColumns}
	for _, e := range fault.Codes() {
		r.rows = append(r.rows, p.codeRow(e))
	}
	return p.print(r)
}

func (p *program) explain(code string) error {
	e, ok := fault.Code(fullCode(code)).Entry()
	if !ok {
		return fault.CommandNoCode.Errorf("there is no error code %q", code)
	}
	return p.print(result{
		columns: codeColumns,
		rows:    [][]any{p.codeRow(e)},
		single:  true,
		prose: p.say(explainText, string(e.Code), e.Summary.In(p.lang), string(e.Kind),
			fault.HTTPStatus(e.Kind), fault.ExitCode(e.Kind), e.Cure.In(p.lang)),
	})
}

var shortCode = regexp.MustCompile(`^(?:RF-?)?([A-Z]{3})-?([0-9]{1,3})$`)

// fullCode returns the code that somebody means who writes rf-cfg-3 or cfg003.
func fullCode(s string) string {
	s = strings.ToUpper(s)
	m := shortCode.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	return fmt.Sprintf("RF-%s-%03s", m[1], m[2])
}
