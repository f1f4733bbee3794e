package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/series"
)

func (p *program) barsCommand() *cobra.Command {
	c := p.seriesGroup("bars", barsShort, barsLong)
	c.AddCommand(p.seriesCommands(series.Bars)...)
	c.AddCommand(p.barsResampleCommand(), p.gapsCommand(), p.coverageCommand())
	return c
}

func (p *program) ticksCommand() *cobra.Command {
	c := p.seriesGroup("ticks", ticksShort, ticksLong)
	c.AddCommand(p.seriesCommands(series.Ticks)...)
	c.AddCommand(p.ticksBarsCommand())
	return c
}

func (p *program) seriesGroup(use string, short, long message) *cobra.Command {
	c := p.group(use, short)
	c.Long = p.say(long)
	c.PersistentFlags().Var(&given{&p.data, "DIR"}, "data", p.say(flagData))
	if err := c.MarkPersistentFlagDirname("data"); err != nil {
		panic(err) // the flag was defined just above
	}
	c.PersistentFlags().Var(&given{&p.server, "URL"}, "server", p.say(flagServer))
	c.PersistentFlags().Var(&given{&p.tokenFile, "FILE"}, "token-file", p.say(flagTokenFile))
	p.completeNothing(c, "server")
	return c
}

// seriesCommands returns what bars and ticks have alike.
func (p *program) seriesCommands(k series.Kind) []*cobra.Command {
	return []*cobra.Command{
		p.importCommand(k),
		p.exportCommand(k),
		p.lsCommand(k),
		p.getCommand(k),
		p.rmCommand(k),
		p.profileCommand(k),
		p.verifyCommand(),
		p.backupCommand(),
		p.restoreCommand(),
		p.salvageCommand(),
	}
}

// given is the value of a flag that is not empty where it is given: an empty one
// comes from a variable of a script that was not set.
type given struct {
	value *string
	name  string // of the type
}

// Set takes a text.
func (g *given) Set(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	*g.value = s
	return nil
}

// String returns the text.
func (g *given) String() string { return *g.value }

// Type returns what the help shows behind the flag's name.
func (g *given) Type() string { return g.name }

// repeated is the value of a flag that may be given several times.
type repeated struct {
	values *[]string
	name   string // of the type
}

// Set takes one text more.
func (r *repeated) Set(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	*r.values = append(*r.values, s)
	return nil
}

// String returns nothing: what the help shows as the default.
func (r *repeated) String() string { return "" }

// Type returns what the help shows behind the flag's name.
func (r *repeated) Type() string { return r.name }
