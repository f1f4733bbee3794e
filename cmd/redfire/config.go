package main

import (
	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/config"
)

func (p *program) configCommand() *cobra.Command {
	c := p.group("config", configShort)
	c.AddCommand(
		p.configInitCommand(),
		p.configCheckCommand(),
		p.configExplainCommand(),
		p.configSchemaCommand(),
	)
	return c
}

// options returns where the settings come from, as the command line says.
func (p *program) options() *config.Options {
	return &config.Options{File: p.config, Env: p.env}
}

// settings returns the settings and where they come from. They are read once, so
// that all of a command goes by the same.
func (p *program) settings() (*config.Layers, *config.Config, error) {
	if p.settled != nil {
		return p.layers, p.settled, nil
	}
	layers, err := config.Read(p.options())
	if err != nil {
		return nil, nil, err
	}
	c, err := layers.Config()
	if err != nil {
		return nil, nil, err
	}
	p.layers, p.settled = layers, c
	return layers, c, nil
}

func (p *program) configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: p.say(schemaShort),
		Long:  p.say(schemaLong),
		Args:  between(0, 0),
		RunE: func(*cobra.Command, []string) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = p.stdout.Write(schema)
			return err
		},
	}
}
