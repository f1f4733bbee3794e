package main

import (
	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/config"
)

func (p *program) configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: p.say(checkShort),
		Long:  p.say(checkLong),
		Args:  between(0, 0),
		RunE:  func(*cobra.Command, []string) error { return p.configCheck() },
	}
}

func (p *program) configCheck() error {
	layers, err := config.Read(p.options())
	if err != nil {
		return err
	}
	if _, err := layers.Config(); err != nil {
		return err
	}
	text := p.say(checkOK, layers.File())
	if layers.File() == "" {
		text = p.say(checkNoFile)
	}
	return p.print(result{
		columns: []column{{"ok", message{}}, {"file", message{}}},
		rows:    [][]any{{true, layers.File()}},
		single:  true,
		prose:   text,
	})
}
