package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A program is one run of the command.
type program struct {
	in  io.Reader // answers to questions; nobody is asked if it is no terminal
	out io.Writer
	err io.Writer
	env []string

	stdout *bufio.Writer // results; flushed once, at the end
	lang   string        // "en" or "zh"
	format string        // of results: one of formats
	config string        // path of the configuration file
	data   string        // the data folder, "" for that of the configuration
	server string        // the server to talk to, "" for what the configuration says

	tokenFile string // of the server
	colour    bool   // of errors

	layers     *config.Layers // see settings
	settled    *config.Config
	trading    *market.Calendars // see calendars
	configured []string          // the names of those of the configuration

	refused bool // the command was done, but rows were refused
}

// run does what args say and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	p.stdout = bufio.NewWriter(resultWriter{p.out})
	p.prepare(args)
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if flushed := p.stdout.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		p.report(err)
	}
	if err == nil && p.refused {
		return fault.ExitRefused
	}
	return fault.ExitCode(err)
}

// A resultWriter tells by its errors that they are those of the result.
type resultWriter struct{ io.Writer }

func (w resultWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if err != nil {
		return n, fault.CommandNoOutput.Errorf("write the result: %w", err)
	}
	return n, nil
}

// prepare finds out how to speak before the command line is parsed in earnest:
// help texts and the errors of parsing need to know.
func (p *program) prepare(args []string) {
	p.lang = languageOf(p.env)
	p.format = formatTable
	early := pflag.NewFlagSet("early", pflag.ContinueOnError)
	early.ParseErrorsAllowlist.UnknownFlags = true
	early.SetOutput(io.Discard)
	early.Usage = func() {}
	lang := early.String("lang", p.lang, "")
	format := early.StringP("output", "o", p.format, "")
	early.BoolP("help", "h", false, "")
	// What is wrong with the flags is told by the parser in earnest.
	if err := early.Parse(args); err == nil || errors.Is(err, pflag.ErrHelp) {
		if slices.Contains(languages, *lang) {
			p.lang = *lang
		}
		if slices.Contains(formats, *format) {
			p.format = *format
		}
	}
	p.colour = isTerminal(p.err) && p.variable("NO_COLOR") == "" && p.variable("TERM") != "dumb"
}

// isTerminal reports whether a stream of the program is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// variable returns a variable of the environment, "" if it is not set.
func (p *program) variable(name string) string { return lookup(p.env, name) }

func lookup(env []string, name string) string {
	for _, pair := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

var languages = []string{"en", "zh"}

// languageOf returns the language that the environment asks for. A value that
// names neither language is passed over only if it is empty, as POSIX has it.
func languageOf(env []string) string {
	for _, name := range []string{"REDFIRE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := lookup(env, name); value != "" {
			if strings.HasPrefix(strings.ToLower(value), "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}

// rootCommand returns the command with all that stand below it.
func (p *program) rootCommand() *cobra.Command {
	root := p.group("redfire", rootShort)
	root.Long = p.say(rootLong)
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(p.helpCommand())
	root.SetUsageTemplate(p.usageTemplate())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return p.flagError(c, err) })
	flags := root.PersistentFlags()
	flags.BoolP("help", "h", false, p.say(flagHelp))
	flags.StringVar(&p.config, "config", "", p.say(flagConfig))
	flags.VarP(&choice{&p.format, formats}, "output", "o", p.say(flagOutput))
	flags.Var(&choice{&p.lang, languages}, "lang", p.say(flagLang))
	// The messages name the defaults, in the language of the program.
	flags.VisitAll(func(f *pflag.Flag) { f.DefValue = "" })
	p.completeChoice(root, "output", formats)
	p.completeChoice(root, "lang", languages)
	root.AddCommand(
		p.barsCommand(),
		p.ticksCommand(),
		p.sqlCommand(),
		p.serveCommand(),
		p.demoCommand(),
		p.calendarCommand(),
		p.tokenCommand(),
		p.configCommand(),
		p.explainCommand(),
		p.versionCommand(),
		p.completionCommand(),
	)
	return root
}

func (p *program) completeChoice(c *cobra.Command, flag string, values []string) {
	err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag was defined just above
	}
}

// group returns a command that only holds others.
func (p *program) group(use string, short message) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: p.say(short),

		SuggestionsMinimumDistance: 2,

		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return p.unknownCommand(c, args[0])
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
}

func (p *program) unknownCommand(c *cobra.Command, name string) error {
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return fault.CommandUsage.Errorf("%s: there is no command %q; did you mean %q?", c.CommandPath(), name, near[0])
	}
	return fault.CommandUsage.Errorf("%s: there is no command %q", c.CommandPath(), name)
}

// helpCommand returns "redfire help", which many type before they try --help.
func (p *program) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "help [COMMAND]",
		Short:  p.say(flagHelp),
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return p.unknownCommand(c.Root(), strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

func (p *program) flagError(c *cobra.Command, err error) error {
	return fault.CommandUsage.Errorf("%s: %w", c.CommandPath(), err)
}

// between returns the check that a command gets from least to most arguments.
func between(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fault.CommandUsage.Errorf("%s: an argument is missing: %s", c.CommandPath(), c.UseLine())
		case len(args) > most:
			return fault.CommandUsage.Errorf("%s: %q is one argument too many: %s", c.CommandPath(), args[most], c.UseLine())
		}
		return nil
	}
}

// A choice is the value of a flag that takes one of a few words.
type choice struct {
	value *string
	words []string
}

// Set takes one of the words.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("choose one of %s", strings.Join(c.words, ", "))
	}
	*c.value = s
	return nil
}

// String returns the word that is chosen.
func (c *choice) String() string { return *c.value }

// Type returns what the help shows behind the flag's name.
func (c *choice) Type() string { return strings.Join(c.words, "|") }
