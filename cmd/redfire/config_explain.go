package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func (p *program) configExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain [KEY]",
		Short:   p.say(configExplainShort),
		Long:    p.say(configExplainLong),
		Example: "  redfire config explain sql.main.url",
		Args:    between(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.configExplain(strings.Join(args, ""))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return p.completeKeys()
		},
	}
}

func (p *program) configExplain(key string) error {
	layers, err := config.Read(p.options())
	if err != nil {
		return err
	}
	all, err := layers.Explain(key)
	if err != nil {
		return err
	}
	r := result{columns: []column{
		{"key", colKey}, {"value", colValue}, {"origin", message{}}, {"from", colOrigin},
		{"overrode", message{}}, {"type", message{}}, {"default", message{}}, {"variable", message{}},
		{"description", message{}}, {"used", message{}},
	}}
	for _, e := range all {
		r.rows = append(r.rows, p.explanationRow(e))
	}
	if r.single = len(all) == 1 && all[0].Path == key; r.single {
		r.prose = p.explanation(all[0])
	}
	return p.print(r)
}

// override is the JSON form of a value that does not count.
type override struct {
	Value  string      `json:"value"`
	Origin fault.Place `json:"origin"`
}

func (p *program) explanationRow(e config.Explanation) []any {
	overrode := []override{}
	for _, o := range e.Overrode {
		overrode = append(overrode, override(o))
	}
	return []any{e.Path, e.Value, e.Origin, p.origin(e.Origin), overrode, string(e.Type), e.Default, e.Variable, e.Doc.In(p.lang), !e.Unused}
}

// origin says where a value comes from.
func (p *program) origin(at fault.Place) string {
	return cmp.Or(at.String(), p.say(originDefault))
}

// explanation is what people read about one key.
func (p *program) explanation(e config.Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s = %s\n", e.Path, p.shown(e.Value))
	line := func(label message, text string) {
		fmt.Fprintf(&b, "  %s%s\n", p.say(label), text)
	}
	line(labelFrom, p.origin(e.Origin))
	for _, o := range e.Overrode {
		if o.Value == "" && o.Origin == (fault.Place{}) {
			continue // nothing is lost where the default is to have none
		}
		line(labelOverrode, fmt.Sprintf("%s (%s)", p.shown(o.Value), p.origin(o.Origin)))
	}
	line(labelType, p.typeText(e.Key))
	line(labelVariable, e.Variable)
	for text := range strings.SplitSeq(e.Doc.In(p.lang), "\n") {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	if e.Unused {
		fmt.Fprintf(&b, "  %s\n", p.say(notUsedYet))
	}
	return b.String()
}

func (p *program) shown(value string) string { return cmp.Or(value, p.say(valueNone)) }

func (p *program) typeText(k config.Key) string {
	text := k.Type.In(p.lang)
	if k.Min != "" {
		text += ", >= " + k.Min
	}
	if k.Max != "" {
		text += ", <= " + k.Max
	}
	if len(k.Schemes) > 0 {
		text += " (" + strings.Join(k.Schemes, ", ") + ")"
	}
	return text
}

func (p *program) completeKeys() ([]cobra.Completion, cobra.ShellCompDirective) {
	layers, err := config.Read(p.options())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, err := layers.Explain("")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var keys []cobra.Completion
	for _, e := range all {
		keys = append(keys, e.Path)
	}
	return keys, cobra.ShellCompDirectiveNoFileComp
}
