package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func (p *program) configInitCommand() *cobra.Command {
	var stack bool
	c := &cobra.Command{
		Use:   "init",
		Short: p.say(initShort),
		Long:  p.say(initLong),
		Args:  between(0, 0),
		RunE:  func(*cobra.Command, []string) error { return p.configInit(stack) },
	}
	c.Flags().BoolVar(&stack, "stack", false, p.say(flagStack))
	return c
}

func (p *program) configInit(stack bool) error {
	path := cmp.Or(p.config, p.variable(config.FileVariable), config.DefaultFile)
	var set map[string]string
	if stack {
		set = config.Stack()
	}
	if err := p.writeConfig(path, set); err != nil {
		return fault.At(fault.Place{File: path}, err)
	}
	return p.print(result{
		columns: []column{{"file", message{}}, {"stack", message{}}},
		rows:    [][]any{{path, stack}},
		single:  true,
		prose:   p.say(initDone, path),
	})
}

// writeConfig makes the file. It leaves none behind that is not whole.
func (p *program) writeConfig(path string, set map[string]string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.ConfigExists.Errorf("the file exists; it was not changed")
	}
	if err != nil {
		return fault.ConfigUnwritable.Errorf("write: %w", fault.WithoutPath(err))
	}
	err = errors.Join(config.WriteFile(f, p.lang, set), f.Sync(), f.Close())
	if err != nil {
		return fault.ConfigUnwritable.Errorf("write: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}
