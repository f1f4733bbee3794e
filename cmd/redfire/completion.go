package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func (p *program) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:                   "completion bash|zsh|fish|powershell",
		Short:                 p.say(completionShort),
		Long:                  p.say(completionLong),
		Args:                  between(1, 1),
		ValidArgs:             shells,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.stdout)
			case "fish":
				return root.GenFishCompletion(p.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(p.stdout)
			}
			return fault.CommandUsage.Errorf("completion: %q is not a shell that is known: bash, zsh, fish, powershell", args[0])
		},
	}
}

// completeSeries completes the symbol of a series, and of bars the interval.
func (p *program) completeSeries(k series.Kind) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return p.stored(c.Context(), k, args), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeResample completes the arguments of commands that make bars: those of
// the series that is read, and an interval.
func (p *program) completeResample(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	of, k := 2, series.Bars
	if c.Parent().Name() == series.Ticks.String() {
		of, k = 1, series.Ticks
	}
	found := usualIntervals
	switch {
	case len(args) < of:
		found = p.stored(c.Context(), k, args)
	case len(args) > of:
		found = nil
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// stored returns the symbols of what is stored, or the intervals of the symbol
// that is named. A store that cannot be opened completes nothing.
func (p *program) stored(ctx context.Context, k series.Kind, args []string) []cobra.Completion {
	p.err = io.Discard // what opening has to say would stand in the command line
	var found []cobra.Completion
	f := series.Filter{Kind: k}
	if len(args) > 0 {
		y, err := market.ParseSymbol(args[0])
		if err != nil || k == series.Ticks || len(args) > 1 {
			return nil
		}
		f.Symbol = y
	}
	err := p.withSeries(ctx, func(o *opened) error {
		all, err := o.all(ctx, f)
		for _, about := range all {
			word := about.Key.Symbol.String()
			if len(args) > 0 {
				word = about.Key.Interval.String()
			}
			found = append(found, word)
		}
		return err
	})
	if err != nil {
		return nil
	}
	return slices.Compact(found)
}
