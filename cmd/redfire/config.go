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
