package main

import (
	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
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
