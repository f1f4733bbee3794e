package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/tokens"
)

func (p *program) tokenCommand() *cobra.Command {
	c := p.group("token", tokenShort)
	c.Long = p.say(tokenLong)
	c.PersistentFlags().Var(&given{&p.data, "DIR"}, "data", p.say(flagData))
	if err := c.MarkPersistentFlagDirname("data"); err != nil {
		panic(err) // the flag was defined just above
	}
	c.AddCommand(p.tokenNewCommand(), p.tokenLsCommand(), p.tokenRevokeCommand())
	return c
}

// tokensPath returns the file of the tokens: that of the configuration, or one in
// the data folder.
func (p *program) tokensPath() (string, error) {
	_, settled, err := p.settings()
	if err != nil {
		return "", err
	}
	c := *settled
	if p.data != "" {
		c.Data = config.Path(p.data)
	}
	if c.Server.Tokens == "" {
		err = wantFolder(string(c.Data))
	}
	return tokensFile(&c), err
}

func tokensFile(c *config.Config) string {
	if c.Server.Tokens != "" {
		return string(c.Server.Tokens)
	}
	return filepath.Join(string(c.Data), "tokens")
}

func (p *program) tokenNewCommand() *cobra.Command {
	var roles []string
	for _, r := range tokens.Roles() {
		roles = append(roles, string(r))
	}
	role := ""
	c := &cobra.Command{
		Use:     "new NAME --role reader|writer",
		Short:   p.say(tokenNewShort),
		Long:    p.say(tokenNewLong),
		Example: "  TOKEN=$(redfire token new bot --role reader)\n  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8600/v1/symbols",
		Args:    between(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if role == "" {
				return fault.CommandUsage.Errorf("%s: say the role with --role: %s", c.CommandPath(), c.UseLine())
			}
			return p.tokenNew(c.Context(), args[0], tokens.Role(role))
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.Flags().Var(&choice{&role, roles}, "role", p.say(flagRole))
	p.completeChoice(c, "role", roles)
	return c
}

func (p *program) tokenNew(ctx context.Context, name string, role tokens.Role) error {
	path, err := p.tokensPath()
	if err != nil {
		return err
	}
	token, err := tokens.Open(path).New(ctx, name, role)
	if err != nil {
		return err
	}
	p.note(tokenOnce, path)
	return p.print(result{
		columns: []column{{"name", message{}}, {"role", message{}}, {"token", message{}}},
		rows:    [][]any{{name, string(role), token}},
		single:  true,
		prose:   token,
	})
}

func (p *program) tokenLsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: p.say(tokenLsShort),
		Args:  between(0, 0),
		RunE:  func(*cobra.Command, []string) error { return p.tokenLs() },
	}
}

func (p *program) tokenLs() error {
	path, err := p.tokensPath()
	if err != nil {
		return err
	}
	all, err := tokens.Open(path).List()
	if err != nil {
		return err
	}
	r := result{columns: []column{{"name", colName}, {"role", colRole}, {"created", colCreated}}}
	for _, e := range all {
		r.rows = append(r.rows, []any{e.Name, string(e.Role), e.Created.Format(time.RFC3339)})
	}
	return p.print(r)
}

func (p *program) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: p.say(tokenRevokeShort),
		Args:  between(1, 1),
		RunE:  func(c *cobra.Command, args []string) error { return p.tokenRevoke(c.Context(), args[0]) },

		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return p.tokenNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// tokenNames completes the name of a token.
func (p *program) tokenNames() []string {
	path, err := p.tokensPath()
	if err != nil {
		return nil
	}
	all, err := tokens.Open(path).List()
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
	}
	return names
}

func (p *program) tokenRevoke(ctx context.Context, name string) error {
	path, err := p.tokensPath()
	if err != nil {
		return err
	}
	if err := tokens.Open(path).Revoke(ctx, name); err != nil {
		return err
	}
	return p.print(result{
		columns: []column{{"name", message{}}, {"revoked", message{}}},
		rows:    [][]any{{name, true}},
		single:  true,
		prose:   p.say(tokenRevoked, name),
	})
}
